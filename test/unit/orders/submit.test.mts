/** How the rows of a run are submitted, each once. */
import { setTimeout as moment } from 'node:timers/promises';
import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { Ledger } from '../../../nodes/ITeraBiz/orders/ledger.ts';
import { settleSlots, type Submissions } from '../../../nodes/ITeraBiz/orders/submit.ts';
import type { Asked, Reply } from '../../shared/littleApi.mts';
import { accepted, api, breaks, busy, entriesOf, errorOf, refused, running } from './ordering.mts';

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

  test('that is sent keeps to the pace of Batching; those that are there already do not', async () => {
    const account = new Account('one');
    const { memory, output } = running({ account, scripts: ['a', 'b'] });
    await output;
    const video = (script: string) => ({
      ...{ id: `listed_${script}`, avatar_id: 'avatar_1', script, language: 'en-US', duration: 30 },
      ...{ status: 'completed', created_at: new Date().toISOString() },
    });
    const times: number[] = [];
    const start = performance.now();
    const again = running({
      ...{ memory, account, scripts: ['a', 'b', 'c', 'd', 'e', 'f'] },
      ...{ batching: { size: 1, interval: 500 }, options: { whenVideoExists: 'reuse' } },
      listed: ['c', 'd'].map(video),
      answer: (asked) => {
        times.push(performance.now() - start);
        return accepted(asked);
      },
    });
    const ids = (await again.output).map(({ id }) => id);
    const listed = ['listed_c', 'listed_d'];
    expect(ids).toEqual(['video_a', 'video_b', ...listed, 'video_e', 'video_f']);
    expect(times).toHaveLength(2);
    expect(times[0]).toBeLessThan(1_500);
    expect(times[1]).toBeGreaterThanOrEqual(500);
  });

  test('does not keep to the pace of Batching once nothing is sent any more', async () => {
    const answer = (): Reply => ({ status: 401, body: { error: { message: 'bad key' } } });
    const place = running({
      ...{ scripts: [...'abcd'], concurrency: 1, answer },
      batching: { size: 1, interval: 20_000 },
    });
    const start = performance.now();
    await errorOf(place);
    expect([place.posts.length, performance.now() - start < 10_000]).toEqual([1, true]);
  });

  test('keeps to the pace of Batching after one that is refused, as it is sent all the same', async () => {
    const times: number[] = [];
    const start = performance.now();
    const place = running({
      ...{ scripts: [...'abc'], concurrency: 1, batching: { size: 1, interval: 300 } },
      answer: (asked) => {
        times.push(performance.now() - start);
        return asked.body?.script === 'a' ? refused() : accepted(asked);
      },
    });
    await errorOf(place);
    expect(times).toHaveLength(3);
    expect(times[2]).toBeGreaterThanOrEqual(600);
  });

  test('is another one in another run of the node (a loop)', async () => {
    const account = new Account('one');
    const { memory, output } = running({ account });
    await output;
    const nextRun = running({ memory, account, index: 1 });
    await nextRun.output;
    expect(nextRun.posts).toHaveLength(1);
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
    [
      'without an answer',
      breaks,
      /^The connection to iTeraBiz was lost before it answered, so, /,
      null,
    ],
    [
      'with a fault on their side',
      () => ({ status: 502 }),
      /^iTeraBiz answered with a fault on its side \(status 502; if it keeps happening, write to api@iterabiz\.com\), so, to avoid paying twice, the request was not sent again\. This node searched/,
      '502',
    ],
    [
      'with neither a yes nor a no',
      () => ({ status: 302 }),
      /^iTeraBiz answered with neither a yes nor a no \(status 302; if it keeps happening, check the Base URL of the credential, or write to api@iterabiz\.com\), so, to avoid paying twice, the request was/,
      '302',
    ],
    [
      'with a fault that says more',
      () => ({ status: 500, body: { error: 'Oh, no.' } }),
      /api@iterabiz\.com\), so, .* not sent again\. iTeraBiz says: Oh, no\. This node/,
      '500',
    ],
    [
      'with an error that has an ID',
      () => ({ body: { id: 'req_1', error: 'Oh, no.' } }),
      /^iTeraBiz answered with an error, but not with a clear no \(status 200\), so, .* not sent again\. iTeraBiz says: Oh, no\. This node/,
      '200',
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
        /^Sending it again could charge you twice\. This node searched your account once for/,
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
        ` This node searched your account (once|\\d times) for one made since ${time} with the same script and values, most recently at ${time}, and found none\\. Check your iTeraBiz dashboard, or run Video: Get Many in a few minutes: if it is there, use its ID; if not, run only this item again\\. To retry this execution instead, first turn on "Resubmit if Unsure" in the options\\.$`,
      ),
    );
  });

  test('says so where the list could not be read', async () => {
    const place = running({ answer: breaks, list: { status: 500 } });
    expect((await errorOf(place)).description).toMatch(
      / This node could not search your account for one made since 20.* UTC with the same script and values \(.+\)\. Check your iTeraBiz dashboard/,
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
      /^Sending it again could charge you twice\. Check your iTeraBiz dashboard, or run Video: Get Many: if there is one made at the time of that try with these values, use its ID; /,
    );
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('five in a row stop the rest, which is not sent', async () => {
    const scripts = [...'abcdefgh'];
    const given = { scripts, concurrency: 1, answer: breaks };
    const place = running(given);
    const { description } = await errorOf(place);
    expect(place.posts).toHaveLength(5);
    expect(description).toContain('\nItems 6–8: not sent.');
    const going = running({ ...given, onError: 'continueErrorOutput' });
    expect((await going.output)[7].error).toMatch(
      /^Not sent, because iTeraBiz gave no clear answer to the last 5 requests\. Not tried: the cause, seen at item 5 of 8, affects every item/,
    );
  });

  test('five of one moment stop nothing, five more right after them do', async () => {
    const scripts = Array.from({ length: 40 }, (_, n) => `script ${n}`);
    const atOnce = (breaksFor: number) => {
      let count = 0;
      const together: (() => void)[] = [];
      // All that are in flight break in one moment.
      const answer = async (asked: Asked) => {
        if (++count > breaksFor) return accepted(asked);
        await new Promise<void>((resolve) => {
          together.push(resolve);
          if (together.length === 5) together.splice(0).forEach((goOn) => goOn());
        });
        return 'break' as const;
      };
      return running({ scripts, concurrency: 5, onError: 'continueErrorOutput', answer });
    };
    const blip = atOnce(5);
    await blip.output;
    expect(blip.posts).toHaveLength(40);
    const outage = atOnce(40);
    await outage.output;
    expect(outage.posts).toHaveLength(10);
  });

  test('one that was in flight before, and got through, is no sign that it is over', async () => {
    const scripts = Array.from({ length: 40 }, (_, n) => `script ${n}`);
    let count = 0;
    const answer = async (asked: Asked) => {
      const nth = ++count;
      if (nth >= 5) await moment(nth === 5 ? 30 : 60);
      return nth === 5 ? accepted(asked) : ('break' as const);
    };
    const place = running({ scripts, concurrency: 5, onError: 'continueErrorOutput', answer });
    await place.output;
    expect(place.posts).toHaveLength(10);
  });

  test('a refusal among them is an answer', async () => {
    const scripts = [...'abcdefgh'];
    let count = 0;
    const answer = () => (++count % 5 === 0 ? refused() : 'break');
    const other = running({ scripts, concurrency: 1, answer });
    await errorOf(other);
    expect(other.posts).toHaveLength(8);
  });
});

