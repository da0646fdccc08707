import type { INodeParameters } from 'n8n-workflow';

import { startSandbox, type Sandbox, type SandboxStats } from '../../../sandbox/client.mts';
import { TOLERANCE } from '../../../nodes/ITeraBiz/account/snapshot.ts';
import { until } from '../../shared/until.mts';
import { createVideo, errorOf, itemsOf, jsonOf, rows, runNode } from '../support.mts';
import { expectPromiseKept, jobsIn, pairsOf, textOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.finish();
  await sandbox.settings({ hold: true });
  await sandbox.resetStats();
});

const LIST = 'GET /videos';
const ONE = 'GET /videos/{id}';
const refusal = { type: 'refuse', status: 503 } as const;

/** Half a minute at the most, so that nothing is left running when a test fails. */
const waiting = (options: INodeParameters = {}) =>
  createVideo({
    waitForCompletion: true,
    options: { pollInterval: 0.1, maxWait: 0.5, ...options },
  });

const looksOf = ({ requests }: SandboxStats) => (requests[LIST] ?? 0) + (requests[ONE] ?? 0);

const submitted = async (count: number) =>
  await until(`${count} videos are submitted`, async () => (await sandbox.stats()).acceptedCount, {
    isSo: (accepted) => accepted === count,
  });

const looks = async (count: number) =>
  await until(`the node has looked ${count} times`, async () => looksOf(await sandbox.stats()), {
    isSo: (made) => made >= count,
  });

async function idOf(row: number): Promise<string> {
  const { accepted } = await sandbox.stats();
  return accepted.find(({ body }) => body.script === `Script number ${row}`)!.id;
}

describe('Waiting for 120 videos', () => {
  test.each(['stop', 'output'] as const)(
    'of which 5 fail and one is never listed, failed videos: %s',
    async (failedVideos) => {
      const running = runNode(
        sandbox,
        waiting({ failedVideos, maxConcurrency: 20, pollInterval: 1 }),
        {
          items: rows(120),
          settings: { onError: 'continueErrorOutput' },
        },
      );
      await submitted(120);
      const bad = await Promise.all([3, 30, 60, 90, 119].map(idOf));
      const unlisted = await idOf(70);
      await sandbox.fault({ on: LIST, type: 'hideVideos', ids: [unlisted], times: 'always' });
      // While the others are still listed: the last one left is asked for by its ID anyway.
      await until(
        'a video is asked for by its ID',
        async () => (await sandbox.stats()).requests[ONE],
      );
      await sandbox.fail(bad, { code: 'dark', message: 'Too dark' });
      await sandbox.finish();

      const result = await running;
      const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
      expect(acceptedCount).toBe(120);
      expect(requests['POST /videos']).toBe(120);
      expect(jsonOf(result)).toContainEqual(
        expect.objectContaining({ id: unlisted, status: 'completed' }),
      );
      const statuses = jsonOf(result).map(({ status }) => status);
      if (failedVideos === 'output') {
        expect(statuses.filter((status) => status === 'failed')).toHaveLength(5);
        expect(pairsOf(result)).toEqual(rows(120).map(({ row }) => row));
        expect(itemsOf(result, 1)).toEqual([]);
      } else {
        expect(statuses).toEqual(Array(115).fill('completed'));
        expect(pairsOf(result, 1)).toEqual([3, 30, 60, 90, 119]);
        expect(jsonOf(result, 1).map(({ row, error }) => [row, error])).toEqual(
          [3, 30, 60, 90, 119].map((row, place) => [
            row,
            expect.stringContaining(`iTeraBiz could not make video ${bad[place]}: Too dark`),
          ]),
        );
      }
      // A look is two pages and the unlisted one; all of them together are far from 120.
      expect(looksOf({ requests } as SandboxStats)).toBeLessThan(60);
    },
  );
});

