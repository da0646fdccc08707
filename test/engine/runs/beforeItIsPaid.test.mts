import type { IDataObject, INode, INodeParameters, IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import {
  asOtherAccount,
  asRetry,
  createVideo,
  errorOf,
  itemsOf,
  jsonOf,
  rows,
  runNode,
} from '../support.mts';
import { byId } from '../operations/byId.mts';
import { expectPromiseKept, jobsIn, pairsOf, textOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.resetStats();
  await sandbox.settings({ credits: null });
});

const POST = 'POST /videos';
const on = (onError: INode['onError']) => ({ settings: { onError } });
const GOES_ON = ['continueRegularOutput', 'continueErrorOutput'] as const;
const batching = { batching: { batch: { batchSize: 2, batchInterval: 20 } } };

/** A video whose length comes from the row. */
const perRow = (more: INodeParameters = {}) =>
  createVideo({ duration: '={{ $json.duration }}', ...more });

/** Rows of 30 seconds each, but for these. */
const lasting = (count: number, others: Record<number, unknown> = {}): IDataObject[] =>
  rows(count).map((row, at) => ({ ...row, duration: (at in others ? others[at] : 30) as number }));

const requestsMade = async () => (await sandbox.stats()).requests;

/** What each row got, on either output, in input order. */
function endsOf(result: IRun): IDataObject[] {
  const all = [...itemsOf(result, 0), ...itemsOf(result, 1)];
  const at = ({ pairedItem }: (typeof all)[number]) => (pairedItem as { item: number }).item;
  return all.sort((one, other) => at(one) - at(other)).map(({ json }) => json);
}

describe('Row 13 of 20 is invalid', () => {
  const items = lasting(20, { 13: 0 });
  const BAD = '"Duration (Seconds)": "0" is not a valid duration';

  test.each([
    ['', {}],
    [' with Batching, too', { requestOptions: batching }],
  ])('nothing is sent where the node is to stop%s', async (_, more) => {
    const result = await runNode(sandbox, perRow(more), { items });
    expect(errorOf(result)).toMatchObject({ message: BAD, item: 13 });
    expect(errorOf(result).description).toMatch(/^Items 1–13, 15–20: not sent\.$/m);
    expect(await requestsMade()).toEqual({});
  });

  test.each(GOES_ON)('the others are sent with %s', async (onError) => {
    const result = await runNode(sandbox, perRow(), { items, ...on(onError) });
    expect((await expectPromiseKept(sandbox, result)).acceptedCount).toBe(19);
    expect(endsOf(result)[13].error).toContain(BAD);
  });

  test('Retry On Fail changes nothing about it', async () => {
    const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
    const result = await runNode(sandbox, perRow(), { items, settings });
    expect(errorOf(result)).toMatchObject({ message: BAD, item: 13 });
    expect(await requestsMade()).toEqual({});
  });
});

test('every bad row is named, with its field and what is wrong', async () => {
  const items = lasting(8, { 2: 'long', 5: Number.NaN, 6: 'long' });
  items[4].script = ' ';
  const result = await runNode(sandbox, perRow(), { items });
  expect(errorOf(result)).toMatchObject({
    message: '"Duration (Seconds)": "long" is not a valid duration',
    item: 2,
  });
  expect(errorOf(result).description.split('\n').slice(1)).toEqual([
    'This is item 3 of 8 (n8n counts from 0 and calls it [item 2]).',
    '3 more items failed:',
    'Item 5: "Script" is empty.',
    'Item 6: "Duration (Seconds)": "NaN" is not a valid duration.',
    'Item 7: "Duration (Seconds)": "long" is not a valid duration.',
    'Items 1–2, 4, 8: not sent.',
  ]);
  expect(await requestsMade()).toEqual({});
});

test('an avatar is checked over all rows as well', async () => {
  const parameters = {
    resource: 'avatar',
    operation: 'create',
    name: '={{ $json.name }}',
    imageUrl: 'https://example.com/a.jpg',
    voiceId: 'voice_1',
  };
  const result = await runNode(sandbox, parameters, { items: [{ name: 'Anna' }, { name: '' }] });
  expect(errorOf(result)).toMatchObject({ message: '"Name" is empty', item: 1 });
  expect(await requestsMade()).toEqual({});
});

