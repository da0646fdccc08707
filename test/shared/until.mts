import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

interface UntilOptions<T> {
  /** Default: there is something, and it is not `false` */
  isSo?: (seen: T) => boolean;
  /** How long to look, at the most. Default: 30 */
  seconds?: number;
  /** Milliseconds from one look to the next. Default: 50 */
  every?: number;
}

/**
 * Looks until it is so. What `look` throws ends it.
 *
 * @param what is to be so, for the message when it is not, e.g. 'the webhook is there'
 * @returns what was seen then
 * @throws when it is not so in time, with what was seen last
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
