import type { INodeExecutionData } from 'n8n-workflow';

import { outcomeOf, type Video, videoIdOf } from '../api/video';
import type { Door } from './door';
import { type Message, toNodeError } from './errors';
import { look, type Reader } from './look';
import { type End, type Lap, type ParkedItem, type ParkedWait, SHORTEST_PAUSE } from './parked';
import { describeStop, errorJson } from './report';
import { describeEnd, describeRefusedLook, readerOf, RefusedLook } from './wait';

/** However long the wait was so far, in seconds. */
const LONGEST_PAUSE = 600;

/** How long after the deadline the last look may still be refused, in milliseconds. */
const GRACE = 10 * 60_000;

/**
 * Looks once at the parked jobs.
 *
 * @returns one item for the next lap, or, when all jobs are finished or the time is up, what the
 *   user's node gives out: one item per input item, in input order
 * @throws {NodeApiError} when that node is to stop because of one of them
 */
export async function resume(door: Door): Promise<INodeExecutionData[]> {
  const { context, prepared, run } = door;
  const items = context.getNodeParameter('parkedItems') as ParkedItem[];
  const wait = context.getNodeParameter('parkedWait') as unknown as ParkedWait;
  const ids = [...new Set(items.flatMap((item) => ('id' in item ? [item.id] : [])))];
  const lap = context.getInputData().json.lap as Lap | undefined;
  const reader = readerOf(context, prepared, run.slots);
  const hidden = new Set(lap?.hidden);
  const left = wait.deadline - Date.now();
  const again = (pending: string[]) => {
    const pause = nextPause(Date.now() - wait.since, left);
    return [{ json: { lap: { pending, hidden: [...hidden], pause } } }];
  };

  const pending = lap?.pending ?? ids;
  const seen = await lookOnce(pending, reader, hidden);
  if (seen instanceof RefusedLook) return outcome(door, wait, items, endAfter(seen));
  const running = pending.filter((id) => isRunning(seen, id));
  if (running.length > 0 && left > 0) return again(running);

  const videos = await lookAtAll(ids, reader);
  if (videos instanceof RefusedLook) return outcome(door, wait, items, endAfter(videos));
  if (videos.size < ids.length && left > -GRACE) return again([]);
  return outcome(door, wait, items, (id) => endOf(id, videos, wait));
}

/** n8n behaviour: an error after a wait is kept, and a retry from the execution list only repeats it. */
const GET_BY_ID =
  'n8n cannot take up this wait again, so do not retry this execution: get them with Video: Get and these IDs';

/** What was seen of each video. Those that are missing were not seen, `undefined` are unknown to the API. */
type Seen = Map<string, Video | undefined>;

/** Seconds until the next look: a quarter of the wait so far, within n8n's and our own bounds. */
export function nextPause(waited: number, left: number): number {
  const quarter = Math.min(waited / 4, LONGEST_PAUSE * 1_000, Math.max(0, left));
  return Math.max(SHORTEST_PAUSE, Math.ceil(quarter / 1_000));
}

/** One look. If it is refused for now, nothing was seen, and the next one makes up for it. */
async function lookOnce(
  ids: string[],
  reader: Reader,
  hidden: Set<string>,
): Promise<Seen | RefusedLook> {
  return await look(ids, reader, hidden).catch((error: unknown) => {
    if (!(error instanceof RefusedLook)) throw error;
    return error.isFinal ? error : new Map<string, undefined>();
  });
}

/** The jobs in full, in as many looks as it takes, within reason. */
async function lookAtAll(ids: string[], reader: Reader): Promise<Seen | RefusedLook> {
  const videos: Seen = new Map();
  const hidden = new Set<string>();
  for (let looks = 0; looks < 3 && videos.size < ids.length; looks++) {
    const missing = ids.filter((id) => !videos.has(id));
    const seen = await lookOnce(missing, reader, hidden);
    if (seen instanceof RefusedLook) return seen;
    seen.forEach((video, id) => videos.set(id, video));
  }
  return videos;
}

function endAfter(refused: RefusedLook): (id: string) => End {
  const { message, description } = describeRefusedLook(refused);
  return (id) => ({
    failure: { message: `The wait for video ${id} ended: ${message}`, description },
  });
}

/** A job that was asked for by ID and is not known has ended too. */
function isRunning(seen: Seen, id: string): boolean {
  const video = seen.get(id);
  return video ? outcomeOf(video) === 'running' : !seen.has(id);
}

function endOf(id: string, videos: Seen, { maxWait, failedVideos }: ParkedWait): End {
  const video = videos.get(id);
  const isGone = videos.has(id) && !video;
  const reason = isGone ? 'gone' : isRunning(videos, id) ? 'gaveUp' : 'finished';
  const end = { reason, video: video ?? {} } as const;
  const failure = describeEnd(end, id, maxWait, failedVideos);
  return failure ? { failure } : { result: end.video };
}

/** What the user's node gives out, item by item, or its error where it is to stop. */
function outcome(
  { context }: Door,
  { onError, accepted }: ParkedWait,
  items: ParkedItem[],
  endOfJob: (id: string) => End,
): INodeExecutionData[] {
  const failures = new Map<number, Message>();
  const jobs = new Map<number, string>();
  const output = items.map((item, index): INodeExecutionData => {
    const end = 'id' in item ? endOfJob(item.id) : item;
    const id = 'id' in item ? item.id : 'result' in end ? videoIdOf(end.result) : undefined;
    if (accepted && id !== undefined) jobs.set(index, id);
    if ('result' in end) return { json: end.result };
    failures.set(index, end.failure);
    return { json: errorJson(end.failure, onError, item.input ?? {}, id) };
  });
  if (onError !== 'stop' || failures.size === 0) return output;

  const [[first, own]] = failures;
  const said = describeStop(own, first, failures, jobs, GET_BY_ID);
  const message = `Item ${first}: ${said.message}`;
  throw toNodeError(context.getNode(), { ...said, message });
}
