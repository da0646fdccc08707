import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import type { Item } from '../../../nodes/ITeraBiz/run/item.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import type { Message } from '../../../nodes/ITeraBiz/messages/message.ts';
import type { Match } from '../../../nodes/ITeraBiz/orders/reuse.ts';
import { jobName, submit } from '../../../nodes/ITeraBiz/orders/submit.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';

const accepted = () => answered({ id: 'video_1', status: 'queued' }, 201);
const busy = () => answered({}, 503, { 'retry-after': '0' });

/** One for all: what belongs to one item belongs to no other. */
const shared = new Account();

interface More {
  match?: Match;
  halted?: Message;
  account?: Account;
  body?: IDataObject;
  /** What the list answers, where it is none */
  list?: IDataObject;
}

/** A place to submit from, and what goes on from there to the API. */
function placeOf(
  answer: Answering,
  book: IContextObject = {},
  options: IDataObject = {},
  doing = 'create the video',
  listed: IDataObject[] = [],
  { match, halted, account = shared, body = { script: 'Hi' }, list }: More = {},
) {
  const jobs = answered({ data: listed, has_more: false }, 200, { date: new Date().toUTCString() });
  const { context, asked: all } = fakeContext({
    answer: (request) => (request.method === 'GET' ? (list ?? jobs) : answer(request)),
    parameters: { options },
  });
  Object.assign(context, {
    getContext: (of: string) => (of === 'node' ? book : {}),
    evaluateExpression: (expression: string) => (expression === '{{ $runIndex }}' ? 4 : undefined),
  });
  const prepared = {
    method: 'POST' as const,
    url: doing.endsWith('avatar') ? '/avatars' : '/videos',
    headers: { 'X-Mine': '1' },
    body: doing.endsWith('avatar') ? { name: 'Anna' } : body,
  };
  const run = new NodeRun(1, 0, async () => account, 1);
  const item: Item = { context, index: 7, run, prepared };
  run.halted = halted;
  const submitted = submit(item, doing, match);
  return {
    book,
    run,
    submitted,
    /** The submissions */
    get asked() {
      return all.filter(({ method }) => method === 'POST');
    },
    /** The lists that were looked at */
    get looks() {
      return all.filter(({ method }) => method === 'GET');
    },
  };
}

test('sends the prepared request with an idempotency key, and returns the answer', async () => {
  const place = placeOf(accepted);
  const { submitted } = place;
  expect(await submitted).toEqual({ id: 'video_1', status: 'queued' });
  expect(place.asked).toMatchObject([
    {
      method: 'POST',
      url: '/videos',
      body: { script: 'Hi' },
      headers: { 'X-Mine': '1', 'Idempotency-Key': expect.stringMatching(/^[0-9a-f]{32}$/) },
    },
  ]);
});

test('answers from the record what was accepted before', async () => {
  const { book, submitted } = placeOf(accepted);
  await submitted;
  const again = placeOf(() => new Error('nobody asks'), book);
  expect(await again.submitted).toEqual({ id: 'video_1', status: 'queued' });
  expect(again.asked).toEqual([]);
});

