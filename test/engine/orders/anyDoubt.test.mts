/** Whatever is lost on the way, and however late the list is: nobody pays for more than was wanted. */
import fc from 'fast-check';
import type { INodeParameters, IRun } from 'n8n-workflow';

import { startSandbox, type FaultEffect, type Sandbox } from '../../../sandbox/client.mts';
import { cases } from '../../shared/cases.mts';
import { hideVideosSoFar, textOf } from '../runs/promise.mts';
import { asRetry, createVideo, errorOf, jsonOf, runNode } from '../support.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());

const HOURS = 3 * 60 * 60_000;
const WORDS = ['p', 'q', 'r'];

const faults: FaultEffect[] = [
  { type: 'reset' },
  { type: 'reset', when: 'after' },
  { type: 'refuse', status: 502 },
  { type: 'refuse', status: 502, when: 'after' },
  { type: 'truncate' },
  { type: 'refuse', status: 429, retryAfter: 0 },
];

const scene = fc.record({
  /** Rows of the same word are the same order, and each of them is wanted */
  rows: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 5 }),
  /** What meets the submissions, in the order in which they come */
  meets: fc.array(fc.option(fc.constantFrom(...faults)), { maxLength: 8 }),
  /** How late the list is, in milliseconds; it never tells within three hours */
  lag: fc.constantFrom(0, 50, HOURS),
  isRetrying: fc.boolean(),
  resubmitUnknown: fc.boolean(),
  maxConcurrency: fc.integer({ min: 1, max: 4 }),
});

const countOf = (words: string[], word: string) => words.filter((one) => one === word).length;

/** Each scene is of another account: what this process has just made is known of an account. */
let account = 0;

async function begin(lag: number, meets: (FaultEffect | null)[]): Promise<void> {
  account++;
  await sandbox.clearFaults();
  await hideVideosSoFar(sandbox);
  await sandbox.settings({ listLagMs: lag });
  await sandbox.resetStats();
  for (const [skip, effect] of meets.entries()) {
    if (effect) await sandbox.fault({ ...effect, on: 'POST /videos', skip });
  }
}

const ordered = async () => (await sandbox.stats()).accepted.map(({ body }) => String(body.script));

/** Runs the node, and then, as a person would, Retry from the execution list, so often at the most. */
async function runAndRetry(
  parameters: INodeParameters,
  rows: string[],
  isRetrying: boolean,
  mostRetries = 3,
): Promise<IRun> {
  const settings = { retryOnFail: isRetrying, maxTries: 2, waitBetweenTries: 1 };
  const items = rows.map((script) => ({ script }));
  const baseUrl = sandbox.url.replace('/v1', `/${'./'.repeat(account)}v1`);
  let result = await runNode(sandbox, parameters, { items, settings, baseUrl });
  for (let retries = 0; retries < mostRetries && errorOf(result).message !== ''; retries++) {
    result = await runNode(sandbox, parameters, {
      retryOf: asRetry(result),
      settings,
      baseUrl,
    });
  }
  return result;
}

test('run, run at the same time, and retried: never more than wanted, and found is all that the list shows', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ rows, meets, lag, isRetrying, maxConcurrency, ...more }) => {
      // Of a list that never tells, the user has been told that it is a gamble.
      const resubmitUnknown = more.resubmitUnknown && lag < HOURS;
      await begin(lag, meets);
      const parameters = createVideo({ options: { maxConcurrency, resubmitUnknown } });
      // Each fault may meet the same row: all are behind it only after as many retries.
      const mostRetries = resubmitUnknown ? meets.length : 3;
      const results = await Promise.all(
        [rows, rows].map(async (own) => {
          return await runAndRetry(parameters, own, isRetrying, mostRetries);
        }),
      );

      const { accepted } = await sandbox.stats();
      const words = await ordered();
      for (const word of WORDS) {
        expect(countOf(words, word)).toBeLessThanOrEqual(2 * countOf(rows, word));
      }
      const told = results.map((result) => JSON.stringify(jsonOf(result)) + textOf(result)).join();
      if (lag === HOURS) return;
      for (const { id } of accepted) expect(told).toContain(id);
      if (resubmitUnknown) expect(words).toHaveLength(2 * rows.length);
    }),
    { numRuns: cases(12) },
  );
});

test('run again with what exists: one video per row, whatever was lost before', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ rows, meets, isRetrying, maxConcurrency }) => {
      await begin(0, meets.slice(0, 4));
      const options = { maxConcurrency, whenVideoExists: 'reuse' };
      const parameters = createVideo({ options });
      // A new execution each time, until one of them meets no fault any more.
      let last = await runAndRetry(parameters, rows, isRetrying);
      for (let again = 0; again < 4 && errorOf(last).message !== ''; again++) {
        last = await runAndRetry(parameters, rows, isRetrying);
      }
      expect(errorOf(last).message).toBe('');
      expect(jsonOf(last).map(({ script }) => script)).toEqual(rows);
      expect(new Set(jsonOf(last).map(({ id }) => id)).size).toBe(rows.length);
      expect((await ordered()).sort()).toEqual([...rows].sort());
    }),
    { numRuns: cases(12) },
  );
});
