import { isObject } from '../nodes/ITeraBiz/api/json.ts';
import { jobIn, outcomeOf, type Video } from '../nodes/ITeraBiz/api/video.ts';
import { pageIn } from '../nodes/ITeraBiz/api/page.ts';
import type { ApiResponse } from '../nodes/ITeraBiz/api/response.ts';
import type { Exchange } from './asker.mts';
import { isAnswer } from './outcome.mts';

/** Everything that was seen. What it means is for assumptions/ to say. */
export interface Evidence {
  /** Every request, in order */
  exchanges: Exchange[];
  avatars: Exchange;
  wrongKey: Exchange;
  unknownVideo: Exchange;
  /** A read with a parameter that cannot be right */
  malformed: Exchange;
  /** Two videos, and the two after them, if there are any */
  two: Exchange;
  nextTwo?: Exchange;
  /** The largest page that the node asks for, and a small one where that was refused */
  largePage: Exchange;
  smallPage?: Exchange;
  filtered: Exchange;
  /** Single videos: one for each word of status in the list */
  byId: Exchange[];
  file?: FileLook;
  webhooks: Exchange;
  order?: OrderLook;
  hook?: HookLook;
}

export interface FileLook {
  /** The heads of the answers on the way to the file: more than one where the link sends on */
  hops: Exchange[];
  /** The first ten bytes alone */
  range: Exchange;
  /** The link with another last character, where it has a query */
  altered?: Exchange;
}

/** What it was like to order a video. */
export interface OrderLook {
  /** An order that cannot be right */
  refused: Exchange;
  accepted: Exchange;
  /** With the same Idempotency-Key once more */
  repeated?: Exchange;
  /** How long after it was accepted the list showed it, in milliseconds; nothing: it did not */
  listedAfter?: number;
  /** How long the list was looked at, in milliseconds */
  lookedFor: number;
  /** Each answer to the question how it is doing */
  looks: Exchange[];
  /** What was ordered */
  sent: Video;
  /** How the list showed it, first and once it had ended */
  listed?: Video;
  listedAtEnd?: Video;
}

export interface Delivery {
  headers: Record<string, unknown>;
  body: Buffer;
}

/** What it was like to register a webhook. */
export interface HookLook {
  registered: Exchange;
  list: Exchange;
  deliveries: Delivery[];
  removed?: Exchange;
  /** Removed once more */
  removedAgain?: Exchange;
}

/** The answer, or nothing where none came. */
export function answerIn(exchange?: Exchange): ApiResponse | undefined {
  return exchange && isAnswer(exchange.outcome) ? exchange.outcome : undefined;
}

/** The answer's status, 0 where none came. */
export const statusIn = (exchange?: Exchange): number => answerIn(exchange)?.status ?? 0;

export function isSuccess(exchange?: Exchange): boolean {
  const status = statusIn(exchange);
  return status >= 200 && status < 300;
}

/** The object in an answer of success, where the node finds it, too. */
export function objectIn(exchange?: Exchange): Video | undefined {
  const body = isSuccess(exchange) ? answerIn(exchange)?.body : undefined;
  return jobIn(body) ?? (isObject(body) ? body : undefined);
}

/** The entries of a list in an answer of success. */
export function entriesIn(exchange?: Exchange): Video[] {
  const page = isSuccess(exchange) ? pageIn(answerIn(exchange)?.body) : undefined;
  return page?.data ?? [];
}

/** The longest page of videos that was read. */
export function longestPageIn({ largePage, smallPage, two }: Evidence): Video[] {
  const pages = [largePage, smallPage, two].map((page) => entriesIn(page));
  return pages.reduce((longest, page) => (page.length > longest.length ? page : longest));
}

/** The videos that lists showed. */
export function listedIn(evidence: Evidence): Video[] {
  const ordered = evidence.order?.listed;
  return [...(ordered ? [ordered] : []), ...longestPageIn(evidence)];
}

/** The videos that were read by their ID. */
export function readById({ byId, order }: Evidence): Video[] {
  return [...byId, ...(order?.looks ?? [])]
    .map((exchange) => objectIn(exchange))
    .filter((video) => video !== undefined);
}

export function completedIn(evidence: Evidence): Video[] {
  return [...readById(evidence), ...listedIn(evidence)].filter(
    (video) => outcomeOf(video) === 'completed',
  );
}
