/** What costs money, on the port: a run, a real client and a little server. */
import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { MAX_AGE } from '../../../nodes/ITeraBiz/account/dailyBudget.ts';
import { create } from '../../../nodes/ITeraBiz/operations/create.ts';
import { resources } from '../../../nodes/ITeraBiz/resources/index.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import { type Asked, type Reply, useLittleApi } from '../../shared/littleApi.mts';
import { reconcileQuickly } from '../../shared/quickly.mts';
import { until } from '../../shared/until.mts';

reconcileQuickly();

const api = useLittleApi();

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

/** What the description says of an operation's request. */
function templateOf(resource: string, value: string) {
  const { operations } = resources.find((one) => one.value === resource)!;
  const { request, fields } = operations.find((one) => one.value === value)!;
  return { doing: `${value} the ${resource}`, url: request.url, fields };
}

const TEMPLATES = {
  video: templateOf('video', 'create'),
  content: templateOf('content', 'generate'),
  avatar: templateOf('avatar', 'create'),
};

interface Given extends Partial<FakeRunOptions> {
  scripts?: string[];
  /** What a submission is answered */
  answer?: (asked: Asked) => Reply | Promise<Reply>;
  /** The account's videos, or the whole answer to a request for them */
  listed?: IDataObject[];
  list?: Reply | (() => Reply);
  options?: IDataObject;
  of?: keyof typeof TEMPLATES;
}

const AVATARS = { body: { data: [{ id: 'avatar_1' }], has_more: false } };

const accepted = ({ body }: Asked): Reply => ({
  status: 201,
  body: { id: `video_${String(body?.script ?? body?.prompt ?? body?.name)}`, status: 'queued' },
});
const breaks = (): Reply => 'break';
const busy = (): Reply => ({ status: 503, headers: { 'retry-after': '0' } });
const refused = (): Reply => ({ status: 400, body: { error: { message: 'script is bad' } } });

/** One run, and what became of it. */
function running({
  scripts = ['Hi'],
  answer = accepted,
  listed = [],
  list = { body: { data: listed, has_more: false } },
  options = {},
  of = 'video',
  ...more
}: Given = {}) {
  api.reply = async (asked) => {
    if (asked.method !== 'GET') return await answer(asked);
    if (asked.path === '/avatars' && of !== 'avatar') return AVATARS;
    return typeof list === 'function' ? list() : list;
  };
  const values = { avatarId: 'avatar_1', language: 'en-US', duration: 30, options };
  const avatar = { imageUrl: 'https://example.com/a.jpg', voiceId: 'voice_1' };
  const { run, account, ...record } = fakeRun({
    api,
    items: scripts.map((script) => ({ script })),
    parameters: (_, { script }) => ({ ...values, ...avatar, script, prompt: script, name: script }),
    ...more,
  });
  const before = api.asked.length;
  const output = create(run, TEMPLATES[of]).then((items) => items.map(({ json }) => json));
  output.catch(() => undefined);
  return {
    ...{ run, account, output, memory: run.memory },
    ...record,
    get posts() {
      return api.asked.slice(before).filter(({ method }) => method === 'POST');
    },
    get looks() {
      return api.asked.slice(before).filter(({ method }) => method === 'GET');
    },
  };
}

type Failure = Error & { description: string; httpCode: string | null; context: IDataObject };

async function errorOf({ output }: { output: Promise<unknown> }): Promise<Failure> {
  return (await output.then(
    () => Promise.reject(new Error('It went well')),
    (error: unknown) => error,
  )) as Failure;
}

const entriesOf = (memory: IContextObject) =>
  (memory.submissions as { entries: Record<string, IDataObject> }).entries;

