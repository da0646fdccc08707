import type { INodeExecutionData, INodeProperties } from 'n8n-workflow';

import { endingIn, type Ending, isRefusedForGood, type Snapshot } from '../account/snapshot';
import type { WaitResult } from '../account/videoPoller';
import { inReadingOrder, outcomeOf, videoIdOf } from '../api/video';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import { describeStop, type JobList } from '../messages/items';
import { type Message, toNodeError } from '../messages/message';
import { errorJson, withMark } from '../run/results';
import type { Perform, Run } from '../run/run';
import { describeEnd, describeRefusal } from './outcome';
import {
  type AwaitedVideo,
  COORDINATE,
  type Memory,
  POLL,
  type ReadDurableWait,
  readDurableWait,
  MIN_PAUSE,
} from './smallWorkflows';

/** How long after its deadline the last poll for a video may still be refused, in milliseconds. */
const GRACE_PERIOD = 10 * 60_000;

/** n8n behavior: an error after a wait is kept, and a retry from the execution list only repeats it. */
const GET_BY_ID = 'Retrying does not resume the wait: get them with Video: Get and these IDs';

/**
 * Polls for all videos of a durable wait.
 *
 * Example: of three rows the second was refused, the others wait for videos A and C. While A is still
 * being made, this gives out the three items as they came in: *interrupted A, refusal, interrupted C*. Once
 * both have ended it gives out *A, refusal, C*, and the same where C failed, with the reason in place of C.
 * Where the node is to stop, a failed C is an error instead, which names A.
 *
 * @returns what the user's node gives out, one item per input item, in input order
 * @throws {NodeApiError} when that node is to stop because of one of them
 */
export const coordinate: Perform = async (run) => {
  const durable = readDurableWait(run);
  const { items, videos } = durable;
  const memory: Memory = run.memory;
  const isFirst = memory.done === undefined;
  memory.done = false;
  if (!isFirst) {
    const ids = [...new Set(videos.map(({ id }) => id))];
    const poll = await pollWith(memory, pollForAll(run, ids));
    const ends = new Map<number, WaitResult | RequestFailed>();
    for (const video of videos) {
      const end = poll.isLast ? poll.failed : endOf(poll, video);
      if (end) ends.set(video.item, end);
    }
    memory.done = ends.size === videos.length;
    if (memory.done) return outcome(run, durable, ends);
  }
  return items.map((json) => ({ json }));
};

/** The jobs in full, in as many polls as it takes, within reason. */
async function pollForAll(run: Run, ids: string[]): Promise<Snapshot> {
  const { poller } = await run.account();
  const client = await run.client();
  const all: Snapshot = new Map();
  for (let polls = 0; polls < 3 && all.size < ids.length; polls++) {
    const missing = ids.filter((id) => !all.has(id));
    const seen = await poller.pollOnce(missing, client).catch(refusalOnly);
    if (seen instanceof RequestFailed && all.size === 0) throw seen;
    if (seen instanceof RequestFailed) break;
    seen.forEach((video, id) => all.set(id, video));
  }
  return all;
}

interface Poll {
  /** Empty where it was refused */
  snapshot: Snapshot;
  failed?: RequestFailed;
  /** Whether it was refused and no further poll is allowed */
  isLast: boolean;
  /** How the wait for a video has ended, or nothing while it goes on */
  endingOf: (id: string) => Ending | undefined;
}

/** What a poll means for the waits, by what earlier ones met. */
async function pollWith(memory: Memory, polled: Promise<Snapshot>): Promise<Poll> {
  const surprises = (memory.surprises ??= {});
  const refusals = (memory.refusals ??= { count: 0, since: Date.now() });
  const answer = await polled.catch(refusalOnly);
  const at = Date.now();
  const failed = answer instanceof RequestFailed ? answer : undefined;
  const snapshot: Snapshot = answer instanceof RequestFailed ? new Map() : answer;
  if (!failed) refusals.count = 0;
  return {
    snapshot,
    failed,
    isLast: failed !== undefined && isRefusedForGood(failed, refusals, at),
    endingOf: (id) => endingIn(snapshot, id, (surprises[id] ??= {}), at),
  };
}