describe('A ceiling', () => {
  const limited = (options: INodeParameters, more: INodeParameters = {}) =>
    perRow({ options, ...more });

  test.each<[INodeParameters, string]>([
    [
      { maxVideos: 4 },
      'This would order 5 videos, 150 seconds in all, but "Max Videos" allows only 4',
    ],
    [
      { maxSeconds: 149 },
      'This would order 5 videos, 150 seconds in all, but "Max Seconds" allows only 149',
    ],
    [
      { maxVideos: '={{ "4" }}' },
      'This would order 5 videos, 150 seconds in all, but "Max Videos" allows only 4',
    ],
  ])('%j: nothing is sent, and the message says how much it would be', async (options, message) => {
    for (const more of [{}, { requestOptions: batching }]) {
      const result = await runNode(sandbox, limited(options, more), { items: lasting(5) });
      expect(errorOf(result)).toMatchObject({ message, item: 0 });
      expect(errorOf(result).description).toContain('give this node fewer items');
      for (const onError of GOES_ON) {
        const went = await runNode(sandbox, limited(options, more), {
          items: lasting(5),
          ...on(onError),
        });
        expect(endsOf(went).map(({ error }) => error)).toEqual(
          Array(5).fill(expect.stringContaining(message)),
        );
      }
    }
    expect(await requestsMade()).toEqual({});
  });

  test('that is met to the last second lets all through', async () => {
    const options = { maxVideos: 5, maxSeconds: '150' };
    for (const more of [{}, { requestOptions: batching }]) {
      const result = await runNode(sandbox, limited(options, more), { items: lasting(5) });
      expect(pairsOf(result)).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test('does not count rows that are invalid and are not sent anyway', async () => {
    const items = lasting(5, { 1: 0 });
    const options = { maxVideos: 4, maxSeconds: 120 };
    const result = await runNode(sandbox, limited(options), {
      items,
      ...on('continueErrorOutput'),
    });
    expect(jsonOf(result, 0)).toHaveLength(4);
  });

  test('does not count what was ordered before, on a retry', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, containing: 'number 2"' });
    const settings = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 };
    const options = { maxVideos: 3 };
    const result = await runNode(sandbox, limited(options), { items: lasting(3), settings });
    expect(jsonOf(result)).toHaveLength(3);
    expect(await requestsMade()).toEqual({ [POST]: 4 });
  });

  test("does not count what was ordered before, on a retry from n8n's execution list", async () => {
    for (const row of [2, 3]) {
      await sandbox.fault({ on: POST, type: 'refuse', status: 400, containing: `number ${row}"` });
    }
    const failed = await runNode(sandbox, limited({ maxVideos: 4 }), { items: lasting(4) });
    for (const [maxVideos, ordered] of [
      [1, 2],
      [2, 4],
    ]) {
      const data = asRetry(failed);
      data.executionData!.nodeExecutionStack[0].node.parameters.options = { maxVideos };
      const result = await runNode(sandbox, limited({ maxVideos }), { retryOf: data });
      if (ordered === 2) expect(errorOf(result).message).toContain('This would order 2 videos');
      expect((await sandbox.stats()).acceptedCount).toBe(ordered);
    }
  });

  test.each([['ten'], [0], [Number.NaN], [null], [[4]], ['']])(
    'of %j is refused before anything is sent',
    async (maxVideos) => {
      const options = { maxVideos: '={{ $json.most }}' };
      const items = lasting(2).map((item) => ({ ...item, most: maxVideos as never }));
      const result = await runNode(sandbox, limited(options), { items });
      expect(errorOf(result).message).toContain('"Max Videos"');
      expect(await requestsMade()).toEqual({});
    },
  );
});

