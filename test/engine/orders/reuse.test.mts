/** A workflow that is run again: what the account has already is not ordered and paid for again. */
import fc from 'fast-check';
import type { IDataObject, INodeParameters, IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox, type Video } from '../../../sandbox/client.mts';
import { cases } from '../../shared/cases.mts';
import { until } from '../../shared/until.mts';
import { createVideo, errorOf, jsonOf, runNode } from '../support.mts';
import { expectPromiseKept, hideVideosSoFar, textOf } from '../runs/promise.mts';

let sandbox: Sandbox;
let account = 0;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.settings({ listLagMs: 0, listOmits: [], listsBegin: 'newest', clockAheadMs: 0 });
  await sandbox.clearFaults();
  await hideVideosSoFar(sandbox);
  await sandbox.resetStats();
  account++;
});

/** Another account for each test: what this process has just made is known of an account. */
const asOwnAccount = () => ({ baseUrl: sandbox.url.replace('/v1', `/${'./'.repeat(account)}v1`) });

const POST = 'POST /videos';
const DAY = 24 * 60 * 60_000;

const reusing = (options: IDataObject = {}, more: INodeParameters = {}) =>
  createVideo({ options: { whenVideoExists: 'reuse', ...options } as INodeParameters, ...more });
const scripts = (...all: string[]) => all.map((script) => ({ script }));
const created = { avatar_id: 'avatar_james01', language: 'en-US', duration: 30 };

/** A video that the account has already, of the same order as a row with this script. */
const have = async (script: string, more: Partial<Video> = {}): Promise<Video> =>
  (await sandbox.addVideos(1, { ...created, script, ...more }))[0];

const runAgain = async (items: IDataObject[], options?: IDataObject): Promise<IRun> =>
  await runNode(sandbox, reusing(options), { ...asOwnAccount(), items });

const ordered = async (): Promise<string[]> =>
  (await sandbox.stats()).accepted.map(({ body }) => String(body.script)).sort();

const reused = (result: IRun) => jsonOf(result).map(({ _iteraBizReused: mark }) => mark);

test('a campaign that is run again, with three rows more, orders these three', async () => {
  const six = scripts('a', 'b', 'c', 'd', 'e', 'f');
  const first = await runAgain(six);
  expect(reused(first)).toEqual(Array(6).fill(false));
  const again = await runAgain([...six, ...scripts('g', 'h', 'i')]);
  expect(errorOf(again).message).toBe('');
  expect(
    jsonOf(again)
      .slice(0, 6)
      .map(({ id }) => id),
  ).toEqual(jsonOf(first).map(({ id }) => id));
  expect(reused(again)).toEqual([...Array(6).fill(true), ...Array(3).fill(false)]);
  expect((await expectPromiseKept(sandbox, again)).acceptedCount).toBe(9);
});

test('of executions that want the same at the same moment, the first orders it for all', async () => {
  await sandbox.settings({ listLagMs: 60_000 });
  const [one, other, third] = await Promise.all([
    runAgain(scripts('a', 'a')),
    runAgain(scripts('a', 'a')),
    runAgain(scripts('b', 'a')),
  ]);
  const ids = (result: IRun) => jsonOf(result).map(({ id }) => id);
  expect(new Set([...ids(one), ...ids(other)]).size).toBe(2);
  expect(ids(one)).toContain(ids(third)[1]);
  expect(await ordered()).toEqual(['a', 'a', 'b']);
});

test('an execution that is canceled while its order is on its way leaves the video to the next', async () => {
  await sandbox.settings({ listLagMs: 60_000 });
  await sandbox.fault({ on: POST, type: 'delay', ms: 400 });
  const cancel = new AbortController();
  const canceled = runNode(sandbox, reusing(), {
    ...{ ...asOwnAccount(), items: scripts('a'), signal: cancel.signal },
  }).catch(() => undefined);
  await until('it is on its way', async () => (await sandbox.stats()).requests[POST], {
    every: 10,
  });
  const next = runAgain(scripts('a'));
  cancel.abort();
  expect(reused(await next)).toEqual([true]);
  expect(await ordered()).toEqual(['a']);
  await canceled;
});

