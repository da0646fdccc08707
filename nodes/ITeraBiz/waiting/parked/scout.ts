import type { INodeExecutionData } from 'n8n-workflow';

import { outcomeOf, type Video } from '../../api/video';
import type { Door } from '../../run/item';
import { look, type Reader } from '../../account/look';
import { readParked, SHORTEST_PAUSE } from './workflows';
import { readerOf, RefusedLook } from '../wait';

/** However long the wait was so far, in seconds. */
const LONGEST_PAUSE = 600;

/** What was seen of each video. Those that are missing were not seen, `undefined` are unknown to the API. */
export type Seen = Map<string, Video | undefined>;

/**
 * Looks once at the parked videos that were still being made at the last look.
 *
 * @returns one small item, whatever the number of videos: n8n stores it with every look
 */
export async function scout({ context, prepared, run }: Door): Promise<INodeExecutionData[]> {
  const { ids, wait, memory } = readParked(context);
  const { pending = ids } = memory;
  const hidden = new Set(memory.hidden);
  const left = wait.deadline - Date.now();

  const seen = await lookOnce(pending, readerOf(context, prepared, run.slots), hidden);
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

/** One look. If it is refused for now, nothing was seen, and the next one makes up for it. */
export async function lookOnce(
  ids: string[],
  reader: Reader,
  hidden: Set<string>,
): Promise<Seen | RefusedLook> {
  return await look(ids, reader, hidden).catch((error: unknown) => {
    if (!(error instanceof RefusedLook)) throw error;
    return error.isFinal ? error : new Map<string, undefined>();
  });
}

/** A job that was asked for by ID and is not known has ended too. */
export function isRunning(seen: Seen, id: string): boolean {
  const video = seen.get(id);
  return video ? outcomeOf(video) === 'running' : !seen.has(id);
}