test('keeps the record by run of the node and item', async () => {
  const { book, submitted } = placeOf(accepted);
  await submitted;
  const { entries } = book.submissions as { entries: IDataObject };
  expect(Object.keys(entries)).toEqual([expect.stringMatching(/^4\/7\//)]);
});

test('sends a refused one again, with the same key', async () => {
  const answers = [busy, busy, accepted];
  const place = placeOf(() => answers.shift()!());
  const { submitted } = place;
  await submitted;
  const keys = place.asked.map(({ headers }) => headers?.['Idempotency-Key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test.each([
  ['refused for good', () => answered({ error: 'script is bad' }, 400)],
  ['too busy', busy],
])('one that was %s may be sent anew later', async (_, answer) => {
  const { book, submitted } = placeOf(answer);
  await expect(submitted).rejects.toThrow();
  const later = placeOf(accepted, book);
  await later.submitted;
  expect(later.asked).toHaveLength(1);
});

test('one that failed before it left may be sent anew later', async () => {
  const { book, submitted } = placeOf(() => new UserError('no credential'));
  await expect(submitted).rejects.toThrow('no credential');
  await placeOf(accepted, book).submitted;
});

test('is on record before it is sent, since anything may happen then', async () => {
  const book: IContextObject = {};
  const states: unknown[] = [];
  const { submitted } = placeOf(() => {
    const { entries } = book.submissions as { entries: IDataObject };
    states.push(...Object.values(entries));
    return accepted();
  }, book);
  await submitted;
  expect(states).toEqual([{ state: 'sent', at: expect.any(Number) }]);
});

describe('Of an unknown outcome', () => {
  test.each<[string, Answering, RegExp, string | null]>([
    [
      'without an answer',
      () => connectionReset,
      /^The connection broke off before iTeraBiz answered\. /,
      null,
    ],
    [
      'with an error that nobody knows',
      () => new TypeError('fetch failed', { cause: new Error('other side closed') }),
      /^The connection broke off before iTeraBiz answered\. /,
      null,
    ],
    [
      'with a fault on their side',
      () => answered({}, 502),
      /^iTeraBiz answered with a fault on its side \(status 502/,
      '502',
    ],
  ])('%s: nobody sends it again', async (_, answer, cause, httpCode) => {
    const place = placeOf(answer);
    const { book, submitted } = place;
    await expect(submitted).rejects.toMatchObject({
      message:
        'Check this one: nobody knows whether iTeraBiz accepted the request to create the video',
      description: expect.stringMatching(cause),
      httpCode,
      context: { itemIndex: 7 },
    });
    expect(place.asked).toHaveLength(1);

    const again = placeOf(accepted, book);
    await expect(again.submitted).rejects.toMatchObject({
      message:
        'Check this one: an earlier try may have been accepted already, so the request to create the video was not sent again',
      description: expect.stringMatching(
        /^Sending it again could charge you twice\. This node looked once through/,
      ),
    });
    expect(again.asked).toEqual([]);
  });

  test.each(['{"id": "vid', '', '<html><title>Hi</title></html>', null, []])(
    'accepted with an answer like %j: nobody sends it again',
    async (body) => {
      const { book, submitted } = placeOf(() => answered(body, 201));
      await expect(submitted).rejects.toMatchObject({
        message: expect.stringMatching(/^Check this one: .*create the video/),
        description: expect.stringMatching(/status 201/),
        httpCode: '201',
      });
      const again = placeOf(accepted, book);
      await expect(again.submitted).rejects.toThrow(/^Check this one: an earlier try/);
    },
  );

  test.each([
    ['<html><title>Hi</title></html>', ' and is called: Hi. If'],
    [' \n<!doctype html>', 'The page came with status 201. If'],
  ])('the web page %j is called one, and may stand at a wrong Base URL', async (page, words) => {
    await expect(placeOf(() => answered(page, 201)).submitted).rejects.toMatchObject({
      message:
        'Check this one: a web page answered the request to create the video, and not iTeraBiz as usual',
      description: expect.stringContaining(words),
    });
  });

  test.each(['{"script": "a < b', 'x<', '', null, ['<p>']])(
    'an answer like %j is called one that cannot be read',
    async (body) => {
      await expect(placeOf(() => answered(body, 201)).submitted).rejects.toMatchObject({
        message:
          'Check this one: iTeraBiz accepted the request to create the video, but its answer cannot be read',
        description: expect.stringMatching(/^The answer \(status 201\) was cut off/),
      });
    },
  );

  test.each([
    ['create the video', 'or run Video: Get Many in a few minutes'],
    ['generate the content', 'or run Video: Get Many in a few minutes'],
    ['create the avatar', 'or run Avatar: Get Many in a few minutes'],
  ])('to %s, it says which list to look in', async (doing, words) => {
    await expect(placeOf(() => connectionReset, {}, {}, doing).submitted).rejects.toMatchObject({
      description: expect.stringContaining(words),
    });
  });

  test('it is sent again where the user chose so', async () => {
    const place = placeOf(() => connectionReset);
    const { book, submitted } = place;
    await expect(submitted).rejects.toThrow();
    const again = placeOf(accepted, book, { resubmitUnknown: true });
    expect(await again.submitted).toMatchObject({ id: 'video_1' });
    expect(again.asked[0].headers).toEqual(place.asked[0].headers);
  });

  test('a refusal of the second sending takes nothing back of the doubt about the first', async () => {
    const book: IContextObject = {};
    await expect(placeOf(() => connectionReset, book).submitted).rejects.toThrow('Check this one');
    const refused = placeOf(() => answered({}, 400), book, { resubmitUnknown: true });
    await expect(refused.submitted).rejects.toThrow('could not create the video');
    const third = placeOf(accepted, book);
    await expect(third.submitted).rejects.toThrow('Check this one');
    expect(third.asked).toEqual([]);
  });

  test('choosing so does not send again what was accepted', async () => {
    const { book, submitted } = placeOf(accepted);
    await submitted;
    const again = placeOf(accepted, book, { resubmitUnknown: true });
    await again.submitted;
    expect(again.asked).toEqual([]);
  });
});

describe('What the list shows', () => {
  let jobs = 0;

  /** As the list shows it; no other test knows its ID. */
  const shown = (more: IDataObject = {}, age = 0): IDataObject => ({
    id: `listed_${++jobs}`,
    script: 'Hi',
    created_at: new Date(Date.now() - age).toISOString(),
    ...more,
  });
  const ofBroken = (listed: IDataObject[], book: IContextObject = {}) =>
    placeOf(() => connectionReset, book, {}, 'create the video', listed);

  test('is gone on with, and is on record from then on', async () => {
    const job = shown();
    const { book, submitted } = ofBroken([job]);
    expect(await submitted).toEqual(job);
    const again = placeOf(() => new Error('nobody asks'), book);
    expect(await again.submitted).toEqual(job);
    expect(again.looks).toEqual([]);
  });

  test.each([
    ['of other words', { script: 'Ho' }],
    ['that was generated', { prompt: 'Hi' }],
    ['without its script', { script: null }],
    ['without an ID', { id: null }],
    ['that does not say when it was made', { created_at: null }],
  ])('is not gone on with: one %s', async (_, more) => {
    await expect(ofBroken([shown(more)]).submitted).rejects.toThrow(/^Check this one/);
  });

  test('is not gone on with: one of long before', async () => {
    await expect(ofBroken([shown({}, 3 * 60_000)]).submitted).rejects.toThrow(/^Check this one/);
  });

  test('goes to one item only', async () => {
    const job = shown();
    await ofBroken([job]).submitted;
    await expect(ofBroken([job]).submitted).rejects.toThrow(/^Check this one/);
    const [one, other] = [shown(), shown()];
    const all = await Promise.all(
      [ofBroken([one, other]), ofBroken([one, other])].map((p) => p.submitted),
    );
    expect(all.map(({ id }) => id).sort()).toEqual([one.id, other.id].sort());
  });

  test('is not taken from an execution that knows it for its own', async () => {
    const job = shown();
    await placeOf(() => answered(job, 201)).submitted;
    await expect(ofBroken([job]).submitted).rejects.toThrow(/^Check this one/);
  });

  test("is not taken where another row's record has it, also after n8n was started anew", async () => {
    const job = shown();
    const { book, submitted } = placeOf(() => answered(job, 201));
    await submitted;
    const more = { account: new Account(), body: { script: 'Hi', language: 'en-US' } };
    const other = placeOf(() => connectionReset, book, {}, 'create the video', [job], more);
    await expect(other.submitted).rejects.toThrow(/^Check this one/);
    const unknown = placeOf(() => connectionReset, {}, {}, 'create the video', [job], {
      ...more,
      account: new Account(),
    });
    expect(await unknown.submitted).toEqual(job);
  });

  test('an accepted job without an ID takes nothing away from others', async () => {
    const account = new Account();
    await placeOf(() => answered({ ok: true }, 201), {}, {}, 'create the video', [], { account })
      .submitted;
    const job = shown();
    const other = placeOf(() => connectionReset, {}, {}, 'create the video', [job], { account });
    expect(await other.submitted).toEqual(job);
  });

  test('settles a doubt of an earlier try, and nothing is sent', async () => {
    const { book, submitted } = ofBroken([]);
    await expect(submitted).rejects.toThrow('Check this one');
    const job = shown();
    const again = ofBroken([job], book);
    expect(await again.submitted).toEqual(job);
    expect([again.asked, again.looks]).toEqual([[], [expect.anything()]]);
  });

  test('says nothing of an earlier try whose time is not known', async () => {
    const { book, submitted } = ofBroken([]);
    await expect(submitted).rejects.toThrow('Check this one');
    const { entries } = book.submissions as { entries: Record<string, IDataObject> };
    Object.values(entries).forEach((entry) => delete entry.at);
    const again = ofBroken([shown()], book);
    await expect(again.submitted).rejects.toThrow('Check this one: an earlier try');
    expect([again.asked, again.looks]).toEqual([[], []]);
  });
});

describe('Where what exists is to be used', () => {
  const order = 'order';
  const key = 'k'.repeat(32);
  const matched = (match: Match, book: IContextObject = {}, answer: Answering = accepted) =>
    placeOf(answer, book, {}, 'create the video', [], { match });
  const entryOf = ({ submissions }: IContextObject) =>
    Object.values((submissions as { entries: IDataObject }).entries);

  test('a job that is there is used, on record, and marked as there already', async () => {
    const job = { id: 'there_1', status: 'completed' };
    const place = matched({ job, order, key });
    expect(await place.submitted).toEqual(job);
    expect(place.asked).toEqual([]);
    expect(place.run.reused).toEqual(new Map([[7, true]]));
    expect(entryOf(place.book)).toEqual([{ state: 'accepted', answer: job, reused: true }]);
  });

  test.each([true, false])('a retry knows whether it was there already: %s', async (isThere) => {
    const { book, submitted } = matched({ ...(isThere && { job: { id: 'there_2' } }), order, key });
    await submitted;
    const again = matched({ order, key }, book);
    await again.submitted;
    expect(again.run.reused).toEqual(new Map([[7, isThere]]));
  });

  test('what is not there is ordered, under the key that the order has', async () => {
    const place = matched({ order, key });
    await place.submitted;
    expect(place.asked[0].headers).toMatchObject({ 'Idempotency-Key': key });
    expect(place.run.reused).toEqual(new Map([[7, false]]));
    expect(entryOf(place.book)).toEqual([
      { state: 'accepted', answer: { id: 'video_1', status: 'queued' }, reused: false },
    ]);
  });

  test('nothing is marked where the user did not choose so', async () => {
    const { book, run, submitted } = placeOf(accepted);
    await submitted;
    expect(run.reused.size).toBe(0);
    expect(entryOf(book)).toEqual([
      { state: 'accepted', answer: { id: 'video_1', status: 'queued' } },
    ]);
    const again = placeOf(accepted, book);
    await again.submitted;
    expect(again.run.reused.size).toBe(0);
  });
});

describe('What would meet all others as well', () => {
  test.each<[string, Answering, boolean]>([
    ['a refused key', () => answered({}, 401), true],
    ['used up credits', () => answered({}, 402), true],
    ['an API that stays busy', () => answered({}, 503, { 'retry-after': '9999' }), true],
    ['a bad value', () => answered({}, 400), false],
    ['a key that may not do this', () => answered({}, 403), false],
    ['an unknown outcome', () => connectionReset, false],
  ])('halts the run, and nothing else does: %s', async (_, answer, isHalted) => {
    const { run, submitted } = placeOf(answer);
    await expect(submitted).rejects.toThrow();
    expect(run.halted !== undefined).toBe(isHalted);
    if (isHalted) expect(run.halted?.message).toMatch(/^Not sent, because iTeraBiz /);
  });

  test('once halted, nothing is sent, and nothing is on record', async () => {
    const halted = { message: 'Not sent, because', description: 'so' };
    const place = placeOf(accepted, {}, {}, 'create the video', [], { halted });
    await expect(place.submitted).rejects.toThrow('Not sent, because');
    expect(place.asked).toEqual([]);
  });
});

describe('A message of doubt', () => {
  async function descriptionOf({ submitted }: { submitted: Promise<unknown> }): Promise<string> {
    const [end] = await Promise.allSettled([submitted]);
    return ((end as PromiseRejectedResult).reason as { description: string }).description;
  }
  const AGAIN =
    'If it is there, go on with its ID; if it is not, run this item again with "Resubmit if Unsure" switched on in the options.';

  test('says what was looked for, since when and until when', async () => {
    const description = await descriptionOf(placeOf(() => connectionReset));
    const time = String.raw`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect(description).toMatch(
      new RegExp(
        ` This node looked 3 times through the list of your account for one made since ${time} with the same script and values, the last time at ${time}, and found none\\. Look in your iTeraBiz dashboard, or run Video: Get Many in a few minutes\\. `,
      ),
    );
    expect(description.endsWith(AGAIN)).toBe(true);
  });

  test('says of a look at an earlier try that it was one', async () => {
    const { book, submitted } = placeOf(() => connectionReset);
    await descriptionOf({ submitted });
    expect(await descriptionOf(placeOf(accepted, book))).toContain(
      'This node looked once through the list',
    );
  });

  test('says so where the list could not be read', async () => {
    const more = { account: new Account(), list: answered({}, 500) };
    const place = placeOf(() => connectionReset, {}, {}, 'create the video', [], more);
    expect(await descriptionOf(place)).toMatch(
      / This node could not find out by itself, for one made since 20.* UTC with the same script and values \(.+\)\. Look in your iTeraBiz dashboard/,
    );
  });

  test('of a time that is not known leaves the looking to the user', async () => {
    const { book, submitted } = placeOf(() => connectionReset);
    await descriptionOf({ submitted });
    const { entries } = book.submissions as { entries: Record<string, IDataObject> };
    Object.values(entries).forEach((entry) => delete entry.at);
    expect(await descriptionOf(placeOf(accepted, book))).toBe(
      `Sending it again could charge you twice. Look in your iTeraBiz dashboard, or run Video: Get Many, for one made at this time with these values. ${AGAIN}`,
    );
  });
});

test('a job is named by its ID, if it has one', () => {
  expect(jobName({ id: 'video_1' })).toBe('video_1');
  expect(jobName({ ok: true })).toBe('accepted without an ID');
});
