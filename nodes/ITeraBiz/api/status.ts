import type { IDataObject } from 'n8n-workflow';

import { errorTextOf, fieldsNamedIn } from './errorText';
import { isObject } from './json';
import type { ApiResponse } from './response';
import { errorCodesIn, saysNo, timeOf } from './video';

export type StatusClass =
  | 'done'
  /** A redirect */
  | 'moved'
  | 'badKey'
  | 'noCredits'
  /** The key is known, but may not do this */
  | 'notAllowed'
  | 'badValues'
  | 'notFound'
  /** A web page says not found: at a wrong Base URL, from a proxy, or from the API itself */
  | 'misrouted'
  /** Something between n8n and the API responded instead, e.g. a proxy */
  | 'intercepted'
  /** Too many requests, or the service is unavailable for a moment: nothing was done */
  | 'busy'
  /** A fault of the API, or on the way to it: it may have acted on the request */
  | 'fault'
  /** Any other plain refusal */
  | 'refused'
  /** Not a plain refusal: the API may have acted on the request */
  | 'unclear';

/**
 * Three kinds of refusal are documented: "Missing or invalid API key", "Required parameters are
 * missing or malformed" and "Too many requests or the service is temporarily unavailable". Which
 * status each of them has is an assumption, and so are all the others.
 */
const STATUSES: Record<number, StatusClass> = {
  ...{ 400: 'badValues', 401: 'badKey', 402: 'noCredits', 403: 'notAllowed', 404: 'notFound' },
  ...{ 405: 'refused', 407: 'intercepted', 408: 'fault', 410: 'notFound', 413: 'badValues' },
  ...{ 415: 'refused', 422: 'badValues', 425: 'fault', 429: 'busy', 451: 'refused' },
  ...{ 503: 'busy', 511: 'intercepted' },
};

/** Statuses (0: none given) whose words may show that it is about credits. */
const MAY_MEAN_CREDITS = [0, 400, 403, 422, 429];

/** These are about the key, a path or a video only if the API itself responds, not a web page. */
const ONLY_FROM_API = [403, 404, 405, 410];

const CREDITS = /(^|[^a-z])(credits?|balance|funds|payment|billing)([^a-z]|$)/i;

/** What a refusal quotes, e.g. from a script, and its links. */
const QUOTED = /https?:\/\/\S+|"[^"]*"|“[^“”]*”|«[^«»]*»|`[^`]*`|(^|[^a-z])'[^']*'(?![a-z])/gi;

const TIME = '(s|sec|second|min|minute|hour)([^a-z]|$)';

/** A lack of credits in one phrase: a refusal of one row may have such words far apart. */
const LACK = phrase(
  'insufficient|enough|no|out of|need|used up|top up|add|buy|purchase|low|exhausted|depleted|exceed(s|ed|ing)?',
  'a|an|any|the|your|of|on|in|at|least|to|account|available|remaining|current|monthly|video|api|more|\\d+',
  'credits?|balance|funds|payment method',
);
const LACKING = phrase(
  'credits?|balance|funds|payment|billing',
  'balance|limit|quota|for|of|on|in|the|this|your|account|plan|month|has|have|is|are|was|were|been|all|\\d+',
  'insufficient|too low|used up|(ran|run) out|not enough|empty|exhausted|depleted|exceeded|reached|required|zero|0|negative|inactive|not active|overdue',
);

/**
 * What begins with one pattern and ends with another, with nothing but some filling words between them. Not before a
 * time: `exceeded 60 credits per minute` is about a rate.
 */
function phrase(first: string, filling: string, last: string): RegExp {
  const gap = '[\\s_():-]{1,3}';
  const end = `(?! ?(per|each|every|an?|\\/) ?${TIME})([^a-z]|$)`;
  return new RegExp(`(^|[^a-z])(${first})${gap}((${filling})${gap}){0,5}(${last})${end}`, 'i');
}

const RATE = /rate.?limit|too many requests|throttl|slow down|(try again|retry) in/i;

/** Beside a lack of credits, only this is a rate. */
const PACE = new RegExp(
  `(requests?|videos?|calls?|jobs?|: ?\\d+) ?(per|each|every|an?|\\/) ?${TIME}`,
  'i',
);

/** A rate, or a price: `2 credits per minute of video`. */
const UNIT = new RegExp(`(per|each|every|\\/|(requests|credits|videos) an?) ?${TIME}`, 'i');

/** An API, or a gateway in front of it, that gave up halfway. Varnish and Fastly ask for a pause, too. */
const GAVE_UP =
  /upstream (connect|request)|backend (fetch|read|write)|time.?out|timed out|internal (server )?error/i;

