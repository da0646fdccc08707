import { idOf } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { now, unlessAborted } from '../client/time';
import { CLOCK_SKEW, MAX_LIST_LAG, readBack } from './listReader';

const DAY = 24 * 60 * 60_000;

/** Maximum age of the list, in milliseconds: when slots are taken, when one is used, and if the list fails then. */
export const MAX_AGE = { take: 2_000, start: 15_000, failed: 60_000 };

/** How long after such a failure the list is read again, in milliseconds. */
const READ_AGAIN = 5_000;

/** Most pages to read: 10,000 videos a day. */
const MAX_PAGES = 100;

/** One video in the budget: this process has ordered it or is about to. */
export interface Slot {
  /** When the slot was taken, then when its request started, in milliseconds since 1970 */
  at: number;
  isStarted?: boolean;
  /** The job's ID, once known */
  id?: string;
}

interface ListedVideo extends Pick<Slot, 'id' | 'at'> {
  /** When the first reading that showed it ended, in milliseconds since 1970 */
  seenOn: number;
}

/** The videos of the last 24 hours. */
export interface Usage {
  used: number;
  /** When each of them stops counting, in milliseconds since 1970, soonest first */
  freeAt: number[];
}

/** The videos of the last 24 hours cannot be counted. The message says why. */
export class CannotCount extends Error {}

/**
 * Counts the videos an account made in the last 24 hours: the listed ones, and those of this process that the list
 * may not show yet. Exact within a process; orders of other processes count only once they are listed.
 */
export class DailyBudget {
  private readonly slots = new Set<Slot>();

  private listed: ListedVideo[] = [];

  /** When the last read began, by `now()` of client/time */
  private readAt = -Infinity;

  /** When it last failed to be read before a slot was used, by the same clock */
  private failedAt = -Infinity;

  /** The same moment in milliseconds since 1970: both together tell whether a clock was set or stood still */
  private readOn = 0;

  /** By how they are asked: whoever asks in another way, e.g. through a proxy or with little time, asks for itself */
  private readonly readings = new Map<string, Promise<void>>();

  /**
   * Reserves slots for videos before they are ordered.
   *
   * @param limit how many videos the account may make in 24 hours
   * @param isAllOrNothing whether to take none if not all fit
   * @param isPreview whether to take none, and only to say which would be free
   * @returns the slots, fewer than wanted if not all fit, and the usage before
   * @throws {CannotCount}, {@link RequestFailed} and the signal's reason; then no slot is taken
   */
  async take(
    client: ApiClient,
    limit: number,
    wanted: number,
    isAllOrNothing: boolean,
    isPreview = false,
  ): Promise<Usage & { slots: Slot[] }> {
    await this.refresh(client, MAX_AGE.take);
    const usage = this.usage();
    const left = Math.max(0, limit - usage.used);
    const count = left >= wanted ? wanted : isAllOrNothing ? 0 : left;
    // No await between counting and taking, so no slot is given out twice.
    const slots = Array.from({ length: count }, (): Slot => ({ at: Date.now() }));
    if (!isPreview) slots.forEach((slot) => this.slots.add(slot));
    return { ...usage, slots };
  }

  /** Whether a slot may still be used: other processes may have ordered since it was taken. @throws as `take` */
  async tryStart(client: ApiClient, limit: number, slot: Slot): Promise<boolean> {
    const isTooOld = () => now() - this.readAt > MAX_AGE.failed;
    if (isTooOld() || now() - this.failedAt > READ_AGAIN) {
      await this.refresh(client, MAX_AGE.start).catch((error: unknown) => {
        client.settings.signal?.throwIfAborted();
        // A single failure, perhaps an error page of a proxy, does not stop a campaign.
        if (isTooOld()) throw error;
        this.failedAt = now();
      });
    }
    const others = this.usage().used - this.slots.size;
    const started = [...this.slots].filter(({ isStarted }) => isStarted).length;
    if (others + started >= limit) return false;
    slot.isStarted = true;
    // If it was taken more than a day ago, it was dropped.
    this.slots.add(slot);
    slot.at = Date.now();
    return true;
  }

