import type { IHttpRequestMethods } from 'n8n-workflow';

import { isNotSecure, NetworkError, type Outcome } from '../api/response';
import { retryAfterOf, type StatusClass, statusClassOf } from '../api/status';
import { jobIn } from '../api/video';

/**
 * What one request's outcome means for sending it again:
 * - `done`: the API answered it, or, if it is a submission, accepted it
 * - `refused`: final; sending it again would get the same response
 * - `retry`: nothing has happened, and it may be accepted in a moment
 * - `unknown`: the API may have acted on it; sending it again could make and charge a second video
 */
export type RetryDecision = 'done' | 'refused' | 'retry' | 'unknown';

const DECISIONS: Record<StatusClass, { read: RetryDecision; submission: RetryDecision }> = {
  done: { read: 'done', submission: 'done' },
  moved: { read: 'refused', submission: 'unknown' },
  badKey: { read: 'refused', submission: 'refused' },
  noCredits: { read: 'refused', submission: 'refused' },
  notAllowed: { read: 'refused', submission: 'refused' },
  badValues: { read: 'refused', submission: 'refused' },
  notFound: { read: 'refused', submission: 'refused' },
  misrouted: { read: 'refused', submission: 'refused' },
  intercepted: { read: 'retry', submission: 'refused' },
  busy: { read: 'retry', submission: 'retry' },
  fault: { read: 'retry', submission: 'unknown' },
  refused: { read: 'refused', submission: 'refused' },
  unclear: { read: 'refused', submission: 'unknown' },
};

/**
 * Judges one outcome. A submission (POST) may be sent again only if the API certainly did not act on it: it
 * says so itself, or the request never left. Any other method counts as a read: it costs nothing to send it
 * again, but a DELETE that arrived then gets a 404. A successful response to a submission without the created
 * object is neither accepted nor refused.
 */
export function retryDecision(method: IHttpRequestMethods, outcome: Outcome): RetryDecision {
  const isSubmission = method === 'POST';
  if (outcome instanceof NetworkError) {
    return isSubmission && outcome.maybeSent ? 'unknown' : 'retry';
  }
  const { read, submission } = DECISIONS[statusClassOf(outcome)];
  if (!isSubmission) return read;
  return submission === 'done' && !jobIn(outcome.body) ? 'unknown' : submission;
}

/** The most times that a request is sent; {@link PATIENCE} may end before. */
export const MAX_TRIES = { busy: 20, other: 6 };

/** A bare 503 may be a gateway's, in place of an answer that it lost. */
export function isBare503(outcome: Outcome): boolean {
  if (outcome instanceof NetworkError) return false;
  return outcome.status === 503 && retryAfterOf(outcome.headers) === undefined;
}

/**
 * The most times that a request with this outcome is sent. A busy API may have a limit per minute, and our
 * pauses last that long only after many tries. The restart of a router takes as long.
 *
 * @param isReachable whether the API has answered this process before: otherwise the Base URL may be wrong
 */
export function maxTries(outcome: Outcome, isReachable: boolean): number {
  const isBusy =
    outcome instanceof NetworkError
      ? isReachable && !outcome.maybeSent && !isNotSecure(outcome)
      : statusClassOf(outcome) === 'busy' && !isBare503(outcome);
  return isBusy ? MAX_TRIES.busy : MAX_TRIES.other;
}

/** The longest that a request waits, over all its pauses, in milliseconds. */
export const PATIENCE = 5 * 60_000;

/** Limits of our own pauses, and of the jitter added to those that the API asks for, in milliseconds. */
const PAUSE = { first: 1_000, longest: 30_000, jitter: 1_000 };

/**
 * How long to pause before a request is sent again, in milliseconds: a random part of a limit that doubles
 * with each try (full jitter), so that clients do not all come back at the same moment; at least as long as
 * the API asks, plus jitter.
 */
export function backOff(tries: number, retryAfter?: number, random = Math.random()): number {
  const own = random * Math.min(PAUSE.longest, PAUSE.first * 2 ** (tries - 1));
  return retryAfter === undefined ? own : Math.max(own, retryAfter + random * PAUSE.jitter);
}