/**
 * What a response means: by its status, and if that is not enough, by its words. A success whose body says
 * no is a refusal.
 *
 * Assumption: if credits are used up, the status is 402, or the words say so. If the response asks for a
 * pause, or mentions a rate, it means too many requests all the same. A gateway's own 503 may mean that the
 * API was only too slow to answer it.
 */
export function statusClassOf({ status, body, headers }: ApiResponse): StatusClass {
  if (!(status >= 200)) return 'fault'; // not an HTTP status
  if (status < 300 && !saysNo(body)) return 'done';
  if (status >= 300 && status < 400) return 'moved';
  const code = status < 300 ? codeIn(body) : status;
  const words = wordsOf(body);
  const own = words.replace(QUOTED, ' … ');
  if ([0, 503].includes(code) && GAVE_UP.test(own)) return 'fault';
  const isLack = LACK.test(own) || LACKING.test(own);
  const isAboutRate = RATE.test(own) || (isLack ? PACE : UNIT).test(own);
  if (isAboutRate || headers['retry-after'] !== undefined) {
    if (code === 0 || (code === 403 && isAboutRate)) return 'busy';
  } else if (MAY_MEAN_CREDITS.includes(code) && !isAboutText(code, body)) {
    // It may only link to a page about its rate limits.
    const isAboutCredits = code === 429 ? CREDITS.test(own) && !RATE.test(words) : isLack;
    if (isAboutCredits) return 'noCredits';
  }
  if (isFromIntermediary(body, headers)) {
    if (code === 401 && PROXY_LOGIN.test(String(headers['www-authenticate']))) return 'intercepted';
    if (code === 503 && headers['retry-after'] === undefined) return 'fault';
    if (ONLY_FROM_API.includes(code)) return code === 403 ? 'intercepted' : 'misrouted';
  }
  return STATUSES[code] ?? (code >= 500 ? 'fault' : code === 0 ? 'refused' : 'unclear');
}

/** Whether a refusal names the text of the request: its words may then be that text's. */
function isAboutText(code: number, body: unknown): boolean {
  return [400, 422].includes(code) && fieldsNamedIn(body, ['script', 'prompt']).length > 0;
}

/** The error status in the body of a successful response; 0 if there is none. */
function codeIn(body: unknown): number {
  const codes = isObject(body) ? errorCodesIn(body) : [];
  return codes.find((code) => code < 600) ?? 0;
}

/** Everything that a body says, its codes included. */
function wordsOf(body: unknown): string {
  const { code, error }: IDataObject = isObject(body) ? body : {};
  const codes = [code, isObject(error) ? error.code : error];
  return [...codes.filter((value) => typeof value === 'string'), errorTextOf(body)].join(' ');
}

/** Plain-text errors of Cloudflare, Traefik, Kubernetes and Envoy. */
const PROXY =
  /^\s*(upstream (connect error|request timeout)|(error code: \d{4}|404 page not found|default backend - 404)\s*$)/i;

/** What Amazon's API Gateway answers, and nothing else, when it has waited for the API for 30 seconds. */
function isAmazonTimeout(body: unknown): boolean {
  if (!isObject(body) || body.message !== 'Service Unavailable') return false;
  return Object.keys(body).length === 1;
}

/** The API itself asks for a key; a proxy asks for a name and a password. */
const PROXY_LOGIN = /^\s*(basic|digest|negotiate|ntlm)\b/i;

/**
 * Whether a web page or a proxy responded: the API itself sends JSON. An empty body proves nothing, because
 * the bodies of refusals are not documented.
 */
function isFromIntermediary(body: unknown, headers: IDataObject): boolean {
  if (headers['cf-mitigated'] !== undefined) return true;
  if (isAmazonTimeout(body)) return true;
  return typeof body === 'string' && (/^\s*</.test(body) || PROXY.test(body));
}

/** No API pauses longer, in milliseconds: its header holds a timestamp instead of seconds, or nonsense. */
const MAX_RETRY_AFTER = 31 * 24 * 60 * 60_000;

/**
 * The pause that a response asks for, in milliseconds: seconds, or a date by the server's clock.
 * `undefined` if it asks for none, or makes no sense.
 *
 * Assumption: `Retry-After` may come with 429 and 503.
 *
 * @param now milliseconds since 1970, for a response without a `Date` header
 */
export function retryAfterOf(headers: IDataObject, now = Date.now()): number | undefined {
  const value = String(headers['retry-after'] ?? '').trim();
  const isSeconds = /^\d+(\.\d+)?$/.test(value);
  const asked = isSeconds
    ? Math.ceil(Number(value) * 1_000)
    : timeOf(value) - (timeOf(headers.date) || now);
  return asked <= MAX_RETRY_AFTER ? Math.max(0, asked) : undefined;
}