  /** Call this only when it is certain that no video was made. */
  release(slot: Slot): void {
    this.slots.delete(slot);
  }

  /**
   * Reads the list again if the last read is too old. Invariant: the age is measured from this call, not from the
   * end of a read. Otherwise a read that takes longer than `maxAge` would be repeated forever.
   */
  private async refresh(client: ApiClient, maxAge: number): Promise<void> {
    const { signal, options, deadline = Infinity } = client.settings;
    const way = JSON.stringify([options, deadline < Infinity]);
    const oldest = now() - maxAge;
    while (this.readAt <= oldest) {
      const current = this.readings.get(way);
      const isMine = !current;
      const reading = current ?? this.read(client).finally(() => this.readings.delete(way));
      this.readings.set(way, reading);
      await unlessAborted(reading, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        // A run that is canceled, cannot ask, or has no time left must not fail others that share its read.
        const wasAsked = error instanceof RequestFailed && error.attempt.tries > 0;
        if (isMine || wasAsked || error instanceof CannotCount) throw error;
      });
    }
  }

  private usage(): Usage {
    const since = Date.now() - DAY;
    this.slots.forEach((slot) => slot.at < since && this.slots.delete(slot));
    const own = [...this.slots];
    const ids = new Set(own.map(({ id }) => id));
    const others = this.listed.filter(({ id, at }) => at >= since && !(id && ids.has(id)));
    // Listed videos that may be this process's own, still without an ID, must not count twice.
    const unidentified = own.filter(({ id, isStarted }) => isStarted && id === undefined);
    const mayBeOf = ({ at }: Slot, video: ListedVideo) =>
      video.at >= at - CLOCK_SKEW && video.seenOn > at;
    // Latest first: a listed video that may be of the latest may also be of any earlier one.
    for (const slot of unidentified.sort((a, b) => b.at - a.at)) {
      const first = others.findIndex((video) => mayBeOf(slot, video));
      if (first >= 0) others.splice(first, 1);
    }
    const counted = [...others, ...own];
    const freeAt = counted.map(({ at }) => at + DAY).sort((a, b) => a - b);
    return { used: freeAt.length, freeAt };
  }

  /**
   * Reads only what is newer than the last reading, provided that every entry had an ID, and that no clock was set or
   * stood still since.
   */
  private async read(client: ApiClient): Promise<void> {
    const [start, startedOn] = [now(), Date.now()];
    const elapsed = start - this.readAt;
    const hasIds = this.listed.every(({ id }) => id !== undefined);
    const isSteady = Math.abs(startedOn - this.readOn - elapsed) < CLOCK_SKEW;
    const unread = hasIds && isSteady ? Math.min(elapsed + MAX_LIST_LAG, DAY) : DAY;
    const since = startedOn - unread;
    const listed: Array<Omit<ListedVideo, 'seenOn'>> = [];
    const isComplete = await readBack(client, '/videos', since, MAX_PAGES, ({ entry, at }) => {
      if (Number.isNaN(at)) {
        throw new CannotCount('the list of the account does not say when they were made');
      }
      listed.push({ id: idOf(entry), at });
    });
    if (!isComplete) throw new CannotCount('the list of the account was not read to its end');
    // A slow reading is no news after a later one.
    if (start < this.readAt) return;
    const ids = new Set(listed.map(({ id }) => id));
    const seenOn = Date.now();
    const seen = new Map(this.listed.map((video) => [video.id, video.seenOn]));
    seen.delete(undefined);
    const isKept = ({ id, at }: ListedVideo) =>
      unread < DAY && at >= startedOn - DAY && at < since + CLOCK_SKEW && !ids.has(id);
    const added = listed.map((video) => ({ ...video, seenOn: seen.get(video.id) ?? seenOn }));
    this.listed = [...this.listed.filter(isKept), ...added];
    this.readAt = start;
    this.readOn = startedOn;
  }
}
