import { videoIdOf } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { now, unlessAborted } from '../client/time';
import { readBack } from './listReader';

const DAY = 24 * 60 * 60_000;

/** How long one reading of the list serves everyone who begins, and everyone who goes on, in milliseconds. */
export const FRESH_FOR = { taking: 2_000, goingOn: 15_000 };

/** A job may be listed with a time that is this much before its request, in milliseconds. */
const CLOCK_SKEW = 60_000;

/** Pages that are read at the most: 10,000 videos a day. */
const MAX_PAGES = 100;

/** A video that this process has ordered or is about to order. */
export interface Slot {
  /** When it was taken, in milliseconds since 1970 */
  readonly at: number;
  /** Whether its request has left, or is about to */
  isStarted?: boolean;
  /** Of the job, once it is known */
  id?: string;
}

/** How much of a limit is used. */
export interface Usage {
  /** Videos of the last 24 hours */
  used: number;
  /** When each of them stops to count, in milliseconds since 1970, soonest first */
  freeAt: number[];
}

/** The list does not tell how many videos were made in the last 24 hours. The message says why. */
export class CannotCount extends Error {}

/**
 * How many videos an account has made in the last 24 hours: what its list shows, and what this process
 * has ordered that the list may not show yet. Exact within a process; other processes are seen by the
 * list alone.
 */
export class DailyBudget {
  private readonly slots = new Set<Slot>();

  private listed: Array<Pick<Slot, 'id' | 'at'>> = [];

  /** When the last reading began, by `now()` of client/time */
  private readAt = -Infinity;

  private reading?: Promise<void>;

  /**
   * Takes places for some videos before they are ordered.
   *
   * @param limit how many the account may make in 24 hours
   * @param isAllOrNothing whether to take none where not all fit
   * @returns the places, fewer than wanted where not all fit, and how much was used before
   * @throws {CannotCount}, {@link RequestFailed} and the signal's reason; nothing is taken then
   */
  async take(
    client: ApiClient,
    limit: number,
    wanted: number,
    isAllOrNothing: boolean,
  ): Promise<Usage & { slots: Slot[] }> {
    await this.refresh(client, FRESH_FOR.taking);
    const usage = this.usage();
    const left = Math.max(0, limit - usage.used);
    const count = left >= wanted ? wanted : isAllOrNothing ? 0 : left;
    // Nothing is awaited between counting and taking, so no place is given out twice.
    const at = Date.now();
    const slots = Array.from({ length: count }, (): Slot => ({ at }));
    slots.forEach((slot) => this.slots.add(slot));
    return { ...usage, slots };
  }

  /**
   * Whether a place may still be used: other processes may have ordered since it was taken.
   *
   * @throws as {@link take}
   */
  async tryStart(client: ApiClient, limit: number, slot: Slot): Promise<boolean> {
    await this.refresh(client, FRESH_FOR.goingOn);
    const others = this.usage().used - this.slots.size;
    const started = [...this.slots].filter(({ isStarted }) => isStarted).length;
    if (others + started >= limit) return false;
    slot.isStarted = true;
    return true;
  }

  /** It is certain that nothing was made. */
  release(slot: Slot): void {
    this.slots.delete(slot);
  }

  /**
   * Reads the list, where the last reading does not do any more.
   *
   * Invariant: how old a reading may be counts from now, and not from its end: one that takes longer than
   * it serves would be made again and again.
   */
  private async refresh(client: ApiClient, readFor: number): Promise<void> {
    const { signal } = client.settings;
    const oldest = now() - readFor;
    while (this.readAt <= oldest) {
      const isMine = !this.reading;
      this.reading ??= this.read(client).finally(() => (this.reading = undefined));
      await unlessAborted(this.reading, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        // An execution that was canceled meanwhile spoils nothing for the others.
        const isShared = error instanceof RequestFailed || error instanceof CannotCount;
        if (isMine || isShared) throw error;
      });
    }
  }

  private usage(): Usage {
    const since = Date.now() - DAY;
    this.slots.forEach((slot) => slot.at < since && this.slots.delete(slot));
    const own = [...this.slots];
    const ids = new Set(own.map(({ id }) => id));
    const open = own.filter(({ id, isStarted }) => isStarted && id === undefined);
    const others = this.listed.filter(({ id, at }) => at >= since && !ids.has(id));
    // Those that may well be what this process is ordering right now are counted once.
    const earliest = Math.min(...open.map(({ at }) => at)) - CLOCK_SKEW;
    const ambiguous = new Set(others.filter(({ at }) => at >= earliest).slice(0, open.length));
    const counted = [...others.filter((one) => !ambiguous.has(one)), ...own];
    const freeAt = counted.map(({ at }) => at + DAY).sort((a, b) => a - b);
    return { used: freeAt.length, freeAt };
  }

  private async read(client: ApiClient): Promise<void> {
    const start = now();
    const since = Date.now() - DAY;
    const listed: typeof this.listed = [];
    const extent = await readBack(client, '/videos', since, MAX_PAGES, ({ entry, at }) => {
      if (!(at < since)) listed.push({ id: videoIdOf(entry), at });
    });
    if (extent === 'tooLong') throw new CannotCount('there are too many');
    if (extent === 'stuck') {
      throw new CannotCount('iTeraBiz says that there are more, but lists the same ones again');
    }
    if (listed.some(({ at }) => Number.isNaN(at))) {
      throw new CannotCount('the list of the account does not say when they were made');
    }
    this.listed = listed;
    this.readAt = start;
  }
}
