import type { INodeExecutionData } from 'n8n-workflow';

import type { ApiClient } from '../client/apiClient';
import { now, pause, yielder } from '../client/time';
import { Results } from './results';
import type { Run } from './run';

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
      const index = next++;
      const early = start + Math.floor(index / size) * interval - now();
      if (early > 0) await pause(early, signal);
      await yieldIfDue();
      await task(items[index]);
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, work);
  // Even when canceled, tasks that have begun are awaited: others may depend on their outcome.
  await Promise.allSettled(workers);
  await Promise.all(workers);
}

/**
 * Carries out an operation whose items are independent of each other.
 *
 * @param task for one item; returns its output
 * @throws {NodeApiError} if an item failed and the node stops on errors
 */
export async function perItem(
  run: Run,
  task: (item: number, client: ApiClient) => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
  const results = new Results(run);
  await eachItem(run, itemsOf(run), run.concurrency, async (item) => {
    // All results are dropped when the node stops, so no more are fetched.
    if (results.isStopped) return void results.skipped.add(item);
    const output = await results.attempt(item, async () => {
      results.throwIfAborted();
      return await task(item, await run.client());
    });
    if (output) results.outputs.set(item, output);
  });
  return results.collect();
}

/** The items of a run, numbered from 0 as in n8n. */
export function itemsOf({ size }: Run): number[] {
  return Array.from({ length: size }, (_, item) => item);
}
