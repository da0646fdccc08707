import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { asOtherAccount, createVideo, errorOf, jsonOf, rows, runNode } from '../support.mts';
import {
  acceptedScripts,
  expectPromiseKept,
  hideVideosSoFar,
  jobsIn,
  lineOf,
  pairsOf,
  textOf,
} from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.resetStats();
  // Pauses are a random part of a limit: a small one here, so that the tests are short.
  jest.spyOn(Math, 'random').mockReturnValue(0.02);
});
afterEach(() => void jest.restoreAllMocks());

const busy = { on: 'POST /videos', type: 'refuse', status: 429 } as const;

test('a 429 with Retry-After is sent again after that time, and not before', async () => {
  await sandbox.fault({ ...busy, retryAfter: 2 });
  const start = Date.now();
  const result = await runNode(sandbox, createVideo(), { items: rows(1) });
  // Not a measurement: less would mean that the header was not obeyed.
  expect(Date.now() - start).toBeGreaterThanOrEqual(2_000);
  expect(jsonOf(result)).toHaveLength(1);
  const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
  expect(acceptedCount).toBe(1);
  expect(requests).toEqual({ 'POST /videos': 2 });
});

test('one 429 holds back the rows beside it', async () => {
  await sandbox.fault({ ...busy, retryAfter: 1 });
  const result = await runNode(sandbox, createVideo(), { items: rows(12) });
  const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
  expect(acceptedCount).toBe(12);
  expect(requests).toEqual({ 'POST /videos': 13 });
});

test('ten times 429 without Retry-After, as with a limit per minute: waited for', async () => {
  await sandbox.fault({ ...busy, times: 10 });
  const result = await runNode(sandbox, createVideo(), { items: rows(1) });
  const { requests } = await expectPromiseKept(sandbox, result);
  expect(requests).toEqual({ 'POST /videos': 11 });
});

test('always 429 without Retry-After: given up, and a message that says how long', async () => {
  await sandbox.fault({ ...busy, times: 'always' });
  const result = await runNode(sandbox, createVideo(), { items: rows(1) });
  const { message, description, item } = errorOf(result);
  expect(message).toMatch(
    /^iTeraBiz is too busy to create the video \(tried 20 times over \d+ seconds?\)$/,
  );
  expect(description).toMatch(/Please try again later \(status 429\).*nothing was made or charged/);
  expect(item).toBe(0);
  const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
  expect(acceptedCount).toBe(0);
  expect(requests).toEqual({ 'POST /videos': 20 });
});

test('a Retry-After beyond all patience is not waited for, and asked no more', async () => {
  await sandbox.fault({ ...busy, retryAfter: 86_400, times: 'always' });
  const other = asOtherAccount(sandbox);
  const result = await runNode(sandbox, createVideo(), { items: rows(1), ...other });
  expect(errorOf(result).message).toBe('iTeraBiz is too busy to create the video');
  expect((await sandbox.stats()).requests).toEqual({ 'POST /videos': 1 });
  // Other executions are held back as well: they say so, and ask nothing.
  const later = await Promise.all(
    rows(20).map(async (row) => await runNode(sandbox, createVideo(), { items: [row], ...other })),
  );
  later.forEach((one) =>
    expect(errorOf(one).message).toBe('iTeraBiz is too busy to create the video'),
  );
  expect((await sandbox.stats()).requests).toEqual({ 'POST /videos': 1 });
});

test('a burst of 503 in the middle of 50 submissions is waited out', async () => {
  await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 503, skip: 20, times: 8 });
  const result = await runNode(sandbox, createVideo(), { items: rows(50) });
  expect(errorOf(result).message).toBe('');
  expect(jsonOf(result).map(({ script }) => script)).toEqual(rows(50).map(({ script }) => script));
  expect(pairsOf(result)).toEqual(rows(50).map(({ row }) => row));
  const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
  expect(acceptedCount).toBe(50);
  expect(requests).toEqual({ 'POST /videos': 58 });
});

