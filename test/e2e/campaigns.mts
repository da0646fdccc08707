/** What the tests of the wait share, on one n8n process and on many. */
import { requireAsN8n } from '../../n8n/install.mts';
import type { Execution } from '../../n8n/rest.mts';
import { createVideo } from '../shared/createVideo.mts';

/** Video: Create with the script of each row, waiting until it is finished. */
export const createAndWait = {
  ...createVideo,
  waitForCompletion: true,
};

/** What a node gave out on its first output in its last run. */
export function outputOf(execution: Execution, node: string): Record<string, unknown>[] {
  const [items] = execution.data.resultData.runData[node]?.at(-1)?.data?.main ?? [];
  return (items ?? []).map(({ json }) => json);
}

/**
 * Whether the node leaves waits to the n8n that is tested. Asked in the way that the node asks
 * (`waiting/parked/park.ts`): earlier ones than 2.41 can leave an execution waiting for ever.
 */
export function n8nTakesOverWaits(): boolean {
  return 'WAIT_FOR_SUB_EXECUTION' in (requireAsN8n()('n8n-workflow') as object);
}

/** A test of waits that n8n has taken over. */
export const testWhereN8nWaits = n8nTakesOverWaits() ? test : test.skip;
