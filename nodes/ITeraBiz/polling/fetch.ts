import { type Snapshot, videoIfKnown, type VideoReader } from '../account/snapshot';
import { PAGE_SIZE, pages } from '../api/page';
import { hasEnded, idOf, isPartial, type Video } from '../api/video';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import {
  addListed,
  begin,
  isKnownIn,
  type Part,
  type Progress,
  settle,
  type Step,
} from './progress';
import { Reach } from './reach';

/** The most pages of the list that one poll reads in a row. */
const MAX_PAGES = 100;

/** After asking for this many by ID that have not ended, a poll stops. The next polls ask for the others. */
const MAX_IN_VAIN = 50;

export interface Poll {
  /** The ID of the account */
  account: string;
  /** Gives up when the poll's time is up */
  client: VideoReader;
  /** Writes to n8n's log; `once`: only the first time */
  warn: (text: string, once?: boolean) => void;
  /** What this poll has seen so far */
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
  if (reading) {
    // The newest first: the page where the reading goes on may fail in each poll.
    const recent = [...reading.seen, ...before.recent];
    const newest = await readList(poll, { ...before, recent, pending: [] });
    progress = addListed(before, { ...newest, isCut: true }, at);
    const rest = newest.isCut ? undefined : await readRest(poll, progress, reading.after);
    if (rest) progress = addListed(progress, rest, at);
  }
  if (!progress.reading) progress = addListed(progress, await readList(poll, progress), at);
  const hidden = await readHidden(poll, progress);
  return settle({ ...progress, hidden }, poll.snapshot, at);
}

/**
 * Whether the account is the one of an earlier poll, perhaps with a new key: its list shows videos of then.
 * @throws {RequestFailed} if the list could not be read far enough to tell: to guess would lose events
 */
export async function isSameAccount({ account, client }: Poll, before: Progress): Promise<boolean> {
  if (before.account === undefined || before.account === account) return true;
  const { recent, pending, reading } = before;
  const known = new Set<unknown>([...recent, ...pending, ...(reading?.seen ?? [])]);
  const isOld = isKnownIn(before);
  const fetch = async (after?: string) => await client.page('/videos', after);
  let count = 0;
  for await (const { newItems } of pages(fetch)) {
    if (newItems.some((video) => known.has(idOf(video)))) return true;
    if (newItems.every(isOld) || ++count === MAX_PAGES) break;
  }
  return false;
}

/** Resumes a reading that was cut off, or starts over if its last video no longer exists. */
async function readRest(poll: Poll, progress: Progress, after: string): Promise<Part> {
  const rest = await readList(poll, progress, after).catch((error: unknown) => {
    if (!(error instanceof RequestFailed) || isTemporary(error)) throw error;
    return undefined;
  });
  const isThere = rest && (rest.isCut || rest.videos.length > 0);
  return isThere ? rest : await readList(poll, progress);
}

/**
 * Reads the list until nothing new is below ({@link Reach}). Then reads on for pending videos, at most as many
 * pages as there are such videos.
 *
 * @param after the ID that the first page follows
 * @throws {RequestFailed} if it is refused before known videos, or the poll's first request got no answer in
 *   time. The first reading of all is refused by its first page only, or for the API key
 */
async function readList(poll: Poll, progress: Progress, after?: string): Promise<Part> {
  const { client, snapshot } = poll;
  // If that many are hidden, the list was late or broken.
  const hidden = new Set(progress.hidden.length > PAGE_SIZE ? [] : progress.hidden);
  const wanted = progress.pending.filter((id) => !hidden.has(id));
  const reach = new Reach(isKnownIn(progress), progress.reading !== undefined);
  let count = 0;
  let pageSize = 0;
  const fetch = async (from = after) => await client.page('/videos', from);
  const read = async () => {
    for await (const { newItems, cursorStalled } of pages(fetch)) {
      count++;
      pageSize = Math.max(pageSize, newItems.length);
      newItems.forEach((video) => snapshot.set(idOf(video) ?? '', video));
      if (!reach.isEnough) reach.add(newItems);
      if (cursorStalled && !reach.isComplete) {
        // Going on with the newest videos is better than never starting the workflow again.
        warnOfUnlisted(poll, reach.videos);
        return false;
      }
      // The cursor was deleted in between: the next poll begins anew.
      const isLost = count > 1 && newItems.length === 0 && progress.recent.length > 0;
      if (isLost && !reach.hasKnown) return true;
      const hasWanted = count >= wanted.length || wanted.every((id) => snapshot.has(id));
      if (count === MAX_PAGES || (reach.isEnough && hasWanted)) return !reach.isComplete;
    }
    return false;
  };
  const isCut = await read().catch((error: unknown) => {
    // An API may list only so deep, and refuse the pages below. New videos must not be among these.
    const statusClass = error instanceof RequestFailed ? error.statusClass : 'badKey';
    const isFirst = count > 0 && progress.recent.length === 0;
    const isDeep = reach.isComplete
      ? statusClass !== 'badKey'
      : isFirst && statusClass === 'badValues';
    if (snapshot.size === 0 || !(isTemporary(error) || isDeep)) throw error;
    return !reach.isComplete;
  });
  const { videos } = reach;
  if (reach.isComplete && !reach.isSorted) {
    const checked = `Only its first ${videos.length} are checked, so other videos may not start the workflow`;
    poll.warn(`the list of videos does not begin with the newest. ${checked}`, true);
  }
  return { videos, isCut, after, pageSize };
}

/**
 * Asks by ID for pending videos that the list did not show, or showed without their link.
 * @returns the IDs to ask for from now on, least recently asked first
 */
async function readHidden({ client, warn, snapshot }: Poll, progress: Progress): Promise<string[]> {
  const hidden = new Set(progress.hidden.filter((id) => isPartial(snapshot.get(id) ?? {})));
  const unasked = progress.pending.filter((id) => !hidden.has(id));
  let refusal: RequestFailed | undefined;
  const toAsk = [...unasked, ...hidden].filter((id) => isPartial(snapshot.get(id) ?? {}));
  const unanswered = new Set(toAsk);
  let inVain = 0;
  for (const id of toAsk) {
    if (inVain === MAX_IN_VAIN) break;
    const answer = await videoIfKnown(client, id).catch(refusalOnly);
    const isFailed = answer instanceof RequestFailed;
    if (isFailed && answer.attempt.tries === 0) break;
    if (isFailed || !answer || !hasEnded(answer)) inVain++;
    hidden.delete(id);
    hidden.add(id);
    if (isFailed && isTemporary(answer)) continue;
    unanswered.delete(id);
    if (isFailed) refusal ??= answer;
    else snapshot.set(id, answer ?? snapshot.get(id));
  }
  // What only the list says is not judged: it may leave out the link.
  unanswered.forEach((id) => snapshot.delete(id));
  // Without its description, whose advice is about an item.
  if (refusal) warn(refusal.describe({ doing: 'read a video' }).message);
  return [...hidden];
}

/** Whether a request failed only because time was up, or the API was busy or out of reach. */
function isTemporary(error: unknown): boolean {
  return error instanceof RequestFailed && error.attempt.decision === 'retry';
}

function warnOfUnlisted({ warn }: Poll, { length }: Video[]): void {
  const unlisted = 'Older ones that are still running may not start the workflow';
  warn(`only the newest ${length} videos could be listed. ${unlisted}`);
}