describe('A preview', () => {
  const preview = (more: INodeParameters = {}) =>
    perRow({ options: { previewOnly: true }, ...more });

  test.each([undefined, ...GOES_ON])(
    'orders nothing, and says of each row: %s',
    async (onError) => {
      const items = lasting(3, { 1: 20 });
      const result = await runNode(sandbox, preview(), { items, ...on(onError) });
      expect(jsonOf(result)).toEqual(
        items.map(({ script, duration }) => ({
          wouldOrder: true,
          reason: 'One of 3 videos, 80 seconds in all',
          request: { avatar_id: expect.any(String), script, language: 'en-US', duration },
        })),
      );
      expect(pairsOf(result)).toEqual([0, 1, 2]);
      expect(await requestsMade()).toEqual({ 'GET /avatars': 1 });
    },
  );

  test('says what is wrong with a row, and that the others would wait for it where the node stops', async () => {
    const items = lasting(3, { 1: 'soon' });
    const stopping = jsonOf(await runNode(sandbox, preview(), { items }));
    expect(stopping.map(({ wouldOrder }) => wouldOrder)).toEqual([false, false, false]);
    expect(stopping[1]).toMatchObject({
      reason: expect.stringMatching(
        /^"Duration \(Seconds\)": "soon" is not a valid duration\. Enter/,
      ),
      request: { duration: 'soon' },
    });
    expect(stopping[0].reason).toMatch(/^Not sent, because item 2 of 3 is invalid\./);

    const going = jsonOf(
      await runNode(sandbox, preview(), { items, ...on('continueErrorOutput') }),
    );
    expect(going.map(({ wouldOrder }) => wouldOrder)).toEqual([true, false, true]);
    expect(going[0].reason).toBe('One of 2 videos, 60 seconds in all');
  });

  test('says which avatars the account has not, and marks equal rows', async () => {
    const items = ['avatar_maria01', 'avatar_nobody', 'avatar_maria01'].map((avatar) => ({
      avatar,
      script: 'The same',
    }));
    const avatarId = { __rl: true, mode: 'id', value: '={{ $json.avatar }}' };
    const script = '={{ $json.script }}';
    const parameters = createVideo({ avatarId, script, options: { previewOnly: true } });
    const [one, missing, same] = jsonOf(await runNode(sandbox, parameters, { items }));
    expect(one).toMatchObject({ wouldOrder: true, reason: expect.stringMatching(/^One of 2/) });
    expect(missing).toMatchObject({
      wouldOrder: false,
      reason: 'Your account has no avatar "avatar_nobody"',
    });
    expect(same.reason).toBe(`${String(one.reason)}. The same order as item 1`);
    expect(await requestsMade()).toEqual({ 'GET /avatars': 1 });
  });

  test('says where a ceiling would stop it', async () => {
    const parameters = perRow({ options: { previewOnly: '={{ true }}', maxVideos: 1 } });
    const [first] = jsonOf(await runNode(sandbox, parameters, { items: lasting(2) }));
    expect(first).toMatchObject({
      wouldOrder: false,
      reason: expect.stringMatching(
        /^This would order 2 videos, 60 seconds in all, but "Max Videos"/,
      ),
    });
  });

  test('works with Batching and does not wait for what is not ordered', async () => {
    const parameters = preview({ waitForCompletion: true, requestOptions: batching });
    const result = await runNode(sandbox, parameters, { items: lasting(3) });
    expect(jsonOf(result).map(({ wouldOrder }) => wouldOrder)).toEqual([true, true, true]);
    expect(await requestsMade()).toEqual({ 'GET /avatars': 1 });
  });
});

