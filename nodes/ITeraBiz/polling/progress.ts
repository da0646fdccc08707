import { madeAt, outcomeOf, type Video, videoIdOf } from '../api/video';

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
}

/** What a look at the API brought. */
export interface Sight {
  /** All videos, newest first, down to those that were known */
  listed: Video[];
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
export function advance(before: Progress, { listed, asked, hidden }: Sight): Step {
  const isKnown = knownIn(before);
  const newestFirst = [...listed].sort((one, other) => madeAt(other) - madeAt(one) || 0);
  const inList = newestFirst.map((video) => [videoIdOf(video), video] as const);
  const pending = new Set(before.pending);
  const finished: Video[] = [];

  for (const [id, video] of [...asked, ...inList.reverse()]) {
    if (id === undefined) continue;
    const waitedFor = pending.delete(id);
    if (!video || !(waitedFor || !isKnown(video))) continue;
    if (outcomeOf(video) === 'running') pending.add(id);
    else finished.push(video);
  }

  const ids = [...pending];
  const dropped = ids.slice(0, Math.max(0, ids.length - MOST_PENDING));
  dropped.forEach((id) => pending.delete(id));
  const seen = newestFirst.flatMap((video) => videoIdOf(video) ?? []);
  return {
    progress: {
      recent: [...new Set([...seen, ...before.recent])].slice(0, MOST_RECENT),
      pending: [...pending],
      hidden: [...hidden].filter((id) => pending.has(id)),
      horizon: Math.max(before.horizon, ...horizonsOf(newestFirst)),
    },
    finished,
    dropped,
  };
}

/** Tells the videos that were seen before, or were made too long ago to be new. */
export function knownIn({ recent, pending, horizon }: Progress): (video: Video) => boolean {
  const known = new Set<unknown>([...recent, ...pending]);
  return (video) => known.has(videoIdOf(video)) || madeAt(video) < horizon;
}

/** Whether a page, which is not empty, is sorted as assumed, as far as its ends tell: newest first. */
export function isNewestFirst(page: Video[]): boolean {
  return !(madeAt(page[0]) < madeAt(page[page.length - 1]));
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
function horizonsOf(newestFirst: Video[]): number[] {
  const times = newestFirst.map(madeAt);
  const afterFallen = Math.min(times[MOST_RECENT] + 1, times[0]);
  return [times[0] - LATENESS, afterFallen].filter((time) => !Number.isNaN(time));
}
