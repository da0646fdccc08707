/** The most times that a request is sent. */
export const MAX_TRIES = 6;

/** The longest that a request waits, over all its pauses, in milliseconds. */
export const PATIENCE = 5 * 60_000;

/** Limits of our own pauses, and of the jitter added to one that the API asks for, in milliseconds. */
const PAUSE = { first: 1_000, longest: 30_000, jitter: 1_000 };

/**
 * How long to pause before a request is sent again, in milliseconds: as long as the API asks plus jitter,
 * or a random part of a limit that doubles with each try (full jitter), so that clients do not all come
 * back at the same moment.
 *
 * @param tries how often the request was sent so far
 * @param retryAfter the pause that the API asks for, in milliseconds
 */
export function backOff(tries: number, retryAfter?: number, random = Math.random()): number {
  if (retryAfter !== undefined) return retryAfter + random * PAUSE.jitter;
  return random * Math.min(PAUSE.longest, PAUSE.first * 2 ** (tries - 1));
}
