import { endingIn, type Snapshot, type Surprises } from '../account/snapshot';
import { createdAt, outcomeOf, type Video, videoIdOf } from '../api/video';

/** How many of the newest are remembered: more than a page, so that none looks new when others are deleted. */
export const MAX_RECENT = 500;

/** How many videos are waited for. */
export const MAX_PENDING = 2_000;

/** A list may show a video this much later than newer ones, in milliseconds. */
const LATENESS = 60 * 60_000;

/** How far a polling trigger has come. Kept with the workflow, so its size is bounded: about 100 kB. */
export interface Progress {
  /** IDs of the newest videos that were listed, newest first */
  recent: string[];
  /** IDs of the videos that have not ended, oldest first */
  pending: string[];
  /** Those of `pending` to ask for by ID, since the list does not show them; longest unasked first */
  hidden: string[];
  /** A video that was created before this is history; milliseconds since 1970 */
  since?: number;
  /** When something about a pending video began to be odd, by its ID; milliseconds since 1970 */
  surprises?: Record<string, Surprises>;
  /** A reading of the list that ran out of time: the next poll goes on with it */
  reading?: {
    /** ID of the last video that was read */
    after: string;
    /** IDs of the videos that were read, newest first */
    seen: string[];
  };
}

/** What was read of the list, newest first. */
export interface Part {
  videos: Video[];
  /** Whether there may be more, for which there was no time */
  isCut: boolean;
}

export interface Step {
  progress: Progress;
  /** What has completed or failed, oldest first */
  finished: Video[];
  /** IDs of videos that were too many to wait for */
  dropped: string[];
}

/** The beginning: what has ended is history, and what is running is pending. */
export function begin({ videos, isCut }: Part, at: number): Progress {
  const nothing = { recent: [], pending: [], hidden: [] };
  const progress = addListed(nothing, { videos, isCut: false }, at);
  const running = new Set(videos.filter((one) => outcomeOf(one) === 'running').map(videoIdOf));
  const unread = isCut ? createdAt(videos[videos.length - 1] ?? {}) + 1 || 0 : 0;
  return {
    ...progress,
    pending: progress.pending.filter((id) => running.has(id)),
    since: Math.max(progress.since ?? 0, Math.min(unread, at)),
  };
}

/**
 * Adds what was read of the list: whatever is new in it is pending, also where it has ended already.
 *
 * While a reading is cut off, `recent` and `since` stay as they were before it, so that they still tell
 * where it ends.
 *
 * @param at milliseconds since 1970
 */
export function addListed(before: Progress, { videos, isCut }: Part, at: number): Progress {
  const { recent, reading, since = 0 } = before;
  const earlier = reading?.seen ?? [];
  const seen = [...new Set([...earlier, ...idsOf(videos)])];
  const known = new Set([...recent, ...earlier]);
  const isNew = (video: Video) => !known.has(videoIdOf(video) ?? '') && !(createdAt(video) < since);
  const newIds = idsOf(videos.filter(isNew)).reverse();
  const progress = { ...before, pending: [...new Set([...before.pending, ...newIds])] };
  if (isCut) {
    const after = idsOf(videos).pop();
    if (!after) return progress;
    return { ...progress, reading: { after, seen: seen.slice(0, MAX_PENDING) } };
  }
  const newest = videos.map(createdAt).reduce((a, b) => (b > a ? b : a), 0);
  return {
    ...progress,
    recent: [...new Set([...seen, ...recent])].slice(0, MAX_RECENT),
    // A video from the future must not turn all others into history.
    since: Math.max(since, Math.min(newest, at) - LATENESS),
    reading: undefined,
  };
}

/**
 * Takes those out of `pending` that have ended: each comes out once. Of too many, the oldest are dropped.
 *
 * @param snapshot what this poll saw of the videos
 * @param at milliseconds since 1970
 */
export function settle(before: Progress, snapshot: Snapshot, at: number): Step {
  const finished: Video[] = [];
  const surprises: Record<string, Surprises> = {};
  const waiting = before.pending.filter((id) => {
    const met = { ...before.surprises?.[id] };
    const ending = endingIn(snapshot, id, met, at);
    if (ending === 'ended') finished.push(snapshot.get(id)!);
    else if (!ending && (met.unknownSince || met.withoutLinkSince)) surprises[id] = met;
    return !ending;
  });
  const pending = waiting.slice(-MAX_PENDING);
  const dropped = waiting.slice(0, -MAX_PENDING);
  dropped.forEach((id) => delete surprises[id]);
  const isPending = new Set(pending);
  const hidden = before.hidden.filter((id) => isPending.has(id));
  const { recent, since, reading } = before;
  return { progress: { recent, pending, hidden, since, surprises, reading }, finished, dropped };
}

/** Tells the videos at which a reading of the list has come down to what was there before it. */
export function isKnownIn({ recent, since = 0 }: Progress): (video: Video) => boolean {
  const known = new Set<unknown>(recent);
  return (video) => known.has(videoIdOf(video)) || createdAt(video) < since;
}

function idsOf(videos: Video[]): string[] {
  return videos.flatMap((video) => videoIdOf(video) ?? []);
}