test('where the node stops, a failed video ends it with all jobs named, without waiting on', async () => {
  const running = runNode(sandbox, waiting(), { items: rows(6) });
  await submitted(6);
  const bad = await idOf(2);
  await sandbox.fail(bad, { code: 'dark', message: 'Too dark' });
  const result = await running;
  expect(errorOf(result)).toMatchObject({
    message: `iTeraBiz could not make video ${bad}: Too dark`,
    item: 2,
  });
  expect(Object.keys(jobsIn(result))).toEqual(['0', '1', '2', '3', '4', '5']);
  await expectPromiseKept(sandbox, result);
});

test('waiting for 100 videos over many looks costs a twentieth of asking one by one, or less', async () => {
  const running = runNode(sandbox, waiting({ maxConcurrency: 20 }), { items: rows(100) });
  await submitted(100);
  await looks(2);
  await sandbox.finish();
  const result = await running;
  expect(jsonOf(result)).toHaveLength(100);
  const stats = await expectPromiseKept(sandbox, result);
  // Each look is one page, so the number of looks is that of requests for it.
  const oneByOne = 100 * (stats.requests[LIST] ?? 0);
  expect(stats.requests[LIST]).toBeGreaterThanOrEqual(2);
  expect(stats.requests[ONE]).toBeUndefined();
  expect(looksOf(stats) / oneByOne).toBeLessThanOrEqual(1 / 20);
});

test('one video is asked for by its ID', async () => {
  const running = runNode(sandbox, waiting(), { items: rows(1) });
  await submitted(1);
  await looks(1);
  await sandbox.finish();
  await running;
  const { requests } = await sandbox.stats();
  expect(requests[LIST]).toBeUndefined();
  expect(requests[ONE]).toBeGreaterThan(0);
});

describe('Canceling', () => {
  async function cancelWhen(ready: () => Promise<unknown>, items: number) {
    const cancel = new AbortController();
    const running = runNode(sandbox, waiting(), { items: rows(items), signal: cancel.signal });
    let isOver = false;
    const end = () => void (isOver = true);
    void running.then(end, end);
    await ready();
    cancel.abort();
    await until('the execution has ended', () => isOver, { seconds: 10 });
    const before = await sandbox.stats();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { before, after: await sandbox.stats() };
  }

  test('ends the wait at once, and no request follows', async () => {
    const { before, after } = await cancelWhen(async () => await looks(1), 3);
    expect(after.requests).toEqual(before.requests);
  });

  test('ends a look that gets no answer, too', async () => {
    await sandbox.fault({ on: LIST, type: 'silence', times: 'always' });
    const { before, after } = await cancelWhen(async () => await looks(1), 3);
    expect(after.requests).toEqual(before.requests);
  });
});

test('a look that is refused, breaks off or brings no JSON is no end', async () => {
  const faults = [
    refusal,
    { ...refusal, status: 429, retryAfter: 1 },
    { type: 'reset' },
    { type: 'cutJson' },
  ] as const;
  await sandbox.settings({ hold: false, queuedMs: 0, processingMs: 0 });
  // One after the other: together they would share their looks.
  for (const [row, fault] of faults.entries()) {
    await sandbox.fault({ ...fault, on: ONE, times: 1 });
    const result = await runNode(sandbox, waiting(), { items: [rows(4)[row]] });
    expect(jsonOf(result)).toMatchObject([{ status: 'completed' }]);
  }
  const { requests, acceptedCount } = await sandbox.stats();
  expect(acceptedCount).toBe(4);
  expect(requests[ONE]).toBe(8);
});

test('a key that is refused for a while during the wait ends it, and names the jobs', async () => {
  await sandbox.fault({ on: LIST, ...refusal, status: 401, times: 'always' });
  const result = await runNode(sandbox, waiting(), { items: rows(3) });
  expect(errorOf(result).message).toMatch(
    /^The wait for video video_\w+ ended: iTeraBiz does not accept the API key/,
  );
  await expectPromiseKept(sandbox, result);
  expect(looksOf(await sandbox.stats())).toBeGreaterThanOrEqual(3);
});

