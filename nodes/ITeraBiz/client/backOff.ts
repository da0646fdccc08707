/** The most times that one request is sent. */
export const MAX_TRIES = 6;

/** The longest that one request waits, over all its pauses, in milliseconds. */
export const PATIENCE = 5 * 60_000;

/** Limits of our own pauses, and of what is added to one that the API asks for, in milliseconds. */
const PAUSE = { first: 1_000, longest: 30_000, jitter: 1_000 };

/**
 * How long to hold back before a request is sent again, in milliseconds: what the API asks for and a
 * little more, or a random part of a limit that doubles with each try (full jitter), so that many
 * clients do not come back at the same moment.
 *
 * @param tries how often the request was sent so far
 * @param retryAfter what the API asks for, in milliseconds
 */
export function backOff(tries: number, retryAfter?: number, random = Math.random()): number {
  if (retryAfter !== undefined) return retryAfter + random * PAUSE.jitter;
  return random * Math.min(PAUSE.longest, PAUSE.first * 2 ** (tries - 1));
}