describe('A stop for the rest', () => {
  const one = { maxConcurrency: 1 };
  const REST = /^Items 12–200: not sent\.$/m;

  test('a key that is refused is asked for once, not two hundred times', async () => {
    const more = { items: rows(200), apiKey: 'sk_wrong' };
    const result = await runNode(sandbox, createVideo(), more);
    expect(errorOf(result)).toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      item: 0,
    });
    expect(errorOf(result).description).toMatch(/^Items 6–200: not sent\.$/m);
    expect(await requestsMade()).toEqual({ [POST]: 5 });
  });

  test.each([
    [402, 'There are no credits left'],
    [403, 'Your account has no credits left'],
    [429, 'Insufficient credits'],
  ] as const)('credits that are used up, told by a %i', async (status, message) => {
    await sandbox.settings({ credits: 10, creditsRefusal: { status, code: 'no', message } });
    const result = await runNode(sandbox, createVideo({ options: one }), { items: rows(200) });
    expect(errorOf(result)).toMatchObject({
      message: `iTeraBiz says your account has no credits left: ${message}`,
      item: 10,
    });
    expect(errorOf(result).description).toMatch(REST);
    expect(Object.keys(jobsIn(result))).toHaveLength(10);
    const { requests } = await expectPromiseKept(sandbox, result);
    expect(requests).toEqual({ [POST]: 11 });
  });

  test.each(GOES_ON)('with %s each row that was not sent says why', async (onError) => {
    await sandbox.settings({ credits: 2 });
    const parameters = createVideo({ options: one });
    const result = await runNode(sandbox, parameters, { items: rows(6), ...on(onError) });
    expect(endsOf(result).map(({ id, error }) => id ?? error)).toEqual([
      expect.stringMatching(/^video_/),
      expect.stringMatching(/^video_/),
      expect.stringMatching(/^iTeraBiz says your account has no credits left/),
      ...Array(3).fill(
        expect.stringMatching(
          /^Not sent, because iTeraBiz says your account has no credits left: Insufficient credits\. Not tried: the cause, seen at item 3 of 6, affects every item/,
        ),
      ),
    ]);
    expect(await requestsMade()).toEqual({ [POST]: 3 });
  });

  test('iTeraBiz that cannot be reached is not tried for row after row', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.001);
    const result = await runNode(sandbox, createVideo({ options: one }), {
      items: rows(50),
      baseUrl: 'http://127.0.0.1:9',
    });
    jest.restoreAllMocks();
    expect(errorOf(result)).toMatchObject({
      message: expect.stringMatching(
        /^iTeraBiz could not be reached to create the video \(tried 6/,
      ),
      item: 0,
    });
    expect(errorOf(result).description).toMatch(/^Items 2–50: not sent\.$/m);
  });

  test('iTeraBiz that stays busy for one row is left alone', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 503, retryAfter: 9_999, skip: 2 });
    const result = await runNode(sandbox, createVideo({ options: one }), {
      items: rows(5),
      ...asOtherAccount(sandbox),
    });
    expect(textOf(result)).toMatch(/^Items 4–5: not sent\.$/m);
    expect(await requestsMade()).toEqual({ [POST]: 3 });
  });

  const reading = (operation: string, more: INodeParameters = {}): INodeParameters => ({
    resource: 'video',
    operation,
    videoId: byId('={{ `video_${$json.row}` }}'),
    ...more,
  });

  test.each([
    ['get', {}, 'GET /videos/{id}'],
    ['download', {}, 'GET /videos/{id}'],
    ['getAll', { returnAll: true }, 'GET /videos'],
  ])('a key that is refused is asked for once by %s, too', async (operation, more, request) => {
    const parameters = reading(operation, { options: one, ...more });
    const items = rows(30);
    const apiKey = 'sk_wrong';
    const result = await runNode(sandbox, parameters, { items, apiKey });
    expect(errorOf(result)).toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      item: 0,
    });
    expect(errorOf(result).description).toMatch(/^Items 2–30: not sent\.$/m);
    expect(await requestsMade()).toEqual({ [request]: 1 });
    for (const onError of GOES_ON) {
      await sandbox.resetStats();
      const went = await runNode(sandbox, parameters, { items, apiKey, ...on(onError) });
      expect(
        endsOf(went)
          .slice(1)
          .map(({ error }) => error),
      ).toEqual(
        Array(29).fill(expect.stringMatching(/^Not sent, because iTeraBiz does not accept/)),
      );
      expect(await requestsMade()).toEqual({ [request]: 1 });
    }
  });

  test('a video that is not there stops nobody else', async () => {
    const { id } = jsonOf(await runNode(sandbox, createVideo(), { items: rows(1) }))[0];
    const items = ['nowhere', id, 'nowhere', id].map((video) => ({ video }) as IDataObject);
    const parameters = reading('get', { videoId: byId('={{ $json.video }}') });
    const result = await runNode(sandbox, parameters, { items, ...on('continueErrorOutput') });
    expect(jsonOf(result, 0)).toHaveLength(2);
    expect(jsonOf(result, 1)).toHaveLength(2);
  });

  test("somebody else's avatar stops nobody else, and is not told as a wrong key", async () => {
    const avatarId = '={{ $json.row === 1 ? "avatar_other01" : "avatar_maria01" }}';
    const parameters = createVideo({ avatarId: { __rl: true, mode: 'id', value: avatarId } });
    const result = await runNode(sandbox, parameters, { items: rows(4) });
    expect(errorOf(result)).toMatchObject({
      message:
        'iTeraBiz does not allow this API key to create the video: Avatar avatar_other01 belongs to another account',
      item: 1,
    });
    expect(Object.keys(jobsIn(result))).toEqual(['0', '2', '3']);
    expect((await expectPromiseKept(sandbox, result)).requests).toEqual({ [POST]: 4 });
  });
});