test.each([401, 403])('one %i during the wait ends none of six', async (status) => {
  const running = Promise.all(
    rows(6).map(async (row) => await runNode(sandbox, waiting(), { items: [row] })),
  );
  await submitted(6);
  await sandbox.fault({ on: LIST, ...refusal, status });
  await sandbox.fault({ on: ONE, ...refusal, status });
  await looks(3);
  await sandbox.finish();
  for (const result of await running) {
    expect(jsonOf(result)).toMatchObject([{ status: 'completed' }]);
  }
});

test('giving up names the job and its last status', async () => {
  const result = await runNode(sandbox, waiting({ maxWait: 0.01 }), {
    items: rows(2),
    settings: { onError: 'continueRegularOutput' },
  });
  await expectPromiseKept(sandbox, result);
  expect(jsonOf(result)).toEqual(
    await Promise.all(
      [0, 1].map(async (row) => ({
        ...rows(2)[row],
        error: expect.stringContaining(
          `Video ${await idOf(row)} was not finished after 0.01 minutes (last status: queued)`,
        ),
        details: { videoId: await idOf(row) },
      })),
    ),
  );
});

test('a job that is deleted meanwhile ends its wait, and not that of the others', async () => {
  const running = runNode(sandbox, waiting(), {
    items: rows(2),
    settings: { onError: 'continueErrorOutput' },
  });
  await submitted(2);
  const since = Date.now();
  const gone = await idOf(1);
  await sandbox.fault({ on: LIST, type: 'hideVideos', ids: [gone], times: 'always' });
  await sandbox.fault({ on: ONE, type: 'refuse', status: 404, containing: gone, times: 'always' });
  await until('the video is unknown for a while', async () => Date.now(), {
    isSo: (at) => at > since + 2 * TOLERANCE.unknown,
  });
  await sandbox.finish();
  const result = await running;
  expect(jsonOf(result, 0)).toMatchObject([{ status: 'completed' }]);
  expect(jsonOf(result, 1)[0].error).toContain(`iTeraBiz can no longer find video ${gone}`);
});

test.each([404, 410])('a web page with %i in place of the API ends no wait', async (status) => {
  const running = runNode(sandbox, waiting(), { items: rows(1) });
  await submitted(1);
  const since = Date.now();
  const id = await idOf(0);
  const contentType = 'text/html';
  const body = '<html><head><title>404 Not Found</title></head></html>';
  await sandbox.fault({ on: ONE, type: 'answer', status, contentType, body, times: 'always' });
  await until('the page answers for a while', async () => Date.now(), {
    isSo: (at) => at > since + 2 * TOLERANCE.unknown,
  });
  await looks(2);
  await sandbox.clearFaults();
  await sandbox.finish();
  expect(jsonOf(await running)).toMatchObject([{ id, status: 'completed' }]);
});

test.each([
  ['a web page', { type: 'answer', status: 404, body: '<html></html>' }],
  ['a fault', { type: 'refuse', status: 500 }],
] as const)('one video that is answered by %s holds up no other wait', async (_, fault) => {
  const running = runNode(sandbox, waiting({ maxWait: 0.05 }), {
    items: rows(3),
    settings: { onError: 'continueErrorOutput' },
  });
  await submitted(3);
  const unread = await idOf(1);
  await sandbox.fault({ on: LIST, type: 'hideVideos', ids: [unread], times: 'always' });
  await sandbox.fault({ on: ONE, containing: unread, times: 'always', ...fault });
  await looks(2);
  await sandbox.finish();
  const result = await running;
  expect(pairsOf(result)).toEqual([0, 2]);
  expect(jsonOf(result, 1)).toMatchObject([{ details: { videoId: unread } }]);
});

