import { isObject } from '../nodes/ITeraBiz/api/json.ts';
import { jobIn, outcomeOf, type Video } from '../nodes/ITeraBiz/api/video.ts';
import { pageIn } from '../nodes/ITeraBiz/api/page.ts';
import type { ApiResponse } from '../nodes/ITeraBiz/api/response.ts';
import type { Exchange } from './asker.mts';
import { isAnswer } from './outcome.mts';

/** All observations of a run. assumptions/ interprets them. */
export interface Evidence {
  /** Every request, in order */
  exchanges: Exchange[];
  avatars: Exchange;
  wrongKey: Exchange;
  unknownVideo: Exchange;
  /** A read with an invalid parameter */
  malformed: Exchange;
  /** The first two videos, and the next two, if there are any */
  two: Exchange;
  nextTwo?: Exchange;
  /** The largest page that the node asks for, and a smaller one if that was refused */
  largePage: Exchange;
  smallPage?: Exchange;
  filtered: Exchange;
  /** Single videos: one for each status word in the list */
  byId: Exchange[];
  file?: FileEvidence;
  webhooks: Exchange;
  order?: OrderEvidence;
  hook?: HookEvidence;
}

export interface FileEvidence {
  /** The request of the file, after the redirects that led to it */
  hops: Exchange[];
  /** A request for the first ten bytes only */
  range: Exchange;
  /** The link with its last character changed, if it has a query */
  altered?: Exchange;
}

/** Observations from ordering a video. */
export interface OrderEvidence {
  /** An invalid order */
  refused: Exchange;
  accepted: Exchange;
  /** The same order again, with the same Idempotency-Key */
  repeated?: Exchange;
  /** Milliseconds from acceptance until the list showed it. Missing if it never did */
  listedAfter?: number;
  /** How long the list was watched, in milliseconds */
  watchedFor: number;
  /** Each poll of the video */
  polls: Exchange[];
  /** The body of the order */
  sent: Video;
  /** Its entry in the list, at first and once it had ended */
  listed?: Video;
  listedAtEnd?: Video;
}

export interface Delivery {
  headers: Record<string, unknown>;
  body: Buffer;
}

/** Observations from registering a webhook. */
export interface HookEvidence {
  registered: Exchange;
  list: Exchange;
  deliveries: Delivery[];
  removed?: Exchange;
  /** A second removal */
  removedAgain?: Exchange;
}

/** The response, if there was one. */
export function answerIn(exchange?: Exchange): ApiResponse | undefined {
  return exchange && isAnswer(exchange.outcome) ? exchange.outcome : undefined;
}

/** The status of the response, 0 without one. */
export const statusIn = (exchange?: Exchange): number => answerIn(exchange)?.status ?? 0;

export function isSuccess(exchange?: Exchange): boolean {
  const status = statusIn(exchange);
  return status >= 200 && status < 300;
}

/** The object in a successful response, found the way the node finds it. */
export function objectIn(exchange?: Exchange): Video | undefined {
  const body = isSuccess(exchange) ? answerIn(exchange)?.body : undefined;
  return jobIn(body) ?? (isObject(body) ? body : undefined);
}

/** The entries of a list in a successful response. */
export function entriesIn(exchange?: Exchange): Video[] {
  const page = isSuccess(exchange) ? pageIn(answerIn(exchange)?.body) : undefined;
  return page?.data ?? [];
}

/** The longest page of videos that was read. */
export function longestPageIn({ largePage, smallPage, two }: Evidence): Video[] {
  const pages = [largePage, smallPage, two].map((page) => entriesIn(page));
  return pages.reduce((longest, page) => (page.length > longest.length ? page : longest));
}

/** The videos seen in lists. */
export function listedIn(evidence: Evidence): Video[] {
  const ordered = evidence.order?.listed;
  return [...(ordered ? [ordered] : []), ...longestPageIn(evidence)];
}

/** The videos that were read by ID. */
export function readById({ byId, order }: Evidence): Video[] {
  return [...byId, ...(order?.polls ?? [])]
    .map((exchange) => objectIn(exchange))
    .filter((video) => video !== undefined);
}

export function completedIn(evidence: Evidence): Video[] {
  return [...readById(evidence), ...listedIn(evidence)].filter(
    (video) => outcomeOf(video) === 'completed',
  );
}
