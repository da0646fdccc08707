import { endingIn, type Snapshot, type Surprises } from '../account/snapshot';
import { createdAt, lacksStatus, outcomeOf, type Video, videoIdOf } from '../api/video';

/** How many of the newest videos are remembered: more than a page, so that deletions make no old one look new. */
export const MAX_RECENT = 500;

/** The most videos that a trigger waits for. */
export const MAX_PENDING = 2_000;

/** A list may show a video this much later than newer ones, in milliseconds. */
const LATENESS = 60 * 60_000;

/** How far a polling trigger has read. Stored with the workflow, so its size is bounded: about 100 kB. */
export interface Progress {
  /** ID of the account that was read, without its key; none in the progress of an older version */
  account?: string;
  /** IDs of the newest listed videos, newest first */
  recent: string[];
  /** IDs of the videos that have not ended, oldest first; then those asked for by ID, in that order */
  pending: string[];
  /** Videos created before this are history; milliseconds since 1970 */
  since?: number;
  /** Since when pending videos have been odd, by ID; milliseconds since 1970 */
  surprises?: Record<string, Surprises>;
  /** If no poll had the time to read down to `recent`: the IDs that they read, newest first */
  reading?: { seen: string[] };
}

/** A part of the list. */
export interface Part {
  /** Newest first */
  videos: Video[];
  /** Whether there was no time to read it down to known videos */
  isCut: boolean;
}

export interface Step {
  progress: Progress;
  /** Videos that have completed or failed, in the order of `pending` */
  finished: Video[];
  /** IDs of the videos that are no longer waited for, as there were too many */
  dropped: string[];
  /** IDs of the videos that are no longer waited for, as the API does not know them */
  gone: string[];
}

/** The first progress: videos that have ended are history, running ones are pending. */
export function begin(videos: Video[], at: number): Progress {
  const progress = addListed({ recent: [], pending: [] }, { videos, isCut: false }, at);
  const isRunning = (video: Video) => outcomeOf(video) === 'running' && !lacksStatus(video);
  return { ...progress, pending: idsOf(videos.filter(isRunning)).reverse() };
}

/**
 * Adds a part of the list: its new videos are pending, even those that have ended already.
 *
 * @param at milliseconds since 1970
 */
export function addListed(before: Progress, { videos, isCut }: Part, at: number): Progress {
  const { recent, reading, since = 0 } = before;
  const isKnown = isKnownIn(before);
  const earlier = new Set(reading?.seen);
  const newIds = idsOf(videos.filter((video) => !isKnown(video))).filter((id) => !earlier.has(id));
  const pending = [...new Set([...before.pending, ...newIds.reverse()])];
  const seen = [...new Set([...idsOf(videos), ...earlier])];
  // The next poll reads down to the same place.
  if (isCut) return { ...before, pending, reading: { seen } };
  const newest = videos.map(createdAt).reduce((a, b) => (b > a ? b : a), 0);
  return {
    ...before,
    pending,
    recent: [...new Set([...seen, ...recent])].slice(0, MAX_RECENT),
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
    const ending = endingIn(snapshot, id, state, at);
    if (ending === 'ended') finished.push(snapshot.get(id)!);
    else if (ending === 'gone') gone.push(id);
    else if (state.unknownSince || state.withoutLinkSince) surprises[id] = state;
    return !ending;
  });
  const { account, since, reading } = before;
  // If the list shows one again, such as after a failure, it is new.
  const recent = before.recent.filter((id) => !gone.includes(id));
  const pending = waiting.slice(-MAX_PENDING);
  const progress = { account, recent, pending, since, surprises, reading };
  return { progress, finished, gone, dropped: waiting.slice(0, -MAX_PENDING) };
}

/** Returns a test for videos that are older than the last progress: a reading of the list ends at these. */
export function isKnownIn({ recent, since = 0 }: Progress): (video: Video) => boolean {
  const known = new Set<unknown>(recent);
  return (video) => known.has(videoIdOf(video)) || createdAt(video) < since;
}

export function idsOf(videos: Video[]): string[] {
  return videos.flatMap((video) => videoIdOf(video) ?? []);
}
