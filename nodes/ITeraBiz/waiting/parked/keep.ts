import type { IDataObject, INodeExecutionData, NodeApiError } from 'n8n-workflow';

import { isRunning, type Seen } from '../../account/look';
import { RefusedLook } from '../../account/videos';
import type { Waits } from '../../account/watch';
import { outcomeOf, videoIdOf } from '../../api/video';
import { type Message, toNodeError } from '../../messages/message';
import type { Item } from '../../run/item';
import { withMark } from '../../run/reused';
import { describeStop, errorJson, type JobList } from '../../run/report';
import { describeEnd, describeRefusedLook } from '../wait';
import { waitsOf } from '../waits';
import { type Parked, type ParkedWait, readParked } from './workflows';

/** How long after the deadline the last look may still be refused, in milliseconds. */
const GRACE = 10 * 60_000;

/**
 * Looks at all parked videos.
 *
 * Example: of three rows the second was refused, the others wait for videos A and C. While A is still
 * being made, this gives out the three items as they came in: *interrupted A, refusal, interrupted C*. That
 * is never the end, unless n8n is killed in that moment. Once both have ended it gives out *A, refusal, C*,
 * and the same where C failed, with the reason in place of C. Where the node is to stop, a failed C is an
 * error instead, which names A.
 *
 * @returns what the user's node gives out, one item per input item, in input order; what it would
 *   give out now while some are still being made
 * @throws {NodeApiError} when that node is to stop because of one of them
 */
export async function keep(item: Item): Promise<INodeExecutionData[]> {
  const parked = readParked(item.context);
  const { items, ids, wait, memory } = parked;
  const asTheyCameIn = items.map((json) => ({ json }));
  if (memory.done === undefined) {
    memory.done = false;
    return asTheyCameIn;
  }
  const seen = await lookAtAll(ids, waitsOf(item));
  memory.done = isOver(seen, ids, wait.deadline - Date.now());
  return memory.done ? outcome(item, parked, seen) : asTheyCameIn;
}

/** n8n behaviour: an error after a wait is kept, and a retry from the execution list only repeats it. */
const GET_BY_ID =
  'n8n cannot take up this wait again, so do not retry this execution: get them with Video: Get and these IDs';

/** The jobs in full, in as many looks as it takes, within reason. */
async function lookAtAll(ids: string[], waits: Waits): Promise<Seen | RefusedLook> {
  const videos: Seen = new Map();
  const hidden = new Set<string>();
  for (let looks = 0; looks < 3 && videos.size < ids.length; looks++) {
    const missing = ids.filter((id) => !videos.has(id));
    const seen = await waits.look(missing, hidden, true);
    if (seen instanceof RefusedLook) return seen;
    seen.forEach((video, id) => videos.set(id, video));
  }
  return videos;
}

/** @param left milliseconds until the deadline */
function isOver(seen: Seen | RefusedLook, ids: string[], left: number): boolean {
  if (seen instanceof RefusedLook) return true;
  if (seen.size < ids.length) return left <= -GRACE;
  return left <= 0 || !ids.some((id) => isRunning(seen, id));
}

/** What is certain of an item when the wait is over. */
type End = { result: IDataObject } | { failure: Message };

function endOf(id: string, seen: Seen | RefusedLook, { maxWait, failedVideos }: ParkedWait): End {
  if (seen instanceof RefusedLook) {
    const { message, description } = describeRefusedLook(seen);
    return { failure: { message: `The wait for video ${id} ended: ${message}`, description } };
  }
  const video = seen.get(id);
  const isGone = seen.has(id) && !video;
  const reason = isGone ? 'gone' : isRunning(seen, id) ? 'gaveUp' : 'finished';
  const end = { reason, video: video ?? {} } as const;
  const failure = describeEnd(end, id, maxWait, failedVideos);
  return failure ? { failure } : { result: end.video };
}

/** What the user's node gives out, item by item, or its error where it is to stop. */
function outcome(
  { context }: Item,
  { items, waiting, wait }: Parked,
  seen: Seen | RefusedLook,
): INodeExecutionData[] {
  const failures = new Map<number, Message>();
  const [finished, failed, running]: JobList[] = [
    { title: 'Finished', jobs: [] },
    { title: 'Failed', jobs: [] },
    { title: 'Still being made', jobs: [] },
  ];
  const output = items.map((parked, item) => {
    const id = waiting.get(item);
    const job = id ?? videoIdOf(parked);
    if (job !== undefined) {
      const video = id === undefined || seen instanceof RefusedLook ? parked : seen.get(id);
      const how = outcomeOf(video ?? {});
      const list = how === 'completed' ? finished : how === 'failed' ? failed : running;
      list.jobs.push([item, job]);
    }
    if (id === undefined) return { json: parked };
    const end = endOf(id, seen, wait);
    if ('result' in end) return { json: withMark(end.result, wait.reused?.[item]) };
    failures.set(item, end.failure);
    return { json: { ...parked, ...errorJson(end.failure, wait.onError, {}, id) } };
  });
  if (wait.onError !== 'stop' || failures.size === 0) return output;

  const [[first, own]] = failures;
  const lists = wait.accepted ? [finished, failed, running] : [];
  const said = describeStop(
    own,
    first,
    { failures, notSent: new Set(), size: items.length },
    lists,
    GET_BY_ID,
  );
  throw ofItem(toNodeError(context.getNode(), said), first);
}

/**
 * An error that n8n shows as one of this item of the user's node. n8n behaviour: it would name the
 * item of the call, which is the first one, whatever the error says.
 */
function ofItem(error: NodeApiError, itemIndex: number): NodeApiError {
  Object.defineProperty(error.context, 'itemIndex', { value: itemIndex, enumerable: true });
  return error;
}
