import { PAGE_SIZE, pages } from '../api/page';
import { hasEnded, idOf, isPartial, lacksLink, type Video } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';

/** Each video as a poll saw it; `undefined` if the API does not know it. */
export type Snapshot = Map<string, Video | undefined>;

export type VideoReader = Pick<ApiClient, 'page' | 'video'>;

/** How long an unexpected state is tolerated before it ends a wait, in milliseconds. */
export const TOLERANCE = {
  /** A video the API does not know. While it is being deployed, a gateway may not know any. */
  unknown: 5 * 60_000,
  /** The same after a list was read, so it was the API that answered */
  unknownBesideList: 60_000,
  /** A completed video without a link */
  withoutLink: 60_000,
  /** Refusals that no retry would fix */
  refused: 60_000,
};

/** Since when polls of one wait have seen an unexpected state, by the same clock as `at` below. */
export interface Surprises {
  unknownSince?: number;
  withoutLinkSince?: number;
}

/** How a wait ended: the video completed or failed, or the API no longer knows it. */
export type Ending = 'ended' | 'gone';

/**
 * Whether a poll ends a wait; `undefined` if the wait goes on. In-memory and durable waits share this rule.
 *
 * @param surprises of this wait; updated here
 * @param at when the poll was made, in milliseconds
 * @param tolerance for a video that is unknown, in milliseconds
 */
export function endingIn(
  snapshot: Snapshot,
  id: string,
  surprises: Surprises,
  at: number,
  tolerance = TOLERANCE.unknown,
): Ending | undefined {
  if (!snapshot.has(id)) return undefined;
  const video = snapshot.get(id);
  if (!video) {
    surprises.unknownSince ??= at;
    return at - surprises.unknownSince >= tolerance ? 'gone' : undefined;
  }
  surprises.unknownSince = undefined;
  if (hasEnded(video)) return 'ended';
  const { withoutLinkSince = at } = surprises;
  surprises.withoutLinkSince = lacksLink(video) ? withoutLinkSince : undefined;
  return lacksLink(video) && at - withoutLinkSince >= TOLERANCE.withoutLink ? 'ended' : undefined;
}

/** Consecutive refused polls that no retry would fix, and when the first was refused. */
export interface Refusals {
  count: number;
  since: number;
}

/**
 * Whether a refused poll ends a wait. A single one never does: it may be an error page of a proxy.
 *
 * @param refusals of this wait; updated here
 */
export function isRefusedForGood(error: Error, refusals: Refusals, at: number): boolean {
  const isPermanent =
    !(error instanceof RequestFailed) || ['badKey', 'notAllowed'].includes(error.statusClass ?? '');
  refusals.count = isPermanent ? refusals.count + 1 : 0;
  if (refusals.count === 1) refusals.since = at;
  return refusals.count >= 3 && at - refusals.since >= TOLERANCE.refused;
}

/** After this many refusals, a poll stops reading videos by ID. */
const MAX_REFUSALS = 3;

/**
 * Polls the state of some videos: a single one by ID, several from the list. It takes no more requests than
 * there are videos, not counting one for a list that fails.
 * @param unlisted IDs the list did not show; the caller keeps them between polls. They are read by ID: now,
 *   or in the next poll if the list took too many requests. Those no longer asked for are removed.
 * @param snapshot gets what was seen, from the first request on
 * @param refused gets why videos could not be read by ID
 * @returns what was seen; an ID that is missing was not read this time, or could not be
 * @throws {RequestFailed} if a request was refused before anything was seen
 */
export async function fetchSnapshot(
  ids: string[],
  reader: VideoReader,
  unlisted: Set<string>,
  snapshot: Snapshot = new Map(),
  refused = new Map<string, RequestFailed>(),
): Promise<Snapshot> {
  const all = new Set(ids);
  unlisted.forEach((id) => all.has(id) || unlisted.delete(id));
  const listed = ids.filter((id) => !unlisted.has(id));
  const refusals: RequestFailed[] = [];
  // If that many are unlisted, the list was late.
  const readsList = listed.length > 1 || unlisted.size > PAGE_SIZE;
  const requests = readsList ? await readListed(listed, reader, unlisted, snapshot, refusals) : 0;
  // Unlisted ones first: they may have been left for this poll.
  const byId = [...unlisted];
  if (listed.length === 1) byId.unshift(...listed);
  // A list that fails says nothing about the videos: they may be read one by one.
  const hasNoList = refusals.some(({ attempt, statusClass = 'fault' }) => {
    return attempt.tries > 0 && !['badKey', 'busy'].includes(statusClass);
  });
  if (hasNoList) byId.push(...listed.filter((id) => !snapshot.has(id) && !unlisted.has(id)));
  // One that may be back in a moment leaves some for the next poll.
  const isBrief = refusals.some(({ attempt }) => attempt.decision === 'retry');
  const most = isBrief ? PAGE_SIZE : Infinity;
  const left = Math.min(ids.length - requests + Number(hasNoList), most);
  byId.slice(left).forEach((id) => unlisted.add(id));
  for (const id of byId.slice(0, left)) {
    const video = await videoIfKnown(reader, id).catch(refusalOnly);
    if (!(video instanceof RequestFailed)) {
      snapshot.set(id, video);
      continue;
    }
    // Perhaps only this one cannot be read: move it to the end, so that the next poll reads others first.
    unlisted.delete(id);
    unlisted.add(id);
    refused.set(id, video);
    if (refusals.push(video) === MAX_REFUSALS) break;
  }
  if (snapshot.size === 0 && refusals.length > 0) throw refusals[0];
  return snapshot;
}

/**
 * Adds listed videos to the snapshot, and other IDs to `unlisted`. After a refused page, the rest is left
 * for the next poll. An unlisted video that the list shows by now is no longer unlisted: it was only late.
 * @returns the number of requests
 */
async function readListed(
  ids: string[],
  reader: VideoReader,
  unlisted: Set<string>,
  snapshot: Snapshot,
  refusals: RequestFailed[],
): Promise<number> {
  const missing = new Set(ids);
  let requests = 0;
  const fetch = async (after?: string) => {
    requests += 1;
    return await reader.page('/videos', after);
  };
  try {
    for await (const { newItems } of pages(fetch)) {
      let showsLate = false;
      for (const video of newItems) {
        const id = idOf(video);
        if (id === undefined || !(missing.delete(id) || unlisted.has(id))) continue;
        if (isPartial(video)) {
          unlisted.add(id);
          continue;
        }
        snapshot.set(id, video);
        showsLate = unlisted.delete(id) || showsLate;
      }
      const isEnough = missing.size === 0 || requests >= ids.length;
      if (isEnough && !(showsLate && unlisted.size > 0)) break;
    }
    missing.forEach((id) => unlisted.add(id));
  } catch (error) {
    refusals.push(refusalOnly(error));
  }
  return requests;
}

/** Reads a video by ID; `undefined` if the API does not know it. @throws other errors of `reader.video` */
export async function videoIfKnown(reader: VideoReader, id: string): Promise<Video | undefined> {
  return await reader.video(id).catch((error: unknown) => {
    if (error instanceof RequestFailed && error.statusClass === 'notFound') return undefined;
    throw error;
  });
}
