import type { INodeExecutionData } from 'n8n-workflow';

import type { ApiClient } from '../client/apiClient';
import { now, pause } from '../client/time';
import { Results } from './results';
import type { Run } from './run';

/** The longest that a run computes without a break, in milliseconds. */
const MAX_BLOCK = 25;

/** A function to call once per item: lets n8n get on with other work after a while of computing. */
export function yielder(): () => Promise<void> {
  let last = now();
  return async () => {
    if (now() - last < MAX_BLOCK) return;
    await pause(0);
    last = now();
  };
}

/**
 * Runs a task for each item, in order, `concurrency` at a time, at the pace of n8n's Batching.
 *
 * @param task does not throw, unless the execution was canceled
 */
export async function eachItem<T>(
  { batching: { size, interval }, signal }: Pick<Run, 'batching' | 'signal'>,
  items: T[],
  concurrency: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const yieldIfDue = yielder();
  const start = now();
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const place = next++;
      const early = start + Math.floor(place / size) * interval - now();
      if (early > 0) await pause(early, signal);
      await yieldIfDue();
      await task(items[place]);
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, work);
  // Also when canceled, every task that has begun ends: others may wait for its outcome.
  await Promise.allSettled(workers);
  await Promise.all(workers);
}

/**
 * Carries out an operation in which each item is its own matter.
 *
 * @param task for one item; returns its output
 * @throws {NodeApiError} where an item failed and the node is to stop
 */
export async function perItem(
  run: Run,
  task: (item: number, client: ApiClient) => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
  const results = new Results(run);
  await eachItem(run, itemsOf(run), run.concurrency, async (item) => {
    const output = await results.attempt(item, async () => {
      results.throwIfAborted();
      return await task(item, await run.client());
    });
    if (output) results.outputs.set(item, output);
  });
  return results.collect();
}

/** The items of a run, as n8n counts them: from 0. */
export function itemsOf({ size }: Run): number[] {
  return Array.from({ length: size }, (_, item) => item);
}