test('what was ordered a moment ago is used, also where the list does not show it yet', async () => {
  await sandbox.settings({ listLagMs: 60_000 });
  expect(reused(await runAgain(scripts('a')))).toEqual([false]);
  expect(reused(await runAgain(scripts('a')))).toEqual([true]);
  expect(await ordered()).toEqual(['a']);
});

test.each<[string, Partial<Video> | IDataObject]>([
  ['a real length', { duration: 29.64 }],
  ['a language without its region', { language: 'en' }],
  ['curly quotes', { script: 'It’s  “new”' }],
])('a finished video that states %s is never ordered again', async (_, stated) => {
  await have('It\'s "new"', { status: 'completed', ...stated } as Partial<Video>);
  const result = await runAgain(scripts('It\'s "new"'));
  expect(await ordered()).toEqual([]);
  if (jsonOf(result).length > 0) expect(reused(result)).toEqual([true]);
  else
    expect(errorOf(result).message).toMatch(
      /^Nothing was sent: video .* may already be the video of item 1/,
    );
});

test('without the option everything is ordered again, and nothing is marked', async () => {
  const items = scripts('a', 'b');
  await runNode(sandbox, createVideo(), { ...asOwnAccount(), items });
  const again = await runNode(sandbox, createVideo(), { ...asOwnAccount(), items });
  expect(reused(again)).toEqual([undefined, undefined]);
  const { acceptedCount, requests } = await sandbox.stats();
  expect([acceptedCount, requests]).toEqual([4, { [POST]: 4 }]);
});

test('equal rows are counted: three rows and two videos make one order', async () => {
  const [one, two] = [await have('same'), await have('same')];
  const result = await runAgain(scripts('same', 'same', 'same'));
  expect(
    jsonOf(result)
      .slice(0, 2)
      .map(({ id }) => id)
      .sort(),
  ).toEqual([one.id, two.id].sort());
  expect(reused(result)).toEqual([true, true, false]);
  expect(await ordered()).toEqual(['same']);
});

test('the oldest one is taken', async () => {
  const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString();
  await have('a', { created_at: day(2) });
  const oldest = await have('a', { created_at: day(9) });
  await have('a', { created_at: day(31) });
  expect(jsonOf(await runAgain(scripts('a')))).toMatchObject([{ id: oldest.id }]);
  expect(await ordered()).toEqual([]);
});

test.each<[string, Partial<Video>]>([
  ['failed', { status: 'failed' }],
  ['of other words', { script: 'b' }],
  ['of another avatar', { avatar_id: 'avatar_maria01' }],
  ['older than asked for', { created_at: new Date(Date.now() - 30.5 * DAY).toISOString() }],
])('one %s is not used', async (_, more) => {
  await have('a', more);
  expect(reused(await runAgain(scripts('a')))).toEqual([false]);
});

test.each<[string, Partial<Video>, string]>([
  ['length', { duration: 31 }, 'its Duration (Seconds) is listed as'],
  ['language', { language: 'en-GB' }, 'its Language is listed as'],
])('one of another %s is unclear: nothing is sent, and it says why', async (_, more, why) => {
  await have('a', more);
  const result = await runAgain(scripts('a'));
  expect(errorOf(result).message).toContain(why);
  expect(await ordered()).toEqual([]);
});

test.each([
  [{ lookBack: 40 }, true],
  [{ lookBack: '40' }, true],
  [{ lookBack: 0.5 }, false],
])('as far back as %j', async (options, isUsed) => {
  await have('a', { created_at: new Date(Date.now() - 35 * DAY).toISOString() });
  expect(reused(await runAgain(scripts('a'), options as IDataObject))).toEqual([isUsed]);
});

test.each([
  'ten',
  '',
  ' ',
  0,
  -1,
  null,
  true,
  [30],
  '={{ NaN }}',
  '={{ undefined }}',
  '={{ 1 / 0 }}',
])('Look Back %j: nothing is sent', async (lookBack) => {
  const result = await runAgain(scripts('a'), { lookBack } as IDataObject);
  expect(errorOf(result).message).toMatch(
    /^"Look Back \(Days\)"(: ".*" is not (a number above 0|text)| is empty)$/,
  );
  expect((await sandbox.stats()).requests).toEqual({});
});

