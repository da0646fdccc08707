import { endingIn, type Snapshot, type Surprises, TOLERANCE } from '../account/snapshot';
import { createdAt, idOf, lacksStatus, outcomeOf, type Video } from '../api/video';

/** How many of the newest videos are remembered besides a page: so that deletions make no old one look new. */
export const MAX_RECENT = 500;

/** The most videos that a trigger waits for. Among them are finished ones that there was no time to read by ID. */
export const MAX_PENDING = 10_000;

/** How much later than newer ones a list may show a video at most, in milliseconds. */
const LATENESS = 60 * 60_000;

/** How many of the videos of a reading are remembered until it has ended: at least as many as one poll reads. */
const MAX_SEEN = 10_000;

/**
 * How much older than the beginning a video may be to count as new if the list was empty then, in
 * milliseconds. More than any time zone, as an empty list shows no time of the API to compare.
 */
const EMPTY_LIST_LATENESS = 24 * 60 * 60_000;

/**
 * How far a polling trigger has read. Stored with the workflow, so its size is bounded: about 15 kB, up to
 * 1 MB while thousands of videos are pending, and 200 kB more while a long reading is cut off. Only a list
 * that is not paged takes more, if it is long.
 */
export interface Progress {
  /** ID of the account that was read, without its key; none in the progress of an older version */
  account?: string;
  /** IDs of the newest listed videos, newest first */
  recent: string[];
  /** IDs of the videos that have not ended, oldest first */
  pending: string[];
  /** Those of `pending` to ask for by ID, as the list does not show them; least recently asked first */
  hidden: string[];
  /** Videos created before this are history; milliseconds since 1970 */
  since?: number;
  /** Unexpected states of pending videos, by ID; milliseconds since 1970 */
  surprises?: Record<string, Surprises>;
  /** A reading of the list that ran out of time, or met a page that fails: the next poll resumes it */
  reading?: {
    /** ID of the last video that was read */
    after: string;
    /** IDs of the videos that were read, newest first */
    seen: string[];
  };
}

export interface Part {
  /** Newest first */
  videos: Video[];
  /** Whether there may be more that could not be read */
  isCut: boolean;
  /** ID that it follows in the list, unless it begins with the newest */
  after?: string;
  /** The most videos that one page brought: far more than requested if the list is not paged */
  pageSize?: number;
}

export interface Step {
  progress: Progress;
  /** Videos that have completed or failed, oldest first */
  finished: Video[];
  /** IDs of the videos that are no longer waited for, as there were too many */
  dropped: string[];
  /** IDs of the videos that are no longer waited for, as the API does not know them */
  gone: string[];
}

/** The first progress: videos that have ended are history, running ones are pending. */
export function begin(part: Part, at: number): Progress {
  const { videos, isCut } = part;
  const nothing = { recent: [], pending: [], hidden: [] };
  const progress = addListed(nothing, { ...part, isCut: false }, at);
  const isRunning = (video: Video) => outcomeOf(video) === 'running' && !lacksStatus(video);
  const running = new Set(videos.filter(isRunning).map(idOf));
  const isEmpty = videos.length === 0;
  const unread = isCut ? createdAt(videos[videos.length - 1] ?? {}) + 1 || 0 : 0;
  return {
    ...progress,
    pending: progress.pending.filter((id) => running.has(id)),
    since: Math.max(progress.since ?? 0, isEmpty ? at - EMPTY_LIST_LATENESS : Math.min(unread, at)),
  };
}

/**
 * Adds a part of the list: its new videos are pending, even those that have ended already. While a reading is cut
 * off, `recent` and `since` stay as they were before it: they tell where it ends.
 */
export function addListed(
  before: Progress,
  { videos, isCut, after, pageSize = 0 }: Part,
  at: number,
): Progress {
  const { recent, reading, since = 0 } = before;
  const earlier = reading?.seen ?? [];
  const ids = idsOf(videos);
  const seen = [...new Set(after ? [...earlier, ...ids] : [...ids, ...earlier])];
  const known = new Set([...recent, ...earlier]);
  const isNew = (video: Video) => !known.has(idOf(video) ?? '') && !(createdAt(video) < since);
  const newIds = idsOf(videos.filter(isNew)).reverse();
  const progress = { ...before, pending: [...new Set([...before.pending, ...newIds])] };
  if (isCut) {
    const last = ids.pop() ?? after;
    if (!last) return progress;
    return { ...progress, reading: { after: last, seen: seen.slice(0, MAX_SEEN) } };
  }
  const newest = videos.map(createdAt).reduce((a, b) => (b > a ? b : a), 0);
  return {
    ...progress,
    // Where a poll reads this many, its last page may bring more. What it does not know there counts as new.
    recent: [...new Set([...seen, ...recent])].slice(0, MAX_RECENT + pageSize),
    // A video dated in the future must not turn all others into history.
    since: Math.max(since, Math.min(newest, at) - LATENESS),
    reading: undefined,
  };
}

/**
 * Moves the videos that have ended from `pending` to `finished`, each once. If too many are left, drops the
 * oldest.
 *
 * @param at milliseconds since 1970
 */
export function settle(before: Progress, snapshot: Snapshot, at: number): Step {
  const finished: Video[] = [];
  const gone: string[] = [];
  const surprises: Record<string, Surprises> = {};
  const waiting = before.pending.filter((id) => {
    const state = { ...before.surprises?.[id] };
    const ending = endingIn(snapshot, id, state, at, TOLERANCE.unknownBesideList);
    if (ending === 'ended') finished.push(snapshot.get(id)!);
    else if (ending === 'gone') gone.push(id);
    else if (!ending && (state.unknownSince || state.withoutLinkSince)) surprises[id] = state;
    return !ending;
  });
  const pending = waiting.slice(-MAX_PENDING);
  const dropped = waiting.slice(0, -MAX_PENDING);
  dropped.forEach((id) => delete surprises[id]);
  const isPending = new Set(pending);
  const hidden = before.hidden.filter((id) => isPending.has(id));
  const { since, reading } = before;
  // If the list shows one again, such as after a failure, it is new.
  const isGone = new Set(gone);
  const recent = before.recent.filter((id) => !isGone.has(id));
  const progress = { recent, pending, hidden, since, surprises, reading };
  return { progress, finished, dropped, gone };
}

/** A test for videos that are older than the last progress: a reading of the list ends at these. */
export function isKnownIn({ recent, since = 0 }: Progress): (video: Video) => boolean {
  const known = new Set<unknown>(recent);
  return (video) => known.has(idOf(video)) || createdAt(video) < since;
}

function idsOf(videos: Video[]): string[] {
  return videos.flatMap((video) => idOf(video) ?? []);
}
