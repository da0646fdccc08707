import type { IDataObject, INodeExecutionData, INodeProperties } from 'n8n-workflow';

import { endingIn, isRefusedForGood, type Refusals, type Snapshot } from '../account/snapshot';
import type { WaitResult } from '../account/videoPoller';
import { isObject } from '../api/json';
import { idOf, outcomeOf, type Video } from '../api/video';
import { now } from '../client/time';
import { describeStop, type JobList } from '../messages/items';
import { type Message, toNodeError } from '../messages/message';
import { errorJson, withMark } from '../run/output';
import { GET_BY_ID, RUN_AGAIN } from '../run/results';
import type { Perform, Run } from '../run/run';
import { describeEnd, type End } from './outcome';
import {
  type AwaitedVideo,
  COORDINATE,
  GRACE_PERIOD,
  type Memory,
  POLL,
  readDurableWait,
  MIN_PAUSE,
} from './durableWorkflows';

/** How long a poll may take in any case, in milliseconds. Before a Timeout, there must be time for two. */
const LEAST_TIME = 20_000;

/** n8n behavior: an error after a wait is kept, and a retry from the execution list only repeats it. */
const RETRY_IS_USELESS = 'Retrying does not resume the wait';

/**
 * Polls for all videos of a durable wait. Example: of three rows, the second was refused; the others wait for videos
 * A and C. While A is still being made, the three items are passed on unchanged: *interrupted A, refusal, interrupted
 * C*. Once both have ended, the output is *A, refusal, C*.
 *
 * @returns the output of the user's node, one item per input item, in input order
 * @throws {NodeApiError} if an item failed and the node stops on errors
 */
export const coordinate: Perform = async (run) => {
  const durable = readDurableWait(run);
  const { items, videos } = durable;
  const memory: Memory = run.memory;
  const unchanged = items.map((json) => ({ json }));
  const isFirst = memory.done === undefined;
  memory.done = false;
  if (isFirst) return unchanged;
  // If the poller ended because its polls were refused, they count here, too.
  const { refusals, ended } = run.input(0);
  if (isRefusals(refusals)) memory.refusals = refusals;
  const ids = [...new Set(videos.map(({ id }) => id))];
  for (const id of isObject(ended) ? ids : []) {
    const video = (ended as IDataObject)[id];
    if (isVideo(video, id)) (memory.ended ??= {})[id] = video;
  }

  const poll = await pollFor(run, memory, ids, videos);
  const ends = videos.map((video) => endOf(poll, video));
  if (ends.includes(undefined)) return unchanged;
  memory.done = true;
  return outputFor(run, durable, ends as End[]);
};

/** n8n behavior: after a hard stop, the input is the user's, whose columns may have any name. */
function isRefusals(value: unknown): value is Refusals {
  return isObject(value) && [value.count, value.since].every(Number.isFinite);
}

/** Whether it is this video, and has ended; see {@link isRefusals}. */
function isVideo(value: unknown, id: string): value is Video {
  return isObject(value) && idOf(value) === id && outcomeOf(value) !== 'running';
}

/** Polls for these videos, and says what that means for their waits, given what earlier polls met. */
async function pollFor(run: Run, memory: Memory, ids: string[], videos: AwaitedVideo[]) {
  const surprises = (memory.surprises ??= {});
  const refusals = (memory.refusals ??= { count: 0, since: 0 });
  const snapshot: Snapshot = new Map();
  let refusal: Error | undefined;
  // n8n behavior: an execution that it cancels at its Timeout has no output.
  const cuts = videos.filter(({ grace }) => grace < GRACE_PERIOD);
  const left = Math.min(...cuts.map(({ deadline, grace }) => deadline + grace - Date.now()));
  const deadline = now() + Math.max(LEAST_TIME, left);
  try {
    const { poller } = await run.account();
    const client = (await run.client()).with({ deadline });
    // A poll may skip some videos.
    for (let polls = 0; polls < 3 && snapshot.size < ids.length; polls++) {
      const missing = ids.filter((id) => !snapshot.has(id));
      const seen = await poller.pollOnce(missing, client);
      seen.forEach((video, id) => snapshot.set(id, video));
    }
  } catch (error) {
    // Perhaps n8n cannot read the credential: the videos are made all the same.
    refusal = error as Error;
  }
  run.signal?.throwIfAborted();
  const at = Date.now();
  const refusedBy = snapshot.size === 0 ? refusal : undefined;
  if (!refusedBy) refusals.count = 0;
  /** `undefined` while the wait goes on */
  const endingOf = (id: string) => endingIn(snapshot, id, (surprises[id] ??= {}), at);
  for (const id of ids) {
    const video = snapshot.get(id);
    if (video && endingOf(id)) (memory.ended ??= {})[id] = video;
  }
  return {
    snapshot,
    ended: memory.ended ?? {},
    refusal,
    /** Whether no further poll is allowed */
    isLast: refusedBy && isRefusedForGood(refusedBy, refusals, at),
    endingOf,
  };
}