test.each(['={{ "use" }}', '={{ null }}', '={{ 1 }}'])(
  'When the Same Video Exists %j: nothing is sent',
  async (whenVideoExists) => {
    const result = await runAgain(scripts('a'), { whenVideoExists });
    expect(errorOf(result).message).toMatch(
      /^"When the Same Video Exists"(: ".*" is not one of| is empty$)/,
    );
    expect((await sandbox.stats()).requests).toEqual({});
  },
);

test('what is used is waited for, and Retry On Fail keeps to it', async () => {
  await sandbox.settings({ queuedMs: 50, processingMs: 50 });
  const first = await runAgain(scripts('a'));
  await sandbox.fault({ on: POST, type: 'refuse', status: 400, containing: '"b"' });
  const result = await runNode(
    sandbox,
    reusing({ pollInterval: 0.1 }, { waitForCompletion: true }),
    {
      items: scripts('a', 'b'),
      settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
    },
  );
  await sandbox.settings({ queuedMs: 300, processingMs: 1_500 });
  expect(jsonOf(result)).toMatchObject([
    { id: jsonOf(first)[0].id, status: 'completed', _iteraBizReused: true },
    { status: 'completed', _iteraBizReused: false },
  ]);
  expect(await ordered()).toEqual(['a', 'b']);
});

test('generated content is known by its prompt, and never taken for a script', async () => {
  const generate = {
    ...{ resource: 'content', operation: 'generate', prompt: '={{ $json.script }}' },
    options: { whenVideoExists: 'reuse' },
  };
  await have('a');
  await sandbox.addVideos(1, { ...created, prompt: 'b' });
  const parameters = createVideo(generate);
  const first = await runNode(sandbox, parameters, { ...asOwnAccount(), items: scripts('a') });
  const again = await runNode(sandbox, parameters, { ...asOwnAccount(), items: scripts('a') });
  expect([reused(first), reused(again)]).toEqual([[false], [true]]);
  expect((await sandbox.stats()).acceptedCount).toBe(1);
});

describe('Nothing is sent', () => {
  test('where the list does not say what its videos were made of', async () => {
    const { id } = await have('a');
    await sandbox.settings({ listOmits: ['script', 'prompt'] });
    const result = await runAgain(scripts('a', 'b'));
    expect(errorOf(result).message).toBe(
      `Nothing was sent: video ${id} may already be the video of item 1, but its Script is not in the list`,
    );
    expect(textOf(result)).toContain(
      'run this item alone with "When the Same Video Exists" set to "Order Another One"',
    );
    expect(await ordered()).toEqual([]);
  });

  test('where it goes in circles', async () => {
    await sandbox.addVideos(150, { ...created, script: 'x' });
    await sandbox.fault({ on: 'GET /videos', type: 'ignoreCursor', times: 'always' });
    const result = await runAgain(scripts('a'));
    expect(errorOf(result).message).toMatch(
      /^Nothing was sent: your account's list .* read to its end$/,
    );
    expect(await ordered()).toEqual([]);
  });

  test('where it cannot be read', async () => {
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 500, times: 'always' });
    const result = await runAgain(scripts('a'));
    expect(errorOf(result).message).toContain('iTeraBiz could not list the videos');
    expect(await ordered()).toEqual([]);
  });
});

test('a video that does not say enough, but is of another avatar, hinders nobody', async () => {
  await have('', { avatar_id: 'avatar_maria01' });
  expect(reused(await runAgain(scripts('a')))).toEqual([false]);
});

test.each(['newest', 'oldest'] as const)(
  'a long list, %s first, is read once',
  async (listsBegin) => {
    await sandbox.settings({ listsBegin });
    const early = await have('a', { created_at: new Date(Date.now() - 20 * DAY).toISOString() });
    await sandbox.addVideos(250, { ...created, script: 'x' });
    expect(jsonOf(await runAgain(scripts('a', 'a'), { maxConcurrency: 1 }))[0].id).toBe(early.id);
    const { requests } = await sandbox.stats();
    expect(requests[POST]).toBe(1);
    expect(requests['GET /videos']).toBeLessThan(30);
  },
);

