import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';

import { errorTextOf } from './errorText';
import { isObject } from './json';
import { type ApiResponse, NetworkError } from './response';
import { jobIn, saysNo, timeOf } from './video';

/**
 * What to make of the outcome of one request:
 * - `done`: the API answered it, and accepted it where it is a submission
 * - `refused`: for good; asking again would get the same answer
 * - `retry`: nothing has happened, and it may be accepted in a moment
 * - `unknown`: the API may have acted on it; sending it again could make and charge a second video
 */
export type RetryDecision = 'done' | 'refused' | 'retry' | 'unknown';

const NONE: number[] = [];

/**
 * What an answer may mean: the statuses that say so, and what to make of it for a read and a submission.
 * This file is the only place that says so.
 *
 * Documented are three kinds of refusal: "Missing or invalid API key", "Required parameters are
 * missing or malformed" and "Too many requests or the service is temporarily unavailable". Which
 * status each of them has, and all the others, are assumptions.
 */
const CLASSES = {
  done: { statuses: NONE, read: 'done', submission: 'done' },
  /** It points to another address */
  moved: { statuses: NONE, read: 'refused', submission: 'unknown' },
  badKey: { statuses: [401], read: 'refused', submission: 'refused' },
  noCredits: { statuses: [402], read: 'refused', submission: 'refused' },
  /** The key is known, but may not do this */
  notAllowed: { statuses: [403], read: 'refused', submission: 'refused' },
  badValues: { statuses: [400, 413, 422], read: 'refused', submission: 'refused' },
  notFound: { statuses: [404, 410], read: 'refused', submission: 'refused' },
  /** A web page says that there is nothing: of a wrong Base URL, of a proxy, or of the API itself */
  misrouted: { statuses: NONE, read: 'refused', submission: 'refused' },
  /** Something between here and the API answered in its place */
  intercepted: { statuses: [407, 511], read: 'retry', submission: 'refused' },
  /** Too many requests, or the service is unavailable for a moment: nothing was done */
  busy: { statuses: [429, 503], read: 'retry', submission: 'retry' },
  /** A fault on the API's side, or on the way to it: it may have acted, or not */
  fault: { statuses: [408, 425], read: 'retry', submission: 'unknown' },
  /** The API says no, in a way that is not known here */
  refused: { statuses: [405, 415, 451], read: 'refused', submission: 'refused' },
  /** No plain no: it may have acted, or not */
  unclear: { statuses: NONE, read: 'refused', submission: 'unknown' },
} satisfies Record<string, { statuses: number[]; read: RetryDecision; submission: RetryDecision }>;

export type StatusClass = keyof typeof CLASSES;

/** With these (0: none is named), words may tell that it is about credits. */
const MAY_MEAN_CREDITS = [0, 400, 403, 422, 429];

/** These are about the key, a path or a video only where the API itself answers, and not a web page. */
const OF_THE_API = [403, 404, 405, 410];

const CREDITS = /(^|[^a-z])(credits?|balance|funds|payment|billing)([^a-z]|$)/i;
const LACK =
  /insufficient|not enough|(^|[^a-z])(no|out of|used up|too low|need|top up|ran out|run out)([^a-z]|$)|exhaust|deplet|exceed|payment.required/i;
const RATE =
  /rate.?limit|too many requests|throttl|slow down|(per|each|every|\/|requests an?|credits an?|videos an?) ?(s|sec|second|min|minute|hour)([^a-z]|$)|try again in/i;

/**
 * What an answer means: by its status, and where that is not enough by its words. A success that says
 * no is none.
 *
 * Assumption: credits that are used up are told by 402, or by words that say so. Where the answer asks
 * for a pause, or speaks of a rate, it is about too many requests all the same.
 */
export function statusClassOf({ status, body, headers }: ApiResponse): StatusClass {
  if (!(status >= 200)) return 'fault'; // no status of an answer
  if (status < 300 && !saysNo(body)) return 'done';
  if (status >= 300 && status < 400) return 'moved';
  const code = status < 300 ? codeIn(body) : status;
  const words = wordsOf(body);
  const isAboutRate = RATE.test(words);
  if (isAboutRate || headers['retry-after'] !== undefined) {
    if (code === 0 || code === 429 || (code === 403 && isAboutRate)) return 'busy';
  } else if (MAY_MEAN_CREDITS.includes(code) && CREDITS.test(words)) {
    if (code === 403 || code === 429 || LACK.test(words)) return 'noCredits';
  }
  if (OF_THE_API.includes(code) && isFromBetween(body, headers)) {
    return code === 403 ? 'intercepted' : 'misrouted';
  }
  const all = Object.keys(CLASSES) as StatusClass[];
  const known = all.find((one) => CLASSES[one].statuses.includes(code));
  return known ?? (code >= 500 ? 'fault' : code === 0 ? 'refused' : 'unclear');
}

/** The status that an answer of success names in its body, 0 where it names none. */
function codeIn(body: unknown): number {
  const { code, statusCode }: IDataObject = isObject(body) ? body : {};
  const number = Number(code ?? statusCode);
  return number >= 400 && number < 600 ? number : 0;
}

/** All that a body says, its code included. */
function wordsOf(body: unknown): string {
  const { code, error }: IDataObject = isObject(body) ? body : {};
  const codes = [code, isObject(error) ? error.code : error];
  return [...codes.filter((one) => typeof one === 'string'), errorTextOf(body)].join(' ');
}

/** The own words of Cloudflare, Traefik and Kubernetes. */
const PROXY = /^\s*(error code: \d{4}|404 page not found|default backend - 404)\s*$/i;

/**
 * Whether a web page or a proxy answers: the API itself does so in JSON. No words at all are no sign of
 * that, since nothing is documented about the body of a refusal.
 */
function isFromBetween(body: unknown, headers: IDataObject): boolean {
  if (headers['cf-mitigated'] !== undefined) return true;
  return typeof body === 'string' && (/^\s*</.test(body) || PROXY.test(body));
}

/**
 * Judges one outcome. What is no submission (POST) may always be sent again. A submission may only
 * where it is certain that the API did not act on it: the API itself says no, or it never left. An
 * answer of success without the created object is neither accepted nor refused.
 */
export function retryDecision(
  method: IHttpRequestMethods,
  outcome: ApiResponse | NetworkError,
): RetryDecision {
  const isSubmission = method === 'POST';
  if (outcome instanceof NetworkError) {
    return isSubmission && outcome.maybeSent ? 'unknown' : 'retry';
  }
  const { read, submission } = CLASSES[statusClassOf(outcome)];
  if (!isSubmission) return read;
  return submission === 'done' && !jobIn(outcome.body) ? 'unknown' : submission;
}

/** No API means a longer pause, in milliseconds: it names a moment in place of seconds, or nonsense. */
const MAX_RETRY_AFTER = 31 * 24 * 60 * 60_000;

/**
 * The pause that an answer asks for, in milliseconds, or `undefined` where it asks for none that can be
 * understood: whole seconds, or a date by the clock of whoever answers.
 *
 * Assumption: `Retry-After` may come with 429 and 503.
 *
 * @param now milliseconds since 1970, for an answer that does not say when it was given
 */
export function retryAfterOf(headers: IDataObject, now = Date.now()): number | undefined {
  const value = String(headers['retry-after'] ?? '').trim();
  const isSeconds = /^\d+$/.test(value);
  const asked = isSeconds ? Number(value) * 1_000 : timeOf(value) - (timeOf(headers.date) || now);
  return asked <= MAX_RETRY_AFTER ? Math.max(0, asked) : undefined;
}
