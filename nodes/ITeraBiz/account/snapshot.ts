import { pages } from '../api/page';
import { hasEnded, lacksLink, type Video, videoIdOf } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';

/** What a poll saw of each video; `undefined` where the API does not know it. */
export type Snapshot = Map<string, Video | undefined>;

/** How a poll reads. An {@link ApiClient} does. */
export type VideoReader = Pick<ApiClient, 'page' | 'video'>;

/** How long a poll's surprises are waited for, in milliseconds. */
export const PATIENCE = {
  /** A video that the API does not know: a new one may take a while to show */
  unknown: 60_000,
  /** A completed one without a link */
  withoutLink: 60_000,
  /** Refusals that no retry would cure */
  refused: 60_000,
};

/** Since when polls of one wait have met a surprise. By any one clock, as below. */
export interface Surprises {
  unknownSince?: number;
  withoutLinkSince?: number;
}

/** How a wait ended: finished or failed, or no longer known to the API. */
export type Ending = 'ended' | 'gone';

/**
 * What a poll means for a wait, which goes on where it is nothing. The one rule, wherever the wait is.
 *
 * @param surprises of this wait; updated here
 * @param at in milliseconds
 */
export function endingIn(
  snapshot: Snapshot,
  id: string,
  surprises: Surprises,
  at: number,
): Ending | undefined {
  if (!snapshot.has(id)) return undefined;
  const video = snapshot.get(id);
  if (!video) {
    surprises.unknownSince ??= at;
    return at - surprises.unknownSince >= PATIENCE.unknown ? 'gone' : undefined;
  }
  surprises.unknownSince = undefined;
  if (hasEnded(video)) return 'ended';
  if (!lacksLink(video)) {
    surprises.withoutLinkSince = undefined;
    return undefined;
  }
  surprises.withoutLinkSince ??= at;
  return at - surprises.withoutLinkSince >= PATIENCE.withoutLink ? 'ended' : undefined;
}

/** Refused polls in a row that no retry would cure, and when the first of them came. */
export interface Refusals {
  count: number;
  since: number;
}

/**
 * Whether a refused poll ends a wait. One never does: a page of a proxy may look like it.
 *
 * @param refusals of this wait; updated here
 */
export function isRefusedForGood(error: RequestFailed, refusals: Refusals, at: number): boolean {
  const isForGood = error.statusClass === 'badKey' || error.statusClass === 'notAllowed';
  refusals.count = isForGood ? refusals.count + 1 : 0;
  if (refusals.count === 1) refusals.since = at;
  return refusals.count >= 3 && at - refusals.since >= PATIENCE.refused;
}

/** After so many refusals, one poll asks for no more videos by their IDs. */
const MAX_REFUSALS = 3;

/**
 * Polls how some videos are doing, with never more requests than there are videos: one is asked for by
 * its ID, many are read from the list.
 *
 * @param unlisted IDs that the list did not show; kept by the caller from one poll to the next. They are
 *   asked for by ID: now, or, where the list has cost too many requests, next time.
 * @returns what was seen; an ID that is missing was not asked for this time, or could not be read
 * @throws {RequestFailed} when a request was refused before anything was seen
 */
export async function fetchSnapshot(
  ids: string[],
  reader: VideoReader,
  unlisted: Set<string>,
): Promise<Snapshot> {
  const snapshot: Snapshot = new Map();
  const listed = ids.filter((id) => !unlisted.has(id));
  let requests = 0;

  if (listed.length > 1) {
    const missing = new Set(listed);
    const fetch = async (after?: string) => (await reader.page('/videos', after)).page;
    for await (const { newItems } of pages(fetch)) {
      requests += 1;
      for (const video of newItems) {
        const id = videoIdOf(video) ?? '';
        if (!missing.delete(id)) continue;
        snapshot.set(id, video);
        // A list may leave the link out: asked for by its ID, the video has it.
        if (lacksLink(video)) unlisted.add(id);
      }
      if (missing.size === 0 || requests >= listed.length) break;
    }
    missing.forEach((id) => unlisted.add(id));
  }

  // First those that were not listed first: they may have been left for this poll.
  const all = new Set(ids);
  const byId = [...unlisted].filter((id) => all.has(id));
  if (listed.length === 1) byId.unshift(...listed);
  const refusals: RequestFailed[] = [];
  for (const id of byId.slice(0, ids.length - requests)) {
    const seen = await videoIfKnown(reader, id).catch(refusalOnly);
    if (!(seen instanceof RequestFailed)) {
      snapshot.set(id, seen);
      continue;
    }
    // It may be only this one that cannot be read. Next time the others come first.
    unlisted.delete(id);
    unlisted.add(id);
    if (refusals.push(seen) === MAX_REFUSALS) break;
  }
  if (snapshot.size === 0 && refusals.length > 0) throw refusals[0];
  return snapshot;
}

/** One video by its ID; `undefined` where the API does not know it. @throws as `reader.video`, otherwise */
export async function videoIfKnown(reader: VideoReader, id: string): Promise<Video | undefined> {
  return await reader.video(id).catch((error: unknown) => {
    if (error instanceof RequestFailed && error.statusClass === 'notFound') return undefined;
    throw error;
  });
}
