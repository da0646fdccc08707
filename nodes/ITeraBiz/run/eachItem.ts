import type { INodeExecutionData } from 'n8n-workflow';

import type { ApiClient } from '../client/apiClient';
import { now, pause, yielder } from '../client/time';
import { Results } from './results';
import type { Run } from './run';

/**
 * Runs a task for each item, in order, `concurrency` at a time, at the pace of n8n's Batching.
 *
 * @param task does not throw, unless the execution was canceled
 * @param isOver whether tasks send nothing any longer, so that no pause is due
 * @throws the signal's reason
 */
export async function eachItem<T>(
  { batching: { size, interval }, signal }: Pick<Run, 'batching' | 'signal'>,
  items: T[],
  concurrency: number,
  task: (item: T) => Promise<void>,
  isOver = () => false,
): Promise<void> {
  const yieldIfDue = yielder();
  const start = now();
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      const early = start + Math.floor(index / size) * interval - now();
      if (early > 0 && !isOver()) await pause(early, signal);
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
 * Carries out a task for each item, where items are independent of each other.
 *
 * @returns what it returned, by item; failures are in the results
 */
export async function attemptEach<T>(
  results: Results,
  task: (item: number, client: ApiClient) => Promise<T>,
): Promise<Map<number, T>> {
  const { run } = results;
  await run.assertOneAccount();
  const done = new Map<number, T>();
  const items = Array.from({ length: run.size }, (_, item) => item);
  await eachItem(
    run,
    items,
    run.concurrency,
    async (item) => {
      // All results are dropped when the node stops, so no more are fetched.
      if (results.isStopped) return void results.skipped.add(item);
      const result = await results.attempt(item, async () => {
        results.throwIfAborted();
        const output = await task(item, await run.client());
        results.gotThrough();
        return output;
      });
      if (result !== undefined) done.set(item, result);
    },
    () => results.isStopped || results.isAborted,
  );
  return done;
}

/** The same for a task that returns the item's output. @throws {NodeApiError} as `collect` */
export async function perItem(
  run: Run,
  task: (item: number, client: ApiClient) => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
  const results = new Results(run);
  const outputs = await attemptEach(results, task);
  outputs.forEach((output, item) => results.outputs.set(item, output));
  return results.collect();
}
