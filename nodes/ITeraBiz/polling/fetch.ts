import { type Snapshot, videoIfKnown, type VideoReader } from '../account/snapshot';
import { pages } from '../api/page';
import { createdAt, lacksLink, type Video, videoIdOf } from '../api/video';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import {
  addListed,
  begin,
  isKnownIn,
  MAX_RECENT,
  type Part,
  type Progress,
  settle,
  type Step,
} from './progress';

/** How many pages of the list one poll reads in a row. */
const MAX_PAGES = 100;

/** How many videos one poll asks for by ID. The others have their turn in the next polls. */
const MAX_BY_ID = 50;

/** The list is left after so many known videos: one that it shows late stands among them. */
const ENOUGH_KNOWN = 20;

/** One poll. */
export interface Poll {
  /** Reads until the time of the poll is up */
  client: VideoReader;
  /** Says in n8n's log what could not be done; `once`: not again in each poll */
  warn: (text: string, once?: boolean) => void;
  /** What was seen of each video so far */
  snapshot: Snapshot;
}

/**
 * The first poll.
 *
 * @throws {RequestFailed} when the list is refused, or nothing of it could be read
 */
export async function fetchFirst(poll: Poll): Promise<Step> {
  const at = Date.now();
  const part = await readList(poll, { recent: [], pending: [], hidden: [] });
  if (part.isCut) warnOfUnlisted(poll, part.videos);
  return settle(begin(part, at), poll.snapshot, at);
}

/**
 * What has ended since an earlier poll, as far as there is time.
 *
 * @throws {RequestFailed} as {@link fetchFirst}; the next poll begins with the same progress
 */
export async function fetchNext(poll: Poll, before: Progress): Promise<Step> {
  const at = Date.now();
  let progress = before;
  const { reading } = before;
  if (reading) progress = addListed(progress, await readRest(poll, progress, reading.after), at);
  if (!progress.reading) progress = addListed(progress, await readList(poll, progress), at);
  const hidden = await readHidden(poll, progress);
  return settle({ ...progress, hidden }, poll.snapshot, at);
}

/** Goes on where a reading was cut off, or from the top where the last video that it read is no more. */
async function readRest(poll: Poll, progress: Progress, after: string): Promise<Part> {
  const rest = await readList(poll, progress, after).catch((error: unknown) => {
    if (!(error instanceof RequestFailed) || isForNow(error)) throw error;
    return undefined;
  });
  const isThere = rest && (rest.isCut || rest.videos.length > 0);
  return isThere ? rest : await readList(poll, progress);
}

/**
 * Reads the list down to what is known, whatever was created since is above it; in a list that does not
 * begin with the newest, as much as is remembered. Then on for pending videos, with never more pages than
 * these are.
 *
 * @param after the ID that the first page follows
 * @throws {RequestFailed} when it is refused, or the first request of a poll got no answer in time
 */
async function readList(poll: Poll, progress: Progress, after?: string): Promise<Part> {
  const { client, warn, snapshot } = poll;
  const isKnown = isKnownIn(progress);
  const hidden = new Set(progress.hidden);
  const wanted = progress.pending.filter((id) => !hidden.has(id));
  const videos: Video[] = [];
  let [count, isSorted, isDone] = [0, true, false];
  const fetch = async (from = after) => (await client.page('/videos', from)).page;
  const read = async () => {
    for await (const { newItems, cursorStalled } of pages(fetch)) {
      count++;
      newItems.forEach((video) => snapshot.set(videoIdOf(video) ?? '', video));
      if (!isDone) {
        videos.push(...newItems);
        isSorted &&= !(createdAt(newItems[0] ?? {}) < createdAt(newItems.at(-1) ?? {}));
        const isFarEnough = isSorted || videos.length >= MAX_RECENT;
        isDone = isFarEnough && videos.filter(isKnown).length >= ENOUGH_KNOWN;
      }
      if (cursorStalled && !isDone) {
        // Going on with the newest videos is better than never starting the workflow again.
        warnOfUnlisted(poll, videos);
        return false;
      }
      const isEnough = count >= wanted.length || wanted.every((id) => snapshot.has(id));
      if (count === MAX_PAGES || (isDone && isEnough)) return !isDone;
    }
    return false;
  };
  const isCut = await read().catch((error: unknown) => {
    if (!isForNow(error) || snapshot.size === 0) throw error;
    return !isDone;
  });
  if (isDone && !isSorted) {
    warn(
      `the list of videos does not begin with the newest. Only its first ${videos.length} are checked, so other videos may not start the workflow`,
      true,
    );
  }
  return { videos, isCut };
}

/**
 * Asks for pending videos by their IDs: those that the list did not show, or without their link.
 *
 * @returns the IDs to ask for from now on, longest unasked first
 */
async function readHidden({ client, warn, snapshot }: Poll, progress: Progress): Promise<string[]> {
  const isOpen = (id: string): boolean => {
    const video = snapshot.get(id);
    return !video || lacksLink(video);
  };
  const hidden = new Set(progress.hidden);
  const unasked = progress.pending.filter((id) => !hidden.has(id));
  let refused: RequestFailed | undefined;
  for (const id of [...unasked, ...hidden].filter(isOpen).slice(0, MAX_BY_ID)) {
    const answer = await videoIfKnown(client, id).catch(refusalOnly);
    const isFailed = answer instanceof RequestFailed;
    if (isFailed && answer.attempt.tries === 0) break;
    hidden.delete(id);
    hidden.add(id);
    if (!isFailed) snapshot.set(id, answer);
    else if (!isForNow(answer)) refused ??= answer;
  }
  if (refused) {
    const { message, description } = refused.describe({ doing: 'read a video' });
    warn(`${message}. ${description}`);
  }
  return [...hidden];
}

/** Whether a request was given up only because the time was up, or the API busy or out of reach. */
function isForNow(error: unknown): boolean {
  return error instanceof RequestFailed && error.attempt.decision === 'retry';
}

function warnOfUnlisted({ warn }: Poll, { length }: Video[]): void {
  warn(
    `only the newest ${length} videos could be listed. Older ones that are still running may not start the workflow`,
  );
}
