import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from './response';
import { errorTextOf } from './errorText';
import { isObject } from './json';

/**
 * What the status of an answer means. This file is the only place that says so.
 *
 * Documented are three kinds of refusal: "Missing or invalid API key", "Required parameters are
 * missing or malformed" and "Too many requests or the service is temporarily unavailable". Which
 * status each of them has, and all the others, are assumptions.
 */
export type StatusClass =
  | 'done'
  /** It points to another address */
  | 'moved'
  /** The API key is missing or invalid */
  | 'badKey'
  /** The credits of the account are used up */
  | 'noCredits'
  /** The key is known, but may not do this */
  | 'notAllowed'
  | 'badValues'
  | 'notFound'
  /** Too many requests, or the service is unavailable for a moment: nothing was done */
  | 'busy'
  /** Something between here and the API did not get an answer from it */
  | 'unreachable'
  /** A fault on the API's side: it may have acted, or not */
  | 'fault'
  /** A refusal of a kind that is not known here */
  | 'refused';

const MEANINGS: Record<number, StatusClass> = {
  400: 'badValues',
  401: 'badKey',
  402: 'noCredits',
  403: 'notAllowed',
  404: 'notFound',
  422: 'badValues',
  429: 'busy',
  502: 'unreachable',
  503: 'busy',
  504: 'unreachable',
};

/** What an answer means: by its status, and where money may be meant by its words. */
export function statusClassOf({ status, body }: Pick<ApiResponse, 'status' | 'body'>): StatusClass {
  if (!(status >= 200)) return 'fault'; // no status of an answer
  if (status < 300) return 'done';
  if (status < 400) return 'moved';
  if ((status === 403 || status === 429) && speaksOfMoney(body)) return 'noCredits';
  return MEANINGS[status] ?? (status < 500 ? 'refused' : 'fault');
}

/** Assumption: credits that are used up are told by 402, or by 403 or 429 with words that say so. */
function speaksOfMoney(body: unknown): boolean {
  const code = isObject(body) && isObject(body.error) ? String(body.error.code ?? '') : '';
  return /(^|[^a-z])(credits?|balance|funds|payment|billing)([^a-z]|$)/i.test(
    `${code} ${errorTextOf(body) ?? ''}`,
  );
}

/**
 * What to make of the outcome of one request:
 * - `done`: the API answered it
 * - `refused`: for good; asking again would get the same answer
 * - `again`: nothing has happened, and it may be accepted in a moment
 * - `unknown`: the API may have acted on it; sending it again could make and charge a second video
 */
export type RetryDecision = 'done' | 'refused' | 'retry' | 'unknown';

/**
 * Judges one outcome. Reads may always be sent again; a submission only where it is certain that
 * the API did not act on it.
 */
export function retryDecision(
  method: IHttpRequestMethods,
  outcome: ApiResponse | NetworkError,
): RetryDecision {
  const isRead = method === 'GET';
  if (outcome instanceof NetworkError) return isRead || !outcome.maybeSent ? 'retry' : 'unknown';
  switch (statusClassOf(outcome)) {
    case 'done':
      return 'done';
    case 'busy':
      return 'retry';
    case 'unreachable':
      return isRead ? 'retry' : 'unknown';
    case 'fault':
      return isRead ? 'refused' : 'unknown';
    default:
      return 'refused';
  }
}

/** As in `Sun, 06 Nov 1994 08:49:37 GMT`: the form that every sender has to use (RFC 9110). */
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * The pause that an answer asks for, in milliseconds, or `undefined` where it asks for none that can be
 * understood: whole seconds, or a date.
 *
 * Assumption: `Retry-After` may come with 429 and 503.
 *
 * @param now milliseconds since 1970, for an answer that does not say when it was given
 */
export function retryAfterOf(headers: IDataObject, now = Date.now()): number | undefined {
  const value = String(headers['retry-after'] ?? '').trim();
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = timeOf(value);
  if (date === undefined) return undefined;
  // By the clock of whoever set it, which may be another one than ours.
  return Math.max(0, date - (timeOf(String(headers.date ?? '').trim()) ?? now));
}

/** @returns milliseconds since 1970 */
function timeOf(date: string): number | undefined {
  const time = HTTP_DATE.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
