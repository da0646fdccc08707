import type { INodeExecutionData } from 'n8n-workflow';

import type { Video } from '../api/video';
import type { Item } from '../run/item';
import { handOver } from './handOver';
import { canPark } from './parked/park';
import { waitFor } from './wait';

/**
 * What becomes of a job: it is given out at once, or once it is finished, as the user wants it.
 *
 * @returns nothing when the wait ended elsewhere: n8n took it over, or another item failed the node
 * @throws {NodeApiError} as {@link waitFor} does
 */
export async function finish(item: Item, job: Video): Promise<INodeExecutionData[]> {
  if (!item.context.getNodeParameter('waitForCompletion', false)) return [{ json: job }];
  const finished = await waitUntilDone(item, job);
  return finished ? [{ json: finished }] : [];
}

/** Waits in memory at first, then lets n8n wait. Nothing comes back when the wait ended elsewhere. */
async function waitUntilDone(item: Item, job: Video): Promise<Video | undefined> {
  const { context, index, run } = item;
  run.asked(index);
  if (!run.isHandingOver && canPark(context)) {
    run.isHandingOver = true;
    void handOver(item);
  }
  return await waitFor(item, job);
}
