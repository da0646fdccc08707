import fc from 'fast-check';
import type { INode, IRun } from 'n8n-workflow';

import { startSandbox, type FaultEffect, type Sandbox } from '../../../sandbox/client.mts';
import { cases } from '../../shared/cases.mts';
import { createVideo, errorOf, itemsOf, jsonOf, rows, runNode } from '../support.mts';
import { lineOf, textOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());

type Kind = 'busy' | 'late' | 'refused' | 'unheard' | 'lost';

/** What can meet one sending of a row, and what it does to it. */
const faults: [Kind, FaultEffect][] = [
  // Nothing happened, and it may be sent again.
  ['busy', { type: 'refuse', status: 429, retryAfter: 0 }],
  ['busy', { type: 'refuse', status: 503, retryAfter: 0 }],
  // All is well, only slow.
  ['late', { type: 'delay', ms: 15 }],
  ['late', { type: 'delay', ms: 15, when: 'after' }],
  // Nothing happened, and nothing will.
  ['refused', { type: 'refuse', status: 400 }],
  // Nothing happened, but nobody can know.
  ['unheard', { type: 'reset' }],
  ['unheard', { type: 'refuse', status: 502 }],
  // It was accepted, but the answer does not say so.
  ['lost', { type: 'reset', when: 'after' }],
  ['lost', { type: 'refuse', status: 502, when: 'after' }],
  ['lost', { type: 'truncate' }],
  ['lost', { type: 'cutJson' }],
];

const scene = fc.record({
  /** For each row what meets its first sending, its second, and so on. */
  schedule: fc.array(fc.array(fc.constantFrom(...faults), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  }),
  maxConcurrency: fc.integer({ min: 1, max: 6 }),
  onError: fc.constantFrom<INode['onError'][]>(
    'stopWorkflow',
    'continueRegularOutput',
    'continueErrorOutput',
  ),
  retryOnFail: fc.boolean(),
});

/** What the user reads of a row that did not go well. */
function fateOf(row: number, result: IRun): string {
  const { item, message, description } = errorOf(result);
  if (item === row) return message;
  const line = lineOf(row, description);
  if (line) return line;
  const own = [...itemsOf(result, 0), ...itemsOf(result, 1)].find(
    ({ pairedItem }) => (pairedItem as { item: number }).item === row,
  );
  return String(own?.json.error ?? '');
}

test('whatever goes wrong: no row is accepted twice, no accepted job is left unsaid', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ schedule, maxConcurrency, onError, retryOnFail }) => {
      await sandbox.clearFaults();
      await sandbox.resetStats();
      const orders = schedule.flatMap((meets, row) =>
        meets.map(([, effect], skip) => {
          const containing = `number ${row}"`;
          return sandbox.fault({ ...effect, on: 'POST /videos', skip, containing });
        }),
      );
      await Promise.all(orders);
      const result = await runNode(sandbox, createVideo({ options: { maxConcurrency } }), {
        items: rows(schedule.length),
        settings: { onError, retryOnFail, maxTries: 3, waitBetweenTries: 1 },
      });

      const { accepted, maxInFlight, contractViolations } = await sandbox.stats();
      expect(contractViolations).toEqual([]);
      expect(maxInFlight.POST).toBeLessThanOrEqual(maxConcurrency);
      const told = JSON.stringify([...jsonOf(result, 0), ...jsonOf(result, 1)]) + textOf(result);

      for (const [row, meets] of schedule.entries()) {
        const could = (kind: Kind) => meets.some(([is]) => is === kind);
        const jobs = accepted.filter(({ body }) => body.script === `Script number ${row}`);
        expect(jobs.length).toBeLessThanOrEqual(1);

        const isTold = jobs.length === 1 && told.includes(jobs[0].id);
        const fate = fateOf(row, result);
        // After some doubts in a row, the rest is not sent.
        if (
          jobs.length === 0 &&
          /^(Not sent, because iTeraBiz gave no clear answer|not sent$)/.test(fate)
        ) {
          const doubtful = schedule.filter((all) =>
            all.some(([is]) => is === 'unheard' || is === 'lost'),
          );
          expect(doubtful.length).toBeGreaterThanOrEqual(5);
          continue;
        }
        if (!['refused', 'unheard', 'lost'].some((kind) => could(kind as Kind))) {
          expect([row, isTold]).toEqual([row, true]);
        } else if (jobs.length === 1 && !isTold) {
          expect(could('lost')).toBe(true);
          expect(fate).toMatch(/^Check this one: /);
        } else if (jobs.length === 0) {
          expect(fate).toMatch(
            could('refused') ? /^(Check this one|iTeraBiz could not)/ : /^Check this one: /,
          );
        }
      }
    }),
    { numRuns: cases(15) },
  );
});
