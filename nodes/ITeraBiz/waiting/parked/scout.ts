import type { INodeExecutionData } from 'n8n-workflow';

import { isRunning } from '../../account/look';
import { RefusedLook } from '../../account/videos';
import type { Item } from '../../run/item';
import { waitsOf } from '../waits';
import { readParked, SHORTEST_PAUSE } from './workflows';

/** However long the wait was so far, in seconds. */
const LONGEST_PAUSE = 600;

/**
 * Looks once at the parked videos that were still being made at the last look.
 *
 * @returns one small item, whatever the number of videos. n8n behaviour: it is stored with every look
 */
export async function scout(item: Item): Promise<INodeExecutionData[]> {
  const { ids, wait, memory } = readParked(item.context);
  const { pending = ids } = memory;
  const hidden = new Set(memory.hidden);
  const left = wait.deadline - Date.now();

  const seen = await waitsOf(item).look(pending, hidden);
  const running = seen instanceof RefusedLook ? [] : pending.filter((id) => isRunning(seen, id));
  memory.done = running.length === 0 || left <= 0;
  memory.pause = nextPause(Date.now() - wait.since, left);
  memory.pending = running;
  memory.hidden = [...hidden];
  return [{ json: { pending: running.length } }];
}

/** Seconds until the next look: a quarter of the wait so far, within n8n's and our own bounds. */
export function nextPause(waited: number, left: number): number {
  const quarter = Math.min(waited / 4, LONGEST_PAUSE * 1_000, Math.max(0, left));
  return Math.max(SHORTEST_PAUSE, Math.ceil(quarter / 1_000));
}