function endOf(
  { snapshot, ended, refusal, isLast, endingOf }: Awaited<ReturnType<typeof pollFor>>,
  { id, deadline, grace }: AwaitedVideo,
): End | undefined {
  const seen = snapshot.get(id);
  const last = ended[id];
  // An earlier poll saw its result, and iTeraBiz may have deleted it since.
  if (!seen && last) return { reason: 'ended', video: last };
  if (isLast) return refusal;
  const video = seen ?? {};
  const reason = endingOf(id);
  if (reason) return { reason, video };
  if (Date.now() < deadline + (seen ? 0 : grace)) return undefined;
  // Completed all the same: an earlier poll read it by its ID and the list is late, or only its link is missing.
  const completed = [last, seen].find((state) => state && outcomeOf(state) === 'completed');
  if (completed) return { reason: 'ended', video: completed };
  // No later poll can confirm this, but a video that iTeraBiz does not know is not being made.
  if (snapshot.has(id) && !seen) return { reason: 'gone', video };
  return !snapshot.has(id) && refusal ? refusal : { reason: 'timedOut', video };
}

/** The output of the user's node. @throws {NodeApiError} if an item failed and it stops on errors */
function outputFor(
  run: Run,
  { items, videos, wait }: ReturnType<typeof readDurableWait>,
  ends: End[],
): INodeExecutionData[] {
  const failures = new Map<number, Message>();
  const lists: Record<ReturnType<typeof progressOf>, JobList> = {
    completed: { title: 'Finished', jobs: [] },
    gone: { title: 'No longer found at iTeraBiz', jobs: [] },
    failed: { title: 'Failed', jobs: [] },
    running: { title: 'Still being made', jobs: [] },
    unknown: { title: 'Could not be checked', jobs: [] },
  };
  const ended = new Map(videos.map((video, n) => [video.item, { ...video, end: ends[n] }]));
  const output = items.map((soFar, item) => {
    const video = ended.get(item);
    const end = video?.end ?? { reason: 'ended', video: soFar };
    const job = video?.id ?? idOf(soFar);
    if (job !== undefined) lists[progressOf(end)].jobs.push([item, job]);
    if (!video) return { json: soFar };
    const failure = describeEnd(end, video.id, video);
    if (!failure) return { json: withMark((end as WaitResult).video, wait.reused?.[item]) };
    failures.set(item, failure);
    return { json: { ...soFar, ...errorJson(failure, wait.onError, {}, video.id) } };
  });
  if (wait.onError !== 'stop' || failures.size === 0) return output;

  const [[item, failure]] = failures;
  const all = { failures, skipped: new Set<number>() };
  const jobs = wait.accepted ? Object.values(lists) : [];
  const isSafe = items.every((_, item) => wait.reused?.[item] !== undefined);
  const advice = `${RETRY_IS_USELESS}. ${isSafe ? RUN_AGAIN : GET_BY_ID}`;
  const message = describeStop(failure, item, all, items.length, jobs, advice);
  const error = toNodeError(run.node, message);
  // n8n behavior: without this it names the item of the call, the first one, whatever the error says.
  Object.defineProperty(error.context, 'itemIndex', { value: item, enumerable: true });
  throw error;
}

function progressOf(end: End) {
  if (end instanceof Error) return 'unknown';
  return end.reason === 'gone' ? 'gone' : outcomeOf(end.video);
}

/** The longest pause between two polls, in seconds. */
const MAX_PAUSE = 600;

/**
 * Polls once for the videos of a durable wait that were still being made at the last poll.
 *
 * @returns one item, small until the last poll, which adds the videos that have ended. n8n behavior: it is
 *   stored with every poll
 */
export const pollDurably: Perform = async (run) => {
  const { videos, wait } = readDurableWait(run);
  const memory: Memory = run.memory;
  const at = Date.now();
  const { pending = [...new Set(videos.map(({ id }) => id))] } = memory;
  const { isLast, endingOf } = await pollFor(run, memory, pending, videos);
  // If no further poll is allowed, the poller ends: the coordinator polls itself and can report the refusal.
  const open = new Set(isLast ? [] : pending.filter((id) => !endingOf(id)));
  memory.pending = [...open];
  const left = Math.max(...videos.map(({ id, deadline }) => (open.has(id) ? deadline - at : 0)));
  memory.done = left <= 0;
  memory.pause = nextPause(at - wait.since, left);
  const refusals = isLast ? { refusals: { ...memory.refusals } } : {};
  const ended = memory.done && memory.ended ? { ended: memory.ended } : {};
  return [{ json: { pending: memory.pending.length, ...refusals, ...ended } }];
};

/** Seconds until the next poll: a quarter of the wait so far, within n8n's and our own bounds. */
export function nextPause(waited: number, left: number): number {
  const seconds = Math.ceil(Math.min(waited / 4, left) / 1_000);
  return Math.max(MIN_PAUSE, Math.min(MAX_PAUSE, seconds));
}

/** The operations of a durable wait's small workflows. Users never see them. */
export const durableOperations: Record<string, Perform> = {
  [COORDINATE]: coordinate,
  [POLL]: pollDurably,
};

/** Their parameters. n8n behavior: it drops a parameter that no property declares. */
export const durableProperties: INodeProperties[] = ['parkedItems', 'parkedWait'].map((name) => ({
  displayName: name === 'parkedItems' ? 'Parked Items' : 'Parked Wait',
  name,
  type: 'hidden',
  default: '',
  displayOptions: { show: { operation: Object.keys(durableOperations) } },
}));