test('A bare 503 may hide a yes: the next try has the same Idempotency-Key, after a clear refusal another', async () => {
  const bare = (): Reply => ({ status: 503 });
  const replies = [bare, bare, busy, busy];
  const place = running({ answer: (asked) => (replies.shift() ?? accepted)(asked) });
  await place.output;
  const keys = place.posts.map(({ headers }) => headers['idempotency-key']);
  expect(new Set(keys.slice(0, 3)).size).toBe(1);
  expect(new Set(keys).size).toBe(3);
  // Once that is final, the request has not been taken.
  const memory: IContextObject = {};
  const refusing = running({ memory, answer: bare });
  await errorOf(refusing);
  expect(entriesOf(memory)).toEqual({});
  const again = running({ memory });
  await again.output;
  expect(again.posts[0].headers['idempotency-key']).not.toBe(
    refusing.posts[0].headers['idempotency-key'],
  );
});

test('A doubt that could not be sent again keeps its Idempotency-Key', async () => {
  const account = new Account('one');
  const first = running({ account, answer: breaks });
  await errorOf(first);
  const given = { memory: first.memory, options: { resubmitUnknown: true } };
  account.queue.pauseFor(600_000, { status: 503, headers: {}, body: '' });
  const paused = running({ ...given, account });
  await errorOf(paused);
  expect(paused.posts).toEqual([]);
  const again = running({ ...given, account: new Account('one') });
  await again.output;
  const [before, after] = [first, again].map(({ posts }) => posts[0].headers['idempotency-key']);
  expect(after).toBe(before);
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

  test('is looked for more than once if the earlier try was a moment ago', async () => {
    const account = new Account('one');
    const { memory, output } = running({ answer: breaks, account });
    await expect(output).rejects.toThrow('Check this one');
    const [entry] = Object.values(entriesOf(memory));
    Object.assign(entry, { at: Date.now() + 1_000 });
    const job = shown();
    const lists = [[], [job]].map((data) => ({ body: { data, has_more: false } }));
    const again = running({ memory, account, list: () => lists.shift()! });
    expect(await again.output).toEqual([job]);
    expect([again.posts.length, again.looks.length]).toEqual([0, 2]);
  });

  test('is looked for once more by the next try of a tool: its caller waits for all tries together', async () => {
    const account = new Account('one');
    const given = { account, answer: breaks, isTool: true };
    const first = running(given);
    expect((await errorOf(first)).message).toMatch(/^Check this one/);
    expect(first.looks.length).toBeGreaterThan(1);
    const [entry] = Object.values(entriesOf(first.memory));
    Object.assign(entry, { at: Date.now() + 1_000 });
    const again = running({ ...given, memory: first.memory });
    await errorOf(again);
    expect([again.posts.length, again.looks.length]).toEqual([0, 1]);
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
  let reachThree: () => void;
  const areThree = new Promise<void>((resolve) => (reachThree = resolve));
  const answer = async (asked: Asked) => {
    most = Math.max(most, ++inFlight);
    if (inFlight === 3) reachThree();
    await areThree;
    await new Promise((resolve) => setTimeout(resolve, 5));
    inFlight -= 1;
    return accepted(asked);
  };
  const scripts = Array.from({ length: 10 }, (_, row) => `${row}`);
  const places = [1, 2, 3].map(() => running({ scripts, account, answer, concurrency: 3 }));
  await Promise.all(places.map(({ output }) => output));
  expect([most, api.by('POST').length]).toEqual([3, 30]);
});

test('the places in the day of rows that were not sent, or were refused, are given back', () => {
  const account = new Account('one');
  const release = jest.spyOn(account.budget, 'release').mockImplementation();
  const ledger = new Ledger({}, 0, 'me', '');
  ledger.sent('sent', 1);
  ledger.accepted('accepted', {});
  ledger.sent('still in doubt', 1);
  const known = ledger.find('still in doubt');
  const rows = ['sent', 'accepted', 'still in doubt', 'new', 'without a place'].map((key) => ({
    ...{ item: 0, options: {}, waits: false, order: { url: '', body: {} }, key },
    ...(key === 'still in doubt' && { known }),
    ...(key !== 'without a place' && { slot: { at: 1, id: key } }),
  }));
  settleSlots({ account, ledger } as Submissions, rows);
  expect(release.mock.calls).toEqual([[rows[2].slot], [rows[3].slot]]);
});

test('an error does not claim that another run would use the existing videos, unless it does', async () => {
  const account = new Account('one');
  const answer = (asked: Asked) => (asked.body?.script === 'a' ? accepted(asked) : refused());
  const given = { account, scripts: ['a', 'b'], answer };
  const first = running(given);
  for (const place of [first, running({ ...given, memory: first.memory })]) {
    const { description } = await errorOf(place);
    expect(description).toMatch(/\nTo send only what is missing, open this execution/);
  }
});

test('what an earlier try left in doubt is told apart, for the nodes that follow', async () => {
  const account = new Account('one');
  const given = { account, answer: breaks, onError: 'continueRegularOutput' } as const;
  const { memory, output } = running(given);
  await output;
  expect(await running({ ...given, memory }).output).toMatchObject([
    { error: expect.stringMatching(/^Check this one: an earlier/), details: { reason: 'unknown' } },
  ]);
});

test('what this process has created is known, and what it only used is not taken for that', async () => {
  const account = new Account('one');
  const options = { whenVideoExists: 'reuse' };
  const there = { id: 'there', script: 'b', created_at: new Date().toISOString() };
  await running({ account, options, scripts: ['a', 'b'], listed: [there] }).output;
  const again = running({ account, options, scripts: ['a', 'b'] });
  expect(await again.output).toMatchObject([
    { id: 'video_a', _iteraBizReused: true },
    { id: 'video_b', _iteraBizReused: false },
  ]);
});
