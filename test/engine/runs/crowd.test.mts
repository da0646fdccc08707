/** Many executions in one process that use the same account, or not. */
import type { IDataObject, IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { createVideo, errorOf, jsonOf, type NodeRunOptions, runNode } from '../support.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.finish();
  await sandbox.settings({ hold: true });
  await sandbox.resetStats();
});

const scriptOf = (row: number) => `Script number ${row}`;

/** An execution of one row. */
async function one(
  row: number,
  options: IDataObject = {},
  more: NodeRunOptions & { wait?: boolean } = {},
): Promise<IRun> {
  const { wait = true, ...run } = more;
  return await runNode(
    sandbox,
    createVideo({
      script: scriptOf(row),
      waitForCompletion: wait,
      options: { pollInterval: 1, maxWait: 2, ...options } as never,
    }),
    run,
  );
}

const crowd = (count: number, of: (row: number) => Promise<IRun>) =>
  Promise.all(Array.from({ length: count }, (_, row) => of(row)));

const submitted = async (count: number) =>
  await until(`${count} are submitted`, async () => (await sandbox.stats()).acceptedCount, {
    isSo: (accepted) => accepted === count,
    seconds: 60,
  });

const looks = async () => {
  const { requests } = await sandbox.stats();
  return (requests['GET /videos'] ?? 0) + (requests['GET /videos/{id}'] ?? 0);
};

test('sixty executions have five requests under way together, and share their looks', async () => {
  const running = crowd(60, async (row) => await one(row));
  await submitted(60);
  const before = await looks();
  await until('there were three more looks', async () => (await looks()) >= before + 3);
  await sandbox.finish();
  const results = await running;

  const { maxInFlight, requests, acceptedCount } = await sandbox.stats();
  expect(maxInFlight.all).toBeLessThanOrEqual(5);
  expect(acceptedCount).toBe(60);
  expect(requests['POST /videos']).toBe(60);
  // A look of their own would take 60 each time.
  expect(await looks()).toBeLessThan(60);
  results.forEach((result, row) =>
    expect(jsonOf(result)).toMatchObject([{ script: scriptOf(row), status: 'completed' }]),
  );
});

test('what the API asks of one of them, all of them do', async () => {
  await sandbox.settings({ hold: false });
  await sandbox.fault({
    on: 'POST /videos',
    type: 'refuse',
    status: 429,
    retryAfter: 2,
    times: 5,
  });
  const results = await crowd(60, async (row) => await one(row, {}, { wait: false }));
  const { requests, acceptedCount } = await sandbox.stats();
  expect(acceptedCount).toBe(60);
  expect(requests['POST /videos']).toBeLessThanOrEqual(70);
  expect(results.map((result) => errorOf(result).message)).toEqual(Array(60).fill(''));
});

test('nothing is mixed up when they differ, some are canceled, and some fail', async () => {
  const stop = new AbortController();
  const options = [{ maxConcurrency: 1 }, { maxConcurrency: 9 }, { pollInterval: 1.5 }, {}];
  const running = crowd(24, async (row) => {
    const kind = row % 6;
    return await one(row, options[row % 4], {
      ...(kind === 4 && { apiKey: 'sk_wrong_key' }),
      ...(kind === 5 && { signal: stop.signal }),
    });
  });
  await submitted(20);
  const { accepted } = await sandbox.stats();
  const idOf = (row: number) => accepted.find(({ body }) => body.script === scriptOf(row))!.id;
  stop.abort();
  await sandbox.fail([0, 6].map(idOf), { code: 'dark', message: 'Too dark' });
  await sandbox.finish();
  const results = await running;

  expect((await sandbox.stats()).acceptedCount).toBe(20);
  results.forEach((result, row) => {
    const said = errorOf(result).message;
    if (row % 6 === 5) return expect(jsonOf(result)).toEqual([]);
    if (row % 6 === 4) {
      return expect(said).toBe('iTeraBiz does not accept the API key of this credential');
    }
    if (row === 0 || row === 6) {
      return expect(said).toBe(`iTeraBiz could not make video ${idOf(row)}: Too dark`);
    }
    return expect(jsonOf(result)).toMatchObject([{ id: idOf(row), script: scriptOf(row) }]);
  });
});