test.each([-3 * 60 * 60_000, 3 * 60 * 60_000])(
  'a clock that is off by %d ms',
  async (clockAheadMs) => {
    await sandbox.settings({ clockAheadMs });
    await runAgain(scripts('a'));
    expect(reused(await runAgain(scripts('a'), { lookBack: 0.01 }))).toEqual([true]);
  },
);

test('executions that start together get one video, where the API honors the key', async () => {
  await sandbox.settings({ honorIdempotencyKeys: true });
  await sandbox.fault({ on: POST, type: 'delay', ms: 200, times: 'always' });
  const two = await Promise.all([1, 2].map(async () => await runAgain(scripts('both', 'both'))));
  await sandbox.settings({ honorIdempotencyKeys: false });
  const [one, other] = two.map((result) => jsonOf(result).map(({ id }) => id));
  expect([...other].sort()).toEqual([...one].sort());
  expect(await ordered()).toEqual(['both', 'both']);
});

describe('With ceilings and previews', () => {
  test('a ceiling counts what would really be ordered', async () => {
    await have('a');
    await have('b');
    const result = await runAgain(scripts('a', 'b', 'c'), { maxVideos: 1 });
    expect(reused(result)).toEqual([true, true, false]);
    const more = await runAgain(scripts('a', 'c', 'd', 'e'), { maxVideos: 1 });
    expect(errorOf(more).message).toContain('This would order 2 videos');
    expect(await ordered()).toEqual(['c']);
  });

  test('a preview says what is there, and what would be ordered', async () => {
    const { id } = await have('a');
    const result = await runAgain(scripts('a', 'b', 'a'), { previewOnly: true });
    expect(jsonOf(result)).toMatchObject([
      { wouldOrder: false, videoId: id, request: { script: 'a' } },
      { wouldOrder: true, request: { script: 'b' } },
      { wouldOrder: true, request: { script: 'a' } },
    ]);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': 1, 'GET /avatars': 1 });
  });

  test("with n8n's Batching the list is read once, for all rows", async () => {
    await have('a');
    const batching = { batching: { batch: { batchSize: 1, batchInterval: 5 } } };
    const parameters = reusing({}, { requestOptions: batching });
    const result = await runNode(sandbox, parameters, {
      ...asOwnAccount(),
      items: scripts('a', 'a', 'b'),
    });
    expect(reused(result)).toEqual([true, false, false]);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': 1, [POST]: 2 });
  });
});

test('whatever the account has: ordered is what is missing, no more and no less', async () => {
  const word = fc.constantFrom('p', 'q', 'r');
  const scene = fc.record({
    has: fc.array(fc.record({ word, isFailed: fc.boolean() }), { maxLength: 6 }),
    rows: fc.array(word, { minLength: 1, maxLength: 6 }),
    lost: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ has, rows, lost }) => {
      account++;
      await sandbox.clearFaults();
      await hideVideosSoFar(sandbox);
      await sandbox.resetStats();
      for (const { word: script, isFailed } of has) {
        await have(script, isFailed ? { status: 'failed' } : {});
      }
      for (const skip of lost)
        await sandbox.fault({ on: POST, type: 'reset', when: 'after', skip });

      const result = await runAgain(scripts(...rows));

      expect(errorOf(result).message).toBe('');
      const count = (list: string[], one: string) => list.filter((other) => other === one).length;
      const good = has.filter(({ isFailed }) => !isFailed).map((one) => one.word);
      const now = await ordered();
      for (const one of ['p', 'q', 'r']) {
        expect(count(now, one)).toBe(Math.max(0, count(rows, one) - count(good, one)));
      }
      const ids = jsonOf(result).map(({ id }) => id);
      expect(new Set(ids).size).toBe(rows.length);
      expect(jsonOf(result).map(({ script }) => script)).toEqual(rows);
      expect(reused(result).filter((mark) => mark === true)).toHaveLength(rows.length - now.length);
    }),
    { numRuns: cases(12) },
  );
});
