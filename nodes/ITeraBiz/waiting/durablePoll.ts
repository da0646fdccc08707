import { endingIn, isRefusedForGood } from '../account/snapshot';
import { RequestFailed, refusalOnly } from '../client/apiClient';
import type { Perform } from '../run/run';
import { readDurableWait, SHORTEST_PAUSE } from './smallWorkflows';

/** However long the wait was so far, in seconds. */
const LONGEST_PAUSE = 600;

/**
 * Polls once for the videos of a durable wait that were still being made at the last poll.
 *
 * @returns one small item, whatever the number of videos. n8n behavior: it is stored with every poll
 */
export const pollDurably: Perform = async (run) => {
  const { videos, wait, memory } = readDurableWait(run);
  const at = Date.now();
  const deadline = Math.max(...videos.map((video) => video.deadline));
  const { pending = [...new Set(videos.map(({ id }) => id))] } = memory;
  const { poller } = await run.account();

  memory.surprises ??= {};
  memory.refusals ??= { count: 0, since: at };
  const seen = await poller.pollOnce(pending, await run.client()).catch(refusalOnly);
  let running = pending;
  if (seen instanceof RequestFailed) {
    // The coordinator polls by itself then, and says what it met.
    if (isRefusedForGood(seen, memory.refusals, at)) running = [];
  } else {
    memory.refusals.count = 0;
    running = pending.filter((id) => !endingIn(seen, id, (memory.surprises![id] ??= {}), at));
  }
  memory.done = running.length === 0 || deadline <= at;
  memory.pause = nextPause(at - wait.since, deadline - at);
  memory.pending = running;
  return [{ json: { pending: running.length } }];
};

/** Seconds until the next poll: a quarter of the wait so far, within n8n's and our own bounds. */
export function nextPause(waited: number, left: number): number {
  const quarter = Math.min(waited / 4, LONGEST_PAUSE * 1_000, Math.max(0, left));
  return Math.max(SHORTEST_PAUSE, Math.ceil(quarter / 1_000));
}