test('a key that is revoked in the middle: what was accepted before is named', async () => {
  await sandbox.fault({
    on: 'POST /videos',
    type: 'refuse',
    status: 401,
    skip: 7,
    times: 'always',
  });
  const result = await runNode(sandbox, createVideo(), { items: rows(20) });
  expect(errorOf(result).message).toBe('iTeraBiz does not accept the API key of this credential');
  expect(textOf(result)).not.toContain(sandbox.apiKey);
  // Of thirteen only those fail that were under way; the rest is not sent.
  const { description } = errorOf(result);
  const refused = rows(20).filter(({ row }) =>
    lineOf(Number(row), description)?.startsWith('iTeraBiz does not accept the API key'),
  );
  const notSent = rows(20).filter(({ row }) => lineOf(Number(row), description) === 'not sent');
  expect(refused.length).toBeLessThan(5);
  expect(1 + refused.length + notSent.length).toBe(13);
  const { accepted, acceptedCount, requests } = await expectPromiseKept(sandbox, result);
  expect(requests).toEqual({ 'POST /videos': 8 + refused.length });
  expect(acceptedCount).toBe(7);
  expect(Object.values(jobsIn(result)).sort()).toEqual(accepted.map(({ id }) => id).sort());
});

test('a refused connection is tried again, and said to have sent nothing', async () => {
  const nobodyThere = 'http://127.0.0.1:1/v1';
  const result = await runNode(sandbox, createVideo(), { items: rows(1), baseUrl: nobodyThere });
  expect(errorOf(result).message).toMatch(/^iTeraBiz could not be reached.*\(tried 6 times over/);
  expect(errorOf(result).description).toContain('so nothing was sent');
});

describe('In flight', () => {
  test.each([1, 3, 5])('are never more than Max Concurrency: %i', async (maxConcurrency) => {
    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 150, times: 'always' });
    const result = await runNode(sandbox, createVideo({ options: { maxConcurrency } }), {
      items: rows(15),
    });
    const { maxInFlight, acceptedCount } = await expectPromiseKept(sandbox, result);
    expect(maxInFlight.POST).toBe(maxConcurrency);
    expect(acceptedCount).toBe(15);
  });

  test('are five where the user chose nothing', async () => {
    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 150, times: 'always' });
    await runNode(sandbox, createVideo(), { items: rows(15) });
    expect((await sandbox.stats()).maxInFlight.POST).toBe(5);
  });

  test('are one at a time in input order with a concurrency of 1', async () => {
    await runNode(sandbox, createVideo({ options: { maxConcurrency: 1 } }), { items: rows(10) });
    expect(acceptedScripts(await sandbox.stats())).toEqual(rows(10).map(({ script }) => script));
  });

  test("n8n's own Batching works on top", async () => {
    const batching = { batch: { batchSize: 2, batchInterval: 300 } };
    const start = Date.now();
    const result = await runNode(sandbox, createVideo({ requestOptions: { batching } }), {
      items: rows(6),
    });
    // Not a measurement: less would mean that the two pauses were not made.
    expect(Date.now() - start).toBeGreaterThanOrEqual(600);
    const { maxInFlight, acceptedCount } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(6);
    expect(maxInFlight.POST).toBeLessThanOrEqual(5);
    expect(pairsOf(result)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

test.each([521, 500])(
  'from the 11th of 60 rows on only %i: a few are in doubt, the rest is not sent',
  async (status) => {
    await hideVideosSoFar(sandbox);
    await sandbox.fault({ on: 'POST /videos', type: 'refuse', status, skip: 10, times: 'always' });
    const result = await runNode(sandbox, createVideo(), {
      items: rows(60),
      settings: { onError: 'continueRegularOutput' },
    });
    const ends = jsonOf(result).map(({ id, error }) => String(id ?? error));
    const count = (start: RegExp) => ends.filter((one) => start.test(one)).length;
    const { requests, acceptedCount } = await sandbox.stats();
    expect(acceptedCount).toBe(10);
    expect(requests['POST /videos']).toBeLessThanOrEqual(20);
    expect(count(/^video_/)).toBe(10);
    expect(count(/^Check this one/)).toBe(requests['POST /videos'] - 10);
    expect(count(/^Not sent, because iTeraBiz gave no clear answer/)).toBe(
      60 - requests['POST /videos'],
    );
  },
);
