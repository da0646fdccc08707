import fc from 'fast-check';
import type { INode } from 'n8n-workflow';

import { startSandbox, type FaultEffect, type Sandbox } from '../../../sandbox/client.mts';
import { cases } from '../../shared/cases.mts';
import { createVideo, errorOf, itemsOf, rows, runNode } from '../support.mts';
import { lineOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()), 120_000);
afterAll(async () => await sandbox.stop());

const FAULTS: FaultEffect[] = [
  { type: 'refuse', status: 429, retryAfter: 0 },
  { type: 'refuse', status: 400 },
  { type: 'refuse', status: 401 },
  { type: 'refuse', status: 402 },
  { type: 'refuse', status: 403 },
];

const scene = fc.record({
  /** For each row its duration, and what meets its first sending */
  table: fc.array(
    fc.record({
      duration: fc.constantFrom<unknown>(10, 30, '20', 60, 0, 'long', null),
      fault: fc.option(fc.constantFrom(...FAULTS), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  maxVideos: fc.option(fc.integer({ min: 1, max: 8 })),
  maxSeconds: fc.option(fc.integer({ min: 1, max: 200 })),
  maxConcurrency: fc.integer({ min: 1, max: 4 }),
  onError: fc.constantFrom<INode['onError'][]>(
    'stopWorkflow',
    'continueRegularOutput',
    'continueErrorOutput',
  ),
  retryOnFail: fc.boolean(),
  isBatched: fc.boolean(),
});

test('never a video above a ceiling, none while a row is bad under stop, no row without an answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      scene,
      async ({ table, maxVideos, maxSeconds, maxConcurrency, onError, retryOnFail, isBatched }) => {
        await sandbox.clearFaults();
        await sandbox.resetStats();
        for (const [row, { fault }] of table.entries()) {
          const containing = `number ${row}"`;
          if (fault) await sandbox.fault({ ...fault, on: 'POST /videos', containing });
        }
        const batching = { batch: { batchSize: 2, batchInterval: 5 } };
        const parameters = createVideo({
          duration: '={{ $json.duration }}',
          options: {
            maxConcurrency,
            ...(maxVideos !== null && { maxVideos }),
            ...(maxSeconds !== null && { maxSeconds }),
          },
          ...(isBatched && { requestOptions: { batching } }),
        });
        const items = rows(table.length).map((row, at) => ({
          ...row,
          duration: table[at].duration as never,
        }));
        const result = await runNode(sandbox, parameters, {
          items,
          settings: { onError, retryOnFail, maxTries: 2, waitBetweenTries: 1 },
        });

        const { ordered, requests } = await sandbox.stats();
        expect(ordered.videos).toBeLessThanOrEqual(maxVideos ?? Infinity);
        expect(ordered.seconds).toBeLessThanOrEqual(maxSeconds ?? Infinity);

        const isBad = ({ duration }: (typeof table)[number]) => !(Number(duration) >= 1);
        if (onError === 'stopWorkflow' && table.some(isBad)) expect(requests).toEqual({});

        const { message, item, description } = errorOf(result);
        const given = [...itemsOf(result, 0), ...itemsOf(result, 1)];
        for (const row of table.keys()) {
          const own = given.find(({ pairedItem }) => (pairedItem as { item: number }).item === row);
          const told = own?.json.id ?? own?.json.error ?? lineOf(row, description);
          expect([row, item === row ? message : told]).toEqual([row, expect.stringMatching(/\S/)]);
        }
      },
    ),
    { numRuns: cases(15) },
  );
});