describe('A row', () => {
  test('is sent once, with a key of its own, and gives out what the API answers', async () => {
    const place = running({ scripts: ['a', ' b '] });
    expect(await place.output).toEqual([
      { id: 'video_a', status: 'queued' },
      { id: 'video_b', status: 'queued' },
    ]);
    expect(place.posts.map(({ path, body }) => [path, body])).toEqual(
      ['a', 'b'].map((script) => [
        '/videos',
        { avatar_id: 'avatar_1', script, language: 'en-US', duration: 30 },
      ]),
    );
    const keys = place.posts.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual(Array(2).fill(expect.stringMatching(/^[0-9a-f]{32}$/)));
    expect(new Set(keys).size).toBe(2);
  });

  test('is on record before it is sent, since anything may happen then', async () => {
    const memory: IContextObject = {};
    const states: unknown[] = [];
    const { output } = running({
      memory,
      answer: (asked) => {
        states.push(...Object.values(entriesOf(memory)));
        return accepted(asked);
      },
    });
    await output;
    expect(states).toMatchObject([{ state: 'sent', at: expect.any(Number) }]);
  });

  test('is on record by the run of the node, its item and what is sent', async () => {
    const { memory, output } = running({ index: 4 });
    await output;
    expect(Object.keys(entriesOf(memory))).toEqual([expect.stringMatching(/^4\/0\/[0-9a-f]{32}$/)]);
  });

  test('that was accepted before is answered from the record, also where the user resubmits doubts', async () => {
    const account = new Account('one');
    const { memory, output } = running({ account });
    await output;
    for (const options of [{}, { resubmitUnknown: true }]) {
      const again = running({ memory, account, answer: breaks, options });
      expect(await again.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
      expect(again.posts).toEqual([]);
    }
  });

  test('is another one in another run of the node (a loop), and in another account', async () => {
    const account = new Account('one');
    const { memory, output } = running({ account });
    await output;
    const nextRun = running({ memory, account, index: 1 });
    await nextRun.output;
    expect(nextRun.posts).toHaveLength(1);
    const other = new Account('two', 'https://other.example/v1');
    const elsewhere = running({ memory, account: other });
    await elsewhere.output;
    expect(elsewhere.posts).toHaveLength(1);
  });

  test('that is refused for a while is sent again, under another key each time', async () => {
    const answers = [busy, busy, accepted];
    const place = running({ answer: (asked) => answers.shift()!(asked) });
    await place.output;
    const keys = place.posts.map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([3, 3]);
  });

  test.each([
    ['refused for good', refused],
    [
      'refused for a while, for too long',
      (): Reply => ({ status: 429, headers: { 'retry-after': '9999' } }),
    ],
  ])('that was %s may be sent anew later', async (_, answer) => {
    const { memory, output, account } = running({ answer });
    await expect(output).rejects.toThrow();
    const later = running({ memory });
    await later.output;
    expect([later.posts.length, account.jobs.sending.size]).toEqual([1, 0]);
  });

  test('that failed before it left may be sent anew later', async () => {
    const account = new Account('one');
    const cut = running({ account, api: () => new UserError('no credential') });
    await expect(cut.output).rejects.toThrow('no credential');
    expect(Object.keys(entriesOf(cut.memory))).toEqual([]);
    const later = running({ memory: cut.memory, account });
    await later.output;
    expect(later.posts).toHaveLength(1);
  });
});

describe('A row of unknown outcome', () => {
  const EARLIER =
    'Check this one: an earlier try may have been accepted already, so the request to create the video was not sent again';

  test.each<[string, () => Reply, RegExp, string | null]>([
    ['without an answer', breaks, /^The connection broke off before iTeraBiz answered\. /, null],
    [
      'with a fault on their side',
      () => ({ status: 502 }),
      /^iTeraBiz answered with a fault on its side \(status 502/,
      '502',
    ],
  ])('%s is never sent again by itself', async (_, answer, cause, httpCode) => {
    const account = new Account('one');
    const place = running({ answer, account });
    expect(await errorOf(place)).toMatchObject({
      message:
        'Check this one: it is unclear whether iTeraBiz accepted the request to create the video',
      description: expect.stringMatching(cause),
      httpCode,
      context: { itemIndex: 0 },
    });
    expect(place.posts).toHaveLength(1);

    const again = running({ memory: place.memory, account });
    expect(await errorOf(again)).toMatchObject({
      message: EARLIER,
      description: expect.stringMatching(
        /^Sending it again could charge you twice\. This node looked once through/,
      ),
    });
    expect(again.posts).toEqual([]);
  });

  test('is told apart, for the nodes that follow', async () => {
    const { output } = running({ answer: breaks, onError: 'continueRegularOutput' });
    expect(await output).toMatchObject([
      { error: expect.stringMatching(/^Check this one/), details: { reason: 'unknown' } },
    ]);
  });

  test.each(['{"script": "a < b', 'x<', '', null, ['<p>'], []])(
    'accepted with an answer like %j is not sent again either',
    async (body) => {
      const account = new Account('one');
      const place = running({ account, answer: () => ({ status: 201, body }) });
      expect(await errorOf(place)).toMatchObject({
        message:
          'Check this one: iTeraBiz accepted the request to create the video, but its answer cannot be read',
        description: expect.stringMatching(/^The answer \(status 201\) was cut off/),
        httpCode: '201',
      });
      const again = running({ memory: place.memory, account });
      expect((await errorOf(again)).message).toBe(EARLIER);
      expect(again.posts).toEqual([]);
    },
  );

  test.each([
    ['<html><title>Hi</title></html>', ' and is called: Hi. If'],
    [' \n<!doctype html>', 'The page came with status 201. If'],
  ])('the web page %j is called one, and may stand at a wrong Base URL', async (body, words) => {
    expect(await errorOf(running({ answer: () => ({ status: 201, body }) }))).toMatchObject({
      message: 'Check this one: a web page answered the request to create the video, not iTeraBiz',
      description: expect.stringContaining(words),
    });
  });

  test.each([
    ['video', 'or run Video: Get Many in a few minutes'],
    ['content', 'or run Video: Get Many in a few minutes'],
    ['avatar', 'or run Avatar: Get Many in a few minutes'],
  ] as const)('says which list to look in: %s', async (of, words) => {
    expect((await errorOf(running({ of, answer: breaks }))).description).toContain(words);
  });

  test('is sent again where the user chose so, under the same key', async () => {
    const account = new Account('one');
    const place = running({ answer: breaks, account });
    await expect(place.output).rejects.toThrow();
    const options = { resubmitUnknown: true };
    const again = running({ memory: place.memory, account, options });
    expect(await again.output).toMatchObject([{ id: 'video_Hi' }]);
    const keys = [place, again].map(({ posts }) => posts[0].headers['idempotency-key']);
    expect(keys[0]).toBe(keys[1]);
  });

  test('stays one when a second sending is refused: that takes nothing back of the doubt', async () => {
    const account = new Account('one');
    const { memory, output } = running({ answer: breaks, account });
    await expect(output).rejects.toThrow('Check this one');
    const options = { resubmitUnknown: true };
    for (const answer of [
      refused,
      (): Reply => ({ status: 429, headers: { 'retry-after': '0' } }),
    ]) {
      const second = running({ memory, account, options, answer });
      await expect(second.output).rejects.toThrow(/create the video|field/);
    }
    const third = running({ memory, account });
    expect((await errorOf(third)).message).toBe(EARLIER);
    expect(third.posts).toEqual([]);
  });

  test('stays one when a second sending fails before it left', async () => {
    const account = new Account('one');
    const { memory, output } = running({ answer: breaks, account });
    await expect(output).rejects.toThrow('Check this one');
    const listed = { statusCode: 200, headers: {}, body: { data: [], has_more: false } };
    const cut = running({
      ...{ memory, account, options: { resubmitUnknown: true } },
      api: ({ method }) => (method === 'GET' ? listed : new UserError('no credential')),
    });
    await expect(cut.output).rejects.toThrow('no credential');
    expect((await errorOf(running({ memory, account }))).message).toBe(EARLIER);
  });

  test('says what was looked for, since when and until when, and what to do', async () => {
    const time = String.raw`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect((await errorOf(running({ answer: breaks }))).description).toMatch(
      new RegExp(
        ` This node looked \\d times through the list of your account for one made since ${time} with the same script and values, the last time at ${time}, and found none\\. Look in your iTeraBiz dashboard, or run Video: Get Many in a few minutes\\. If it is there, use its ID; if not, turn on "Resubmit if Unsure" in the options and run this item again\\.$`,
      ),
    );
  });

  test('says so where the list could not be read', async () => {
    const place = running({ answer: breaks, list: { status: 500 } });
    expect((await errorOf(place)).description).toMatch(
      / This node could not look for one made since 20.* UTC with the same script and values \(.+\)\. Look in your iTeraBiz dashboard/,
    );
  });

  test('of a time that is not known, as older versions left it, is left to the user', async () => {
    const account = new Account('one');
    const { memory, output } = running({ answer: breaks, account });
    await expect(output).rejects.toThrow();
    Object.values(entriesOf(memory)).forEach((entry) => delete entry.at);
    const listed = [{ id: 'x', script: 'Hi', created_at: new Date().toISOString() }];
    const again = running({ memory, account, listed });
    expect((await errorOf(again)).description).toMatch(
      /^Sending it again could charge you twice\. Look in your iTeraBiz dashboard, or run Video: Get Many, for one made at this time with these values\. /,
    );
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('five in a row stop the rest, which is not sent; a refusal in between is an answer', async () => {
    const scripts = [...'abcdefgh'];
    const place = running({ scripts, concurrency: 1, answer: breaks });
    const { description } = await errorOf(place);
    expect(place.posts).toHaveLength(5);
    expect(description).toContain('\nItems 6–8: not sent.');

    let count = 0;
    const answer = () => (++count % 5 === 0 ? refused() : 'break');
    const other = running({ scripts, concurrency: 1, answer });
    await errorOf(other);
    expect(other.posts).toHaveLength(8);
  });
});

describe('A job that the list shows', () => {
  let jobs = 0;

  /** As the list shows it; no other test knows its ID. */
  const shown = (more: IDataObject = {}): IDataObject => ({
    id: `listed_${++jobs}`,
    script: 'Hi',
    created_at: new Date().toISOString(),
    ...more,
  });

  test('is gone on with, and is on record from then on', async () => {
    const account = new Account('one');
    const job = shown();
    const place = running({ answer: breaks, listed: [job], account });
    expect(await place.output).toEqual([job]);
    const again = running({ memory: place.memory, account, answer: breaks });
    expect(await again.output).toEqual([job]);
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('goes to one item only, of whatever execution', async () => {
    const account = new Account('one');
    const [one, other] = [shown(), shown()];
    const listed = [one, other];
    const places = [1, 2].map(() => running({ answer: breaks, listed, account }));
    const ids = (await Promise.all(places.map(({ output }) => output))).flat().map(({ id }) => id);
    expect(ids.sort()).toEqual([one.id, other.id].sort());
    const third = running({ answer: breaks, listed, account });
    expect((await errorOf(third)).message).toMatch(/^Check this one/);
  });

  test('is not taken from an execution that was told it is its own', async () => {
    const account = new Account('one');
    const job = shown();
    await running({ account, answer: () => ({ status: 201, body: job }) }).output;
    const other = running({ account, answer: breaks, listed: [job] });
    expect((await errorOf(other)).message).toMatch(/^Check this one/);
  });

  test("is not taken where another row's record has it, also after n8n was started anew", async () => {
    const job = shown();
    const { memory, output } = running({ answer: () => ({ status: 201, body: job }) });
    await output;
    const restarted = running({ memory, index: 1, answer: breaks, listed: [job] });
    expect((await errorOf(restarted)).message).toMatch(/^Check this one/);
    // Nothing is known of it elsewhere.
    expect(await running({ answer: breaks, listed: [job] }).output).toEqual([job]);
  });

  test('is not taken while a submission is on its way that may have made it', async () => {
    const account = new Account('one');
    const job = shown();
    let answerFirst: (reply: Reply) => void = () => undefined;
    const first = running({
      account,
      answer: () => new Promise<Reply>((resolve) => (answerFirst = resolve)),
    });
    while (account.jobs.sending.size === 0) await new Promise(setImmediate);
    while (first.posts.length === 0) await new Promise(setImmediate);
    const second = running({ account, answer: breaks, listed: [job] });
    expect((await errorOf(second)).message).toMatch(/^Check this one/);
    answerFirst({ status: 201, body: job });
    expect(await first.output).toEqual([job]);
  });

  test('an accepted job without an ID is one to check, and takes nothing away from others', async () => {
    const account = new Account('one');
    const answer = () => ({ status: 201, body: { ok: true } });
    expect((await errorOf(running({ account, answer }))).message).toMatch(/^Check this one/);
    const job = shown();
    expect(await running({ account, answer: breaks, listed: [job] }).output).toEqual([job]);
  });

  test('settles a doubt of an earlier try, and nothing is sent', async () => {
    const account = new Account('one');
    const { memory, output } = running({ answer: breaks, account });
    await expect(output).rejects.toThrow('Check this one');
    const job = shown();
    const again = running({ memory, account, listed: [job] });
    expect(await again.output).toEqual([job]);
    expect([again.posts.length, again.looks.length]).toEqual([0, 1]);
  });
});

describe('Where what exists is to be used', () => {
  const options = { whenVideoExists: 'reuse' };
  const there = {
    id: 'there_1',
    script: 'Hi',
    status: 'completed',
    created_at: new Date(Date.now() - 60_000).toISOString(),
  };

  test('a job that is there is used, on record, and marked as there already', async () => {
    const place = running({ options, listed: [there] });
    expect(await place.output).toEqual([{ ...there, _iteraBizReused: true }]);
    expect(place.posts).toEqual([]);
    expect(Object.values(entriesOf(place.memory))).toMatchObject([
      { state: 'accepted', answer: there, reused: true },
    ]);
  });

  test.each([[[there]], [[]]])('a retry knows whether it was there already: %j', async (listed) => {
    const account = new Account('one');
    const { memory, output } = running({ options, listed, account });
    await output;
    const again = running({ options, memory, account, answer: breaks });
    expect(await again.output).toMatchObject([{ _iteraBizReused: listed.length > 0 }]);
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('what is not there is ordered, under a key that all have who want the same', async () => {
    const places = [1, 2].map(() => running({ options }));
    expect((await Promise.all(places.map(({ output }) => output)))[0]).toMatchObject([
      { _iteraBizReused: false },
    ]);
    const keys = api.by('POST').map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  test('two equal rows need a job each, and get keys of their own', async () => {
    const place = running({ options, scripts: ['Hi', 'Hi', 'Hi'], listed: [there] });
    expect((await place.output).map(({ _iteraBizReused }) => _iteraBizReused)).toEqual([
      true,
      false,
      false,
    ]);
    expect(new Set(place.posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  test.each<[string, Reply]>([
    ['says too little', { body: { data: [{ ...there, script: null }], has_more: false } }],
    ['cannot be read', { status: 403 }],
    ['goes in circles', { body: { data: [{ id: 'a', script: 'x' }], has_more: true } }],
  ])('nothing is sent where the list %s', async (_, list) => {
    const place = running({ options, list });
    await errorOf(place);
    expect(place.posts).toEqual([]);
  });

  test('one that failed is no question, however little the list says of it', async () => {
    const place = running({ options, listed: [{ ...there, script: null, status: 'failed' }] });
    expect(await place.output).toMatchObject([{ _iteraBizReused: false }]);
  });

  test('a job that this process made, and that failed since, is not used', async () => {
    const account = new Account('one');
    await running({ options, account }).output;
    const listed = [{ ...there, id: 'video_Hi', status: 'failed' }];
    const again = running({ options, account, listed });
    expect(await again.output).toMatchObject([{ _iteraBizReused: false }]);
    expect(again.posts).toHaveLength(1);
  });

  test('nothing is marked where the user did not choose so, and no list is read', async () => {
    const place = running({ listed: [there] });
    expect(await place.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    expect(place.looks).toEqual([]);
  });
});

describe('Before anything is sent', () => {
  test('all rows are checked: one that is invalid stops all, and every bad one is named', async () => {
    const place = running({ scripts: ['a', ' ', 'b', ''] });
    const error = await errorOf(place);
    expect(error).toMatchObject({ message: '"Script" is empty', context: { itemIndex: 1 } });
    expect(error.description).toContain('\nItem 4: "Script" is empty.');
    expect(place.posts).toEqual([]);
  });

  test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
    'the others are sent where the node goes on: %s',
    async (onError) => {
      const place = running({ scripts: ['a', ' ', 'b'], onError });
      const output = await place.output;
      expect(output.map(({ id, error }) => id ?? error)).toEqual([
        'video_a',
        expect.stringMatching(/^"Script" is empty\. /),
        'video_b',
      ]);
      expect(output[1]).toHaveProperty('error');
      expect(place.posts).toHaveLength(2);
    },
  );

  test.each<[IDataObject, string]>([
    [
      { maxVideos: 2 },
      'This would order 3 videos, 90 seconds in all, but "Max Videos" allows only 2',
    ],
    [{ maxSeconds: '89' }, '"Max Seconds" allows only 89'],
  ])('a ceiling is kept by the whole run: %j', async (options, words) => {
    const place = running({ scripts: ['a', 'b', 'c'], options });
    expect(await errorOf(place)).toMatchObject({
      message: expect.stringContaining(words),
      description: expect.stringMatching(/^Nothing was sent to iTeraBiz/),
      context: { itemIndex: 0 },
    });
    expect(place.posts).toEqual([]);
  });

  test('a node that stops asks nothing either, also where an earlier try left a doubt', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a'], answer: breaks });
    await errorOf(first);
    const again = running({ account, memory: first.memory, scripts: ['a', ' '] });
    expect((await errorOf(again)).message).toBe('"Script" is empty');
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('a ceiling counts what would be sent: not what was accepted before, nor what is there', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a', 'b'], options: { maxVideos: 2 } });
    await first.output;
    const again = running({
      ...{ account, memory: first.memory },
      ...{ scripts: ['a', 'b', 'c', 'd'], options: { maxVideos: 2 } },
    });
    expect(await again.output).toHaveLength(4);
    expect(again.posts).toHaveLength(2);
  });

  test('where the node goes on, each row says that its run orders too much, and nothing is sent', async () => {
    const place = running({
      scripts: ['a', 'b'],
      options: { maxVideos: 1 },
      onError: 'continueRegularOutput',
    });
    expect(await place.output).toMatchObject(
      ['', 'notSent'].map((reason) => ({
        error: expect.stringMatching(/^This would order 2 videos/),
        ...(reason && { details: { reason } }),
      })),
    );
    expect(place.posts).toEqual([]);
  });

  test('a preview says of each row whether it would be ordered, or why not, and sends nothing', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a'] });
    await first.output;
    const place = running({
      ...{ account, memory: first.memory },
      ...{
        scripts: ['a', ' ', 'b'],
        options: { previewOnly: true },
        onError: 'continueErrorOutput',
      },
    });
    expect(await place.output).toMatchObject([
      { wouldOrder: false, reason: 'It was ordered before, in this execution', videoId: 'video_a' },
      {
        wouldOrder: false,
        reason: expect.stringMatching(/^"Script" is empty/),
        request: { script: ' ' },
      },
      { wouldOrder: true, reason: '1 video, 30 seconds', request: { script: 'b', duration: 30 } },
    ]);
    expect(place.posts).toEqual([]);
    const tooMuch = running({ scripts: ['x', 'y'], options: { previewOnly: true, maxVideos: 1 } });
    expect(await tooMuch.output).toMatchObject([{ wouldOrder: false }, { wouldOrder: false }]);
  });

  test.each([
    ['whenVideoExists', 'use', '"use" is not one of the choices'],
    ['whenVideoExists', null, 'is empty'],
    ['lookBack', 'ten', '"ten" is not a number of days'],
    ['lookBack', 0, 'is not a number of days'],
    ['lookBack', Number.NaN, 'is not a number of days'],
    ['previewOnly', 'maybe', 'is neither on nor off'],
    ['maxVideos', 'many', 'Max Videos'],
  ])('an option that is invalid refuses its row: %s %p', async (name, value, words) => {
    const options = { whenVideoExists: 'reuse', [name]: value } as IDataObject;
    const place = running({ options });
    expect((await errorOf(place)).message).toContain(words);
    expect(api.asked).toEqual([]);
  });
});

describe('What meets one row and would meet all', () => {
  const scripts = ['a', 'b', 'c', 'd'];
  const refuseB = (asked: Asked): Reply =>
    asked.body?.script === 'a' ? accepted(asked) : { status: 401 };

  test('stops the node, which says what was accepted and what was not sent', async () => {
    const place = running({ scripts, concurrency: 1, answer: refuseB });
    const error = await errorOf(place);
    expect(error).toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      httpCode: '401',
      context: { itemIndex: 1 },
    });
    expect(error.description).toContain('\nItems 3–4: not sent.\n');
    expect(error.description).toContain('Ordered and still being made:\nItem 1: video_a.');
    expect(place.posts).toHaveLength(2);
    expect(Object.keys(entriesOf(place.memory))).toHaveLength(1);
  });

  test('is said by each row that was not sent, where the node goes on', async () => {
    const place = running({
      scripts,
      concurrency: 1,
      answer: refuseB,
      onError: 'continueRegularOutput',
    });
    expect((await place.output).map(({ id, details }) => id ?? details)).toEqual([
      'video_a',
      { reason: 'account' },
      { reason: 'notSent' },
      { reason: 'notSent' },
    ]);
    expect(place.posts).toHaveLength(2);
  });

  test('a row that waits for its pause meanwhile is not sent any more', async () => {
    const place = running({ scripts: ['a', 'b'], concurrency: 2, answer: () => ({ status: 401 }) });
    await errorOf(place);
    expect(place.posts.length).toBeLessThanOrEqual(2);
  });
});

test('never more are in flight than the user chose, of all executions of the account together', async () => {
  const account = new Account('one');
  let inFlight = 0;
  let most = 0;
  const answer = async (asked: Asked) => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inFlight -= 1;
    return accepted(asked);
  };
  const scripts = Array.from({ length: 10 }, (_, row) => `${row}`);
  const places = [1, 2, 3].map(() => running({ scripts, account, answer, concurrency: 3 }));
  await Promise.all(places.map(({ output }) => output));
  expect([most, api.by('POST').length]).toEqual([3, 30]);
});

test('an execution that is canceled ends with that, and sends nothing more', async () => {
  const cancel = new AbortController();
  const place = running({
    ...{ scripts: ['a', 'b', 'c'], concurrency: 1, signal: cancel.signal },
    onError: 'continueErrorOutput',
    answer: () => {
      cancel.abort(new Error('canceled'));
      return 'break';
    },
  });
  await expect(place.output).rejects.toThrow('canceled');
  expect(place.posts).toHaveLength(1);
  expect(Object.values(entriesOf(place.memory))).toMatchObject([{ state: 'sent' }]);
  expect(place.account.jobs.sending.size).toBe(0);
});

describe('One that is canceled while two of its rows are on their way', () => {
  const moment = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

  /** The second row is refused then, the first answered a moment later. */
  function canceled(given: Given, late: (asked: Asked) => Reply) {
    const cancel = new AbortController();
    const answer = async (asked: Asked) => {
      if (asked.body?.script === 'a') {
        await moment(100);
        return late(asked);
      }
      cancel.abort(new Error('canceled'));
      return refused();
    };
    return running({ ...given, scripts: ['a', 'b'], signal: cancel.signal, answer });
  }

  test('leaves the job that it was too late for to whoever waits for the same', async () => {
    const account = new Account('one');
    const options = { whenVideoExists: 'reuse' };
    const first = canceled({ account, options }, accepted);
    await until('both are on their way', () => api.by('POST').length === 2, { every: 5 });
    const second = running({ account, options, scripts: ['a'] });
    await expect(first.output).rejects.toThrow('canceled');
    expect(await second.output).toMatchObject([{ id: 'video_a', _iteraBizReused: true }]);
    // It waited, and did not read the list time and again.
    expect(second.looks).toHaveLength(1);
  });

  test('gives back the places in the day of what was refused', async () => {
    const account = new Account('one');
    const limit = { account, maxVideosPerDay: 2 };
    await expect(canceled(limit, refused).output).rejects.toThrow('canceled');
    expect(await running({ ...limit, scripts: ['c', 'd'] }).output).toHaveLength(2);
  });
});

describe('In the middle of a run', () => {
  const { start } = MAX_AGE;
  beforeEach(() => void (MAX_AGE.start = 0));
  afterEach(() => void (MAX_AGE.start = start));

  const others = { id: 'other', created_at: new Date().toISOString() };
  const page = (...data: IDataObject[]) => ({ body: { data, has_more: false } });
  const cases: [string, Reply, RegExp][] = [
    ["that the account's videos can no longer be counted", { status: 403 }, /cannot be checked/],
    ['that others have used up the limit', page(others, { ...others, id: 'o2' }), /was used up by/],
  ];

  test.each(cases)(
    'it is seen %s: the rest is not sent, and the node stops',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      const { message, description } = await errorOf(place);
      expect(message).toMatch(why);
      expect(description).toContain('Item 3: not sent');
      expect(description).toContain('Item 1: video_a');
      expect(place.posts).toHaveLength(1);
    },
  );

  test.each(cases)(
    'it is seen %s: each row says so where the node goes on',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        onError: 'continueErrorOutput',
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      expect((await place.output).map(({ id, error }) => id ?? error)).toEqual([
        'video_a',
        expect.stringMatching(why),
        expect.stringMatching(why),
      ]);
    },
  );
});
