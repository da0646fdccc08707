import { type Snapshot, videoIfKnown, type VideoReader } from '../account/snapshot';
import { type Page, PAGE_SIZE, pages } from '../api/page';
import { createdAt, hasEnded, idOf, isPartial, type Video } from '../api/video';
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
  let progress = addListed(before, await readList(poll, before), at);
  // A resumed reading passes over what was read before. Pending videos may be there.
  if (before.reading && !progress.reading) {
    progress = addListed(progress, await readList(poll, progress), at);
  }
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

/**
 * Reads the list until a page brings nothing new: a video that was listed late stands among known ones. Then reads
 * on for pending videos, at most as many pages as there are such videos.
 *
 * @throws {RequestFailed} if it is refused before known videos, or the poll's first request got no answer in
 *   time. The first reading of all is refused by its first page only
 */
async function readList(poll: Poll, progress: Progress): Promise<Part> {
  const { snapshot } = poll;
  const isKnown = isKnownIn(progress);
  // If that many are hidden, the list was late or broken.
  const hidden = new Set(progress.hidden.length > PAGE_SIZE ? [] : progress.hidden);
  const wanted = progress.pending.filter((id) => !hidden.has(id));
  const videos: Video[] = [];
  let isSorted = true;
  let isComplete = false;
  let isLost = false;
  let count = 0;
  let pageSize = 0;
  let failure: RequestFailed | undefined;
  try {
    for await (const { newItems, cursorStalled } of pages(resuming(poll, progress, videos))) {
      count++;
      // The cursor was deleted in between, unless the list ends here.
      isLost = count > 1 && newItems.length === 0 && !cursorStalled && progress.recent.length > 0;
      pageSize = Math.max(pageSize, newItems.length);
      newItems.forEach((video) => snapshot.set(idOf(video) ?? '', video));
      if (!isComplete) {
        videos.push(...newItems);
        const isLater = (video: Video, n: number) =>
          createdAt(newItems[n - 1] ?? {}) < createdAt(video);
        // Some may be listed late, or dated wrongly.
        isSorted &&= newItems.filter(isLater).length <= newItems.length / 4;
        const isEnough = isSorted ? newItems.every(isKnown) : videos.length >= MAX_RECENT;
        isComplete = isEnough && newItems.length > 0 && videos.some(isKnown);
      }
      // Going on with the newest videos is better than never starting the workflow again.
      if (cursorStalled && !isComplete) warnOfUnlisted(poll, videos);
      const hasWanted = count >= wanted.length || wanted.every((id) => snapshot.has(id));
      if (count === MAX_PAGES || (isComplete && hasWanted)) break;
    }
  } catch (error) {
    failure = refusalOnly(error);
  }
  // Everything new stands above known videos.
  const isWhole = isComplete || isKnown(videos.at(-1) ?? {});
  // An API may list only so deep, and refuse older pages.
  const isOld = isWhole || progress.recent.length === 0;
  if (failure && (snapshot.size === 0 || !(isOld || isTemporary(failure)))) throw failure;
  if (isComplete && !isSorted) {
    const checked = `Only its first ${videos.length} are checked, so other videos may not start the workflow`;
    poll.warn(`the list of videos does not begin with the newest. ${checked}`, true);
  }
  const isCut = !isWhole && (failure !== undefined || isLost || count === MAX_PAGES);
  return { videos, isCut, pageSize };
}

/**
 * Fetches pages of the list, but passes over what an earlier poll had read when it was cut off.
 *
 * @param videos what this poll has read; gets the IDs that are passed over
 */
function resuming({ client, snapshot }: Poll, { reading }: Progress, videos: Video[]) {
  const wasRead = new Set<unknown>(reading?.seen);
  let isResumed = false;
  return async (after?: string): Promise<Page> => {
    if (reading && !isResumed && videos.some((video) => wasRead.has(idOf(video)))) {
      isResumed = true;
      const passed = reading.seen.slice(0, reading.seen.indexOf(reading.after) + 1);
      videos.push(...passed.map((id) => ({ id })));
      const rest = await client.page('/videos', reading.after).catch(unlessTemporary);
      // After a video that no longer exists, an API may refuse to go on, show nothing, or begin anew.
      if (rest?.data.some((video) => !snapshot.has(idOf(video) ?? ''))) return rest;
    }
    return await client.page('/videos', after);
  };
}

/**
 * Asks by ID for pending videos that the list did not show, or showed without their link.
 * @returns the IDs to ask for from now on, least recently asked first
 */
async function readHidden({ client, warn, snapshot }: Poll, progress: Progress): Promise<string[]> {
  const isMissing = (id: string) => isPartial(snapshot.get(id) ?? {});
  const hidden = new Set(progress.hidden.filter(isMissing));
  const unasked = progress.pending.filter((id) => isMissing(id) && !hidden.has(id));
  const toAsk = [...unasked, ...hidden];
  const unanswered = new Set(toAsk);
  let refusal: RequestFailed | undefined;
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
  // What the description advises is about an item.
  if (refusal) warn(refusal.describe({ doing: 'read a video' }).message);
  return [...hidden];
}

/** Whether a request failed only because time was up, or the API was busy or out of reach. */
function isTemporary({ attempt }: RequestFailed): boolean {
  return attempt.decision === 'retry';
}

/** Turns a refusal that is final into `undefined`; other errors are rethrown. */
function unlessTemporary(error: unknown): undefined {
  if (isTemporary(refusalOnly(error))) throw error;
}

function warnOfUnlisted({ warn }: Poll, { length }: Video[]): void {
  const unlisted = 'Older ones that are still running may not start the workflow';
  warn(`only the newest ${length} videos could be listed. ${unlisted}`);
}