describe.each(['stopWorkflow', ...GOES_ON] as const)('With Retry On Fail and %s', (onError) => {
  const settings = { onError, retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
  const tries = 3;

  test('a ceiling holds at each try', async () => {
    const parameters = perRow({ options: { maxVideos: 2 } });
    const result = await runNode(sandbox, parameters, { items: lasting(3), settings });
    const told = errorOf(result).message || endsOf(result)[0].error;
    expect(told).toContain('but "Max Videos" allows only 2');
    expect(await requestsMade()).toEqual({});
  });

  test('a preview orders nothing, though a row is bad', async () => {
    const parameters = perRow({ options: { previewOnly: true } });
    const result = await runNode(sandbox, parameters, { items: lasting(3, { 1: 0 }), settings });
    const goesOn = onError !== 'stopWorkflow';
    expect(endsOf(result).map(({ wouldOrder }) => wouldOrder)).toEqual([goesOn, false, goesOn]);
    expect(await requestsMade()).toEqual(goesOn ? { 'GET /avatars': 1 } : {});
  });

  test('credits that are used up: each try asks once, and orders nothing a second time', async () => {
    await sandbox.settings({ credits: 2 });
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const result = await runNode(sandbox, parameters, { items: rows(6), settings });
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(2);
    expect(requests[POST]).toBeLessThanOrEqual(2 + tries);
    if (onError === 'stopWorkflow') expect(requests[POST]).toBe(2 + tries);
  });
});

describe("A retry from n8n's execution list", () => {
  const one = createVideo({ options: { maxConcurrency: 1 } });

  /** Two of five rows are ordered, then the credits are used up. */
  async function outOfCredits(): Promise<IRun> {
    await sandbox.settings({ credits: 2 });
    const failed = await runNode(sandbox, one, { items: rows(5) });
    expect(errorOf(failed).message).toMatch(/^iTeraBiz says your account has no credits left/);
    expect((await sandbox.stats()).acceptedCount).toBe(2);
    return failed;
  }

  test('after the credits were topped up orders what was not sent', async () => {
    const failed = await outOfCredits();
    await sandbox.settings({ credits: null });
    const result = await runNode(sandbox, one, { retryOf: asRetry(failed) });
    expect(jsonOf(result).map(({ script }) => script)).toEqual(rows(5).map((row) => row.script));
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(5);
    expect(requests).toEqual({ [POST]: 6 });
  });

  test('as a preview tells what was ordered from what would be', async () => {
    const data = asRetry(await outOfCredits());
    const options = { maxConcurrency: 1, previewOnly: true };
    data.executionData!.nodeExecutionStack[0].node.parameters.options = options;
    const result = await runNode(sandbox, createVideo({ options }), { retryOf: data });
    const { accepted, requests } = await sandbox.stats();
    expect(jsonOf(result)).toMatchObject([
      ...accepted.map(({ id }) => ({
        wouldOrder: false,
        reason: 'It was ordered before, in this execution',
        videoId: id,
      })),
      ...Array(3).fill({ wouldOrder: true, reason: expect.stringMatching(/^One of 3 videos, /) }),
    ]);
    expect(requests).toEqual({ 'GET /avatars': 1, [POST]: 3 });
  });
});
