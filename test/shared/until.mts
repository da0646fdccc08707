import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

interface UntilOptions<T> {
  /** Default: the value is truthy */
  isSo?: (seen: T) => boolean;
  /** How long to look at most. Default: 30 */
  seconds?: number;
  /** Milliseconds between two looks. Default: 50 */
  every?: number;
}

/**
 * Looks until the condition holds.
 *
 * @param what the condition in words, for the error message, e.g. 'the webhook is there'
 * @returns the value that `look` returned then
 * @throws with the last value, if the condition does not hold in time; and whatever `look` throws
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { isSo = Boolean, seconds = 30, every = 50 }: UntilOptions<T> = {},
): Promise<T> {
  for (const end = Date.now() + seconds * 1_000; ; await sleep(every)) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() < end) continue;
    const last = typeof seen === 'string' ? seen : inspect(seen, { depth: 4 });
    throw new Error(`Not after ${seconds} seconds: ${what}. Seen last: ${last}`);
  }
}
