import type { INodeExecutionData } from 'n8n-workflow';

import type { ApiClient } from '../client/apiClient';
import { eachItem } from '../run/eachItem';
import { Results } from '../run/results';
import type { Run } from '../run/run';

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
    const output = await results.of(item, async () => {
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