function endOf(
  { snapshot, failed, endingOf }: Poll,
  { id, deadline }: AwaitedVideo,
): WaitResult | RequestFailed | undefined {
  const video = snapshot.get(id) ?? {};
  const reason = endingOf(id);
  if (reason) return { reason, video };
  const isOver = Date.now() >= deadline + (snapshot.has(id) ? 0 : GRACE_PERIOD);
  return isOver ? (failed ?? { reason: 'timedOut', video }) : undefined;
}

/** What the user's node gives out, item by item, or its error where it is to stop. */
function outcome(
  run: Run,
  { items, videos, wait }: ReadDurableWait,
  ends: Map<number, WaitResult | RequestFailed>,
): INodeExecutionData[] {
  const failures = new Map<number, Message>();
  const lists: Record<ReturnType<typeof outcomeOf>, JobList> = {
    completed: { title: 'Finished', jobs: [] },
    failed: { title: 'Failed', jobs: [] },
    running: { title: 'Still being made', jobs: [] },
  };
  const awaited = new Map(videos.map((video) => [video.item, video]));
  const output = items.map((soFar, item) => {
    const video = awaited.get(item);
    const end = ends.get(item);
    const json = end && !(end instanceof RequestFailed) ? end.video : soFar;
    const job = video?.id ?? videoIdOf(json);
    if (job !== undefined) lists[outcomeOf(json)].jobs.push([item, job]);
    if (!video || !end) return { json };
    const failure =
      end instanceof RequestFailed
        ? describeRefusal(video.id, end)
        : describeEnd(end, video.id, video);
    if (!failure) return { json: inReadingOrder(withMark(json, wait.reused?.[item])) };
    failures.set(item, failure);
    return { json: { ...soFar, ...errorJson(failure, wait.onError, {}, video.id) } };
  });
  if (wait.onError !== 'stop' || failures.size === 0) return output;

  const [[first, own]] = failures;
  const named = wait.accepted ? Object.values(lists) : [];
  const all = { failures, skipped: new Set<number>() };
  const message = describeStop(own, first, all, items.length, named, GET_BY_ID);
  const error = toNodeError(run.node, message);
  // n8n behavior: it would name the item of the call, which is the first one, whatever the error says.
  Object.defineProperty(error.context, 'itemIndex', { value: first, enumerable: true });
  throw error;
}

/** However long the wait was so far, in seconds. */
const MAX_PAUSE = 600;

/**
 * Polls once for the videos of a durable wait that were still being made at the last poll.
 *
 * @returns one small item, whatever the number of videos. n8n behavior: it is stored with every poll
 */
export const pollDurably: Perform = async (run) => {
  const { videos, wait } = readDurableWait(run);
  const memory: Memory = run.memory;
  const at = Date.now();
  const deadline = Math.max(...videos.map((video) => video.deadline));
  const { pending = [...new Set(videos.map(({ id }) => id))] } = memory;
  const { poller } = await run.account();
  const client = await run.client();
  const { isLast, endingOf } = await pollWith(memory, poller.pollOnce(pending, client));
  // Where no further poll is allowed, the coordinator polls by itself, and says what it met.
  memory.pending = isLast ? [] : pending.filter((id) => !endingOf(id));
  memory.done = memory.pending.length === 0 || deadline <= at;
  memory.pause = nextPause(at - wait.since, deadline - at);
  return [{ json: { pending: memory.pending.length } }];
};

/** Seconds until the next poll: a quarter of the wait so far, within n8n's and our own bounds. */
export function nextPause(waited: number, left: number): number {
  const quarter = Math.min(waited / 4, MAX_PAUSE * 1_000, Math.max(0, left));
  return Math.max(MIN_PAUSE, Math.ceil(quarter / 1_000));
}

/** What the small workflows of a wait that n8n has taken over do. No user sees these operations. */
export const durableOperations: Record<string, Perform> = {
  [COORDINATE]: coordinate,
  [POLL]: pollDurably,
};

/** What n8n hands to them. n8n behavior: it drops a parameter that no property declares. */
export const durableProperties: INodeProperties[] = ['parkedItems', 'parkedWait'].map((name) => ({
  displayName: name === 'parkedItems' ? 'Parked Items' : 'Parked Wait',
  name,
  type: 'hidden',
  default: '',
  displayOptions: { show: { operation: Object.keys(durableOperations) } },
}));