describe('A list', () => {
  const list = (more: INodeParameters = {}): INodeParameters => ({
    resource: 'video',
    operation: 'getAll',
    returnAll: true,
    ...more,
  });

  test('that repeats its last page ends with a message and few requests', async () => {
    await sandbox.addVideos(150);
    await sandbox.fault({ on: LIST, type: 'ignoreCursor', times: 'always' });
    const result = await runNode(sandbox, list());
    expect(errorOf(result).message).toBe(
      'The list from iTeraBiz stopped after 100 entries although it says there are more',
    );
    expect(errorOf(result).description).toContain(
      'Turn Return All off and set Limit to 100 or less',
    );
    expect((await sandbox.stats()).requests).toEqual({ [LIST]: 2 });
  });

  test('is read to the limit, and no page further', async () => {
    await sandbox.addVideos(250);
    const result = await runNode(sandbox, list({ returnAll: false, limit: 101 }));
    expect(jsonOf(result)).toHaveLength(101);
    const { requests, contractViolations } = await sandbox.stats();
    expect(requests).toEqual({ [LIST]: 2 });
    expect(contractViolations).toEqual([]);
  });

  test('is read to its end, each entry once', async () => {
    const all = await sandbox.videos();
    const result = await runNode(sandbox, list());
    expect(jsonOf(result).map(({ id }) => id)).toEqual(all.map(({ id }) => id).reverse());
  });

  test('that is refused for a while, or breaks off, is read all the same', async () => {
    await sandbox.fault({ on: LIST, type: 'refuse', status: 503, retryAfter: 0 });
    await sandbox.fault({ on: LIST, type: 'truncate', skip: 1 });
    await sandbox.fault({ on: LIST, type: 'refuse', status: 502, retryAfter: 0 });
    const result = await runNode(sandbox, list({ returnAll: false, limit: 5 }));
    expect(jsonOf(result)).toHaveLength(5);
  });

  test('of several items points from each entry to its item', async () => {
    const result = await runNode(sandbox, list({ returnAll: false, limit: '={{ $json.limit }}' }), {
      items: [{ limit: 2 }, { limit: 3 }, { limit: 1 }],
    });
    expect(pairsOf(result)).toEqual([0, 0, 1, 1, 1, 2]);
  });

  test('that cannot be read says so, without markup', async () => {
    const page = '<html><head><title>Welcome</title></head><body>hello</body></html>';
    await sandbox.fault({
      on: LIST,
      type: 'answer',
      status: 200,
      body: page,
      contentType: 'text/html',
    });
    const result = await runNode(sandbox, list());
    expect(errorOf(result).message).toBe(
      'The answer to the request to list the videos does not look like one from iTeraBiz',
    );
    expect(textOf(result)).not.toMatch(/[<>]|hello/);
  });
});

test('a new video that is invisible for a while is waited for', async () => {
  const running = runNode(sandbox, waiting(), { items: rows(1) });
  await submitted(1);
  const id = await idOf(0);
  const hidden = { on: ONE, type: 'refuse', status: 404, containing: id } as const;
  // Two polls, by the Poll Interval of two seconds: less than TOLERANCE.unknown.
  await sandbox.fault({ ...hidden, times: 2 });
  await looks(3);
  await sandbox.finish();
  expect(jsonOf(await running)).toMatchObject([{ id, status: 'completed' }]);
});

test('a completed video whose link is still missing is waited for', async () => {
  const running = runNode(sandbox, waiting(), { items: rows(1) });
  await submitted(1);
  const id = await idOf(0);
  const early = JSON.stringify({ id, status: 'completed', video_url: null });
  await sandbox.fault({ on: ONE, type: 'answer', status: 200, body: early, times: 2 });
  await looks(3);
  await sandbox.finish();
  expect(jsonOf(await running)).toMatchObject([{ id, video_url: expect.stringContaining('http') }]);
});
