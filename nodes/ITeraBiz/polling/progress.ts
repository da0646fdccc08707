import { createdAt, outcomeOf, type Video, videoIdOf } from '../api/video';

/** How many of the newest videos are remembered: more than a page, so that none shows up as new when others are deleted. */
export const MOST_RECENT = 500;

/** How many running videos are waited for. */
export const MOST_PENDING = 2_000;

/** So much older than the newest known video may one be and still be new, in milliseconds. */
const LATENESS = 60 * 60_000;

/** How far a polling trigger has come. Kept with the workflow, so its size is bounded: about 100 kB. */
export interface Progress {
  /** IDs of the newest videos that were seen, newest first */
  recent: string[];
  /** IDs of the videos that were running when they were last seen, longest ago first */
  pending: string[];
  /** Those of `pending` that the list does not show soon, so that they are asked for one by one */
  hidden: string[];
  /** What was made before this is history, in milliseconds since 1970 */
  horizon: number;
  gap?: Gap;
}

/** A part of the list that an earlier poll had no time for. */
export interface Gap {
  /** ID of the last video above it */
  after: string;
  /** What was known when that poll began, and so tells what is new in it */
  recent: string[];
  horizon: number;
}

/** What a look at the API brought. */
export interface Sight {
  /** All videos, newest first, down to those that were known, or to where the time was up */
  listed: Video[];
  /** The same of the gap that an earlier poll left */
  below?: Video[];
  /** What the next poll has to read before anything else */
  gap?: Gap;
  /** Other pending videos, by ID; `undefined` for one that is gone */
  asked: Map<string, Video | undefined>;
  hidden: Set<string>;
}

/** What follows from it. */
export interface Step {
  progress: Progress;
  /** What has finished or failed since, oldest first */
  finished: Video[];
  /** IDs of running videos that were too many to wait for */
  dropped: string[];
}

/** The beginning: what is finished by now is history, and what is running is waited for. */
export function begin(listed: Video[]): Step {
  const nothing = { recent: [], pending: [], hidden: [], horizon: 0 };
  const step = advance(nothing, { listed, asked: new Map(), hidden: new Set() });
  return { ...step, finished: [] };
}

/**
 * Takes in a look. A finished video comes out once: when it is new, or was pending until now.
 *
 * Videos over the bounds are dropped, the longest waiting first, and named.
 */
export function advance(before: Progress, { listed, below = [], asked, hidden, gap }: Sight): Step {
  const isKnown = knownIn(before);
  const isKnownBelow = knownBelow(before);
  const pending = new Set(before.pending);
  const finished: Video[] = [];
  const handled = new Set<string>();

  const handle = (id: string | undefined, video: Video | undefined, isOld: boolean) => {
    if (id === undefined || handled.has(id)) return;
    handled.add(id);
    const waitedFor = pending.delete(id);
    if (!video || !(waitedFor || !isOld)) return;
    if (outcomeOf(video) === 'running') pending.add(id);
    else finished.push(video);
  };
  const newestFirst = sorted(listed);
  const belowIt = sorted(below);
  asked.forEach((video, id) => handle(id, video, video !== undefined && isKnown(video)));
  [...belowIt].reverse().forEach((one) => handle(videoIdOf(one), one, isKnownBelow(one)));
  [...newestFirst].reverse().forEach((one) => handle(videoIdOf(one), one, isKnown(one)));

  const ids = [...pending];
  const dropped = ids.slice(0, Math.max(0, ids.length - MOST_PENDING));
  dropped.forEach((id) => pending.delete(id));
  const above = [...idsOf(newestFirst), ...before.recent];
  // Only in a list that is not sorted as assumed is something newer below.
  const isOlder = !(createdAt(belowIt[0] ?? {}) - LATENESS > before.horizon);
  const seen = isOlder ? [...above, ...idsOf(belowIt)] : [...idsOf(belowIt), ...above];
  const recent = [...new Set(seen)].slice(0, MOST_RECENT);
  return {
    progress: {
      recent,
      pending: [...pending],
      hidden: [...hidden].filter((id) => pending.has(id)),
      horizon: Math.max(before.horizon, ...horizonsOf([...newestFirst, ...belowIt], recent)),
      ...(gap && { gap }),
    },
    finished,
    dropped,
  };
}

/** Tells the videos that were seen before, or were made too long ago to be new. */
export function knownIn({
  recent,
  pending,
  horizon,
}: Omit<Progress, 'hidden'>): (video: Video) => boolean {
  const known = new Set<unknown>([...recent, ...pending]);
  return (video) => known.has(videoIdOf(video)) || createdAt(video) < horizon;
}

/** The same for what lies in the gap: what lies there may well be older than what is history above it. */
function knownBelow({ recent, pending, gap }: Progress): (video: Video) => boolean {
  return knownIn({
    recent: [...recent, ...(gap?.recent ?? [])],
    pending,
    horizon: gap?.horizon ?? 0,
  });
}

/** Whether a page, which is not empty, is sorted as assumed, as far as its ends tell: newest first. */
export function isNewestFirst(page: Video[]): boolean {
  return !(createdAt(page[0]) < createdAt(page[page.length - 1]));
}

/**
 * From when on a video can be new: from not long before the newest, and from after those that fell out
 * of `recent`, unless all were made at the same moment.
 *
 * Example: the newest of 500 remembered videos was made at 12:00, the oldest of them at 9:00. A video of
 * 11:30 that was never seen is new: the list showed it late. One of 10:30 is history, for it is more than an
 * hour ({@link LATENESS}) older than the newest. Where one look brought 600 videos, the 501st of which was
 * made at 11:45, the one of 11:30 is history, too: it may be among those that fell out.
 */
function horizonsOf(seen: Video[], recent: string[]): number[] {
  const times = (videos: Video[]) => videos.map(createdAt).filter((time) => !Number.isNaN(time));
  const newest = Math.max(...times(seen));
  const kept = new Set(recent);
  const fallen = seen.filter((video) => !kept.has(videoIdOf(video) ?? recent[0]));
  return [newest - LATENESS, Math.min(Math.max(...times(fallen)) + 1, newest)];
}

function sorted(videos: Video[]): Video[] {
  return [...videos].sort((one, other) => createdAt(other) - createdAt(one) || 0);
}

function idsOf(videos: Video[]): string[] {
  return videos.flatMap((video) => videoIdOf(video) ?? []);
}
