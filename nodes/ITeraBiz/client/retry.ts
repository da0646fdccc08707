import type { IHttpRequestMethods } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import { retryAfterOf, type RetryDecision, retryDecision } from '../api/status';
import type { Slots } from './slots';

/** How often one request is sent at the most. */
export const TRIES = 6;

/** The first pause is at most this long, in milliseconds; each further one may be twice as long. */
const FIRST_PAUSE = 1_000;

/** No pause that we choose ourselves is longer, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/** What is added to a pause that the API asks for is at most this long, in milliseconds. */
const JITTER = 1_000;

/** All the pauses of one request together, in milliseconds, but for what was added to them. */
export const PATIENCE = 5 * 60_000;

/**
 * How long to wait before the next try, in milliseconds, or `undefined` when it is time to give up.
 *
 * The pause is what the API asks for and a little more, or else a random part of a limit that doubles
 * with each try (full jitter), so that many clients do not come back at the same moment.
 *
 * @param tries how often the request was sent so far
 * @param paused milliseconds that it waited so far
 * @param retryAfter what {@link retryAfterOf} read, in milliseconds
 * @param random from 0 up to 1
 */
export function pauseBefore(
  tries: number,
  paused: number,
  retryAfter: number | undefined,
  random = Math.random(),
): number | undefined {
  if (tries >= TRIES) return undefined;
  const pause = retryAfter ?? random * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
  if (paused + pause > PATIENCE) return undefined;
  return retryAfter === undefined ? pause : pauseAsked(retryAfter, random);
}

/** The pause that the API asks for, and a little more, in milliseconds. */
export function pauseAsked(retryAfter: number, random = Math.random()): number {
  return retryAfter + random * JITTER;
}

/**
 * Holds back all that go the same way where an answer asks for a pause, within reason: for those who do
 * not send their request again by themselves.
 */
export async function heed(
  { headers }: ApiResponse,
  way: { holdBack(milliseconds: number): void | Promise<void> },
): Promise<void> {
  const retryAfter = retryAfterOf(headers);
  if (retryAfter !== undefined) await way.holdBack(pauseAsked(Math.min(PATIENCE, retryAfter)));
}

/** How one request ended, after all its tries. */
export interface Attempt {
  outcome: ApiResponse | NetworkError;
  verdict: RetryDecision;
  tries: number;
  /** From the first try to the end, in seconds */
  seconds: number;
}

/**
 * Sends one request until it is answered, refused for good, given up, or its outcome is unknown.
 *
 * A refusal holds back all that go the same way, also those of other executions: what the API asks of
 * one client it asks of all its requests.
 *
 * @param ask sends the request once
 * @param until when it has to be over, in milliseconds since 1970
 * @throws what `ask` throws, and the reason of a cancelled execution
 */
export async function withRetries(
  ask: () => Promise<ApiResponse | NetworkError>,
  method: IHttpRequestMethods,
  slots: Slots,
  until = Infinity,
): Promise<Attempt> {
  const start = Date.now();
  let paused = 0;
  for (let tries = 1; ; tries++) {
    await slots.untilOpen();
    const outcome = await ask();
    const verdict = retryDecision(method, outcome);
    const retryAfter = outcome instanceof NetworkError ? undefined : retryAfterOf(outcome.headers);
    const wait = verdict === 'retry' ? pauseBefore(tries, paused, retryAfter) : undefined;
    if (wait === undefined || Date.now() + wait >= until) {
      return { outcome, verdict, tries, seconds: (Date.now() - start) / 1_000 };
    }
    paused += wait;
    await slots.holdBack(wait);
  }
}
