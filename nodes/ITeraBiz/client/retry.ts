/** How often one request is sent at the most. */
export const TRIES = 6;

/** The first pause of ours is at most this long, in milliseconds; each further one twice as long. */
const FIRST_PAUSE = 1_000;

/** No pause of ours is longer, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/** What is added to a pause that the API asks for is at most this long, in milliseconds. */
const JITTER = 1_000;

/** How long one request waits through pauses in all, in milliseconds. */
export const PATIENCE = 5 * 60_000;

/**
 * How long to hold back before a request is sent again, in milliseconds.
 *
 * What the API asks for and a little more, or else a random part of a limit that doubles with each try
 * (full jitter), so that many clients do not come back at the same moment.
 *
 * @param tries how often the request was sent so far
 * @param retryAfter what the API asks for, in milliseconds
 * @param random from 0 up to 1
 */
export function backOff(
  tries: number,
  retryAfter: number | undefined,
  random = Math.random(),
): number {
  if (retryAfter !== undefined) return retryAfter + random * JITTER;
  return random * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
}
