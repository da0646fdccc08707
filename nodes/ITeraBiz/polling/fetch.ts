import { type Snapshot, videoIfKnown, type VideoReader } from '../account/snapshot';
import { pages } from '../api/page';
import { createdAt, isPartial, type Video, videoIdOf } from '../api/video';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import {
  addListed,
  begin,
  idsOf,
  isKnownIn,
  type Part,
  type Progress,
  settle,
  type Step,
} from './progress';

/** The most pages of the list that one poll reads. */
const MAX_PAGES = 100;

/** The most videos that one poll asks for by ID. The next polls ask for the others. */
const MAX_BY_ID = 50;

/** Reading stops after this many known videos: a video that was listed late stands among them. */
const ENOUGH_KNOWN = 20;

/** One poll. */
export interface Poll {
  /** The ID of the account */
  account: string;
  /** Gives up when the poll's time is up */
  client: VideoReader;
  /** Writes to n8n's log */
  warn: (text: string) => void;
  /** What this poll has seen so far */
  snapshot: Snapshot;
}

/**
 * What has ended since an earlier poll, as far as there is time. Without one, or if it read another account,
 * nothing has: this poll is the first.
 *
 * @throws {RequestFailed} when the list is refused, or nothing of it could be read; the next poll begins with
 *   the same progress
 */
export async function fetchStep(poll: Poll, before?: Progress): Promise<Step> {
  const at = Date.now();
  const part = await readList(poll, before ?? { recent: [], pending: [] });
  const isNext = before && isSameAccount(poll, before, part);
  if (!isNext) warnOfList(poll, part);
  const progress = isNext ? addListed(before, part, at) : begin(part.videos, at);
  const pending = await readById(poll, progress.pending);
  return settle({ ...progress, account: poll.account, pending }, poll.snapshot, at);
}

/** Whether the account is that of an earlier poll, perhaps with a new key: its list shows videos of then. */
function isSameAccount({ account }: Poll, before: Progress, { videos }: Part): boolean {
  if (before.account === undefined || before.account === account) return true;
  const { recent, pending, reading } = before;
  const known = new Set([...recent, ...pending, ...(reading?.seen ?? [])]);
  return idsOf(videos).some((id) => known.has(id));
}

/**
 * Reads the list down to known videos: everything created since is above them. Then reads on for pending
 * videos, at most as many pages as there are such videos.
 *
 * @throws {RequestFailed} if it is refused, or the poll's first request got no answer in time
 */
async function readList(poll: Poll, progress: Progress): Promise<Part> {
  const { client, snapshot } = poll;
  const { pending } = progress;
  const isKnown = isKnownIn(progress);
  const videos: Video[] = [];
  let [count, known, isDone] = [0, 0, false];
  const fetch = async (after?: string) => (await client.page('/videos', after)).page;
  try {
    for await (const { newItems, cursorStalled } of pages(fetch)) {
      count++;
      newItems.forEach((video) => snapshot.set(videoIdOf(video) ?? '', video));
      if (!isDone) {
        videos.push(...newItems);
        known += newItems.filter(isKnown).length;
        isDone = known >= ENOUGH_KNOWN;
        // Below the last known one is what the first poll had no time to read.
        if (isDone) videos.length = videos.map(isKnown).lastIndexOf(true) + 1;
      }
      const isEnd = cursorStalled || count === MAX_PAGES;
      // Going on with the newest videos is better than never starting the workflow again.
      if (isEnd && !isDone) warnOfUnlisted(poll, videos);
      const isEnough = count >= pending.length || pending.every((id) => snapshot.has(id));
      if (isEnd || (isDone && isEnough)) break;
    }
    return { videos, isCut: false };
  } catch (error) {
    const failed = refusalOnly(error);
    if (!isTemporary(failed) || videos.length === 0) throw failed;
    return { videos, isCut: !isDone };
  }
}

/**
 * Asks by ID for pending videos that the list did not show, or showed without their link.
 *
 * @returns the pending videos, those that were asked for last
 */
async function readById({ client, warn, snapshot }: Poll, pending: string[]): Promise<string[]> {
  const toAsk = new Set(pending.filter((id) => isPartial(snapshot.get(id) ?? {})));
  const asked = new Set<string>();
  let refusal: RequestFailed | undefined;
  for (const id of [...toAsk].slice(0, MAX_BY_ID)) {
    const answer = await videoIfKnown(client, id).catch(refusalOnly);
    const isFailed = answer instanceof RequestFailed;
    if (isFailed && answer.attempt.tries === 0) break;
    asked.add(id);
    if (isFailed && isTemporary(answer)) continue;
    toAsk.delete(id);
    if (isFailed) refusal ??= answer;
    else snapshot.set(id, answer ?? snapshot.get(id));
  }
  // What only the list says is not judged: it may leave out the link.
  toAsk.forEach((id) => snapshot.delete(id));
  if (refusal) {
    const { message, description } = refusal.describe({ doing: 'read a video' });
    warn(`${message}. ${description}`);
  }
  return [...pending.filter((id) => !asked.has(id)), ...asked];
}

/** Whether a request failed only because time was up, or the API was busy or out of reach. */
function isTemporary({ attempt }: RequestFailed): boolean {
  return attempt.decision === 'retry';
}

function warnOfList(poll: Poll, { videos, isCut }: Part): void {
  if (isCut) warnOfUnlisted(poll, videos);
  if (createdAt(videos[0] ?? {}) < createdAt(videos.at(-1) ?? {})) {
    poll.warn(
      'the list of videos does not begin with the newest, so videos may not start the workflow',
    );
  }
}

function warnOfUnlisted({ warn }: Poll, { length }: Video[]): void {
  warn(
    `only the newest ${length} videos could be listed. Older ones that are still running may not start the workflow`,
  );
}
