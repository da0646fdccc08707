import { outcomeOf, type Video } from '../api/video';
import { atLeast, pause, unlessCancelled } from '../client/pause';
import { look, type Seen } from './look';
import { type Reader, RefusedLook } from './videos';

/** A look in a row that found no video of this ID ends the wait for it. */
const MISSING_LOOKS = 3;

/** After refused looks, pauses grow to at most this, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/** Nobody gets looks that follow each other more closely, in milliseconds. */
const SHORTEST_INTERVAL = 2_000;

/** Nor do all together: who comes in between shares the last look, or the next. In milliseconds. */
const SHORTEST_PAUSE = 1_000;

/** What is waited for, and for how long. */
export interface Wish {
  id: string;
  /** Between two looks, in milliseconds */
  interval: number;
  /** When to give up, in milliseconds since 1970 */
  deadline: number;
  /** The job as it was last seen */
  last: Video;
}

/** How a wait ended: the job finished or failed, the time was up, or the API no longer knows it. */
export type Wake =
  | { reason: 'finished' | 'gaveUp' | 'gone'; video: Video }
  /** Nobody waits for it here any more */
  | { reason: 'released' };

interface Waiter extends Wish {
  missing: number;
  wake: (wake: Wake) => void;
  fail: (error: unknown) => void;
}

/** One look that somebody wants as soon as may be. */
interface Glance {
  ids: string[];
  hidden: Set<string>;
  show: (seen: Seen | RefusedLook) => void;
  fail: (error: unknown) => void;
}

/** What one run of the node waits for. Its looks are shared with all others of the account. */
export class Waits {
  readonly waiters = new Set<Waiter>();

  readonly glances = new Set<Glance>();

  /** While it is set, no wait ends by a look: they are being taken elsewhere. */
  isPaused = false;

  private watch?: Watch;

  private listeners: Array<() => void> = [];

  /**
   * @param watchOf gives the watch of the account
   * @param reader looks in the name of this run
   */
  constructor(
    private readonly watchOf: () => Promise<Watch>,
    readonly reader: Reader,
    readonly signal?: AbortSignal,
  ) {
    signal?.addEventListener('abort', () => this.failAll(signal.reason), { once: true });
  }

  /**
   * Waits for one job.
   *
   * @throws the signal's reason when the execution is cancelled, and what ended all the waits
   */
  async wait(wish: Wish): Promise<Wake> {
    return await this.ask<Wake>((wake, fail) => {
      const interval = atLeast(SHORTEST_INTERVAL, wish.interval);
      const deadline = atLeast(0, wish.deadline);
      this.waiters.add({ ...wish, interval, deadline, missing: 0, wake, fail });
    });
  }

  /**
   * Looks once at these jobs.
   *
   * @param hidden as for {@link look}
   * @param isFresh whether a look of a moment ago will not do
   * @returns what was seen: nothing where the look was refused for now, and the refusal where it was
   *   refused for good
   * @throws the signal's reason when the execution is cancelled
   */
  async look(ids: string[], hidden: Set<string>, isFresh = false): Promise<Seen | RefusedLook> {
    this.watch ??= await this.watchOf();
    const justSeen = this.watch.justSeen(ids);
    if (justSeen && !isFresh) return justSeen;
    return await this.ask<Seen | RefusedLook>((show, fail) => {
      this.glances.add({ ids, hidden, show, fail });
    });
  }

  /** How many waits are on. */
  get size(): number {
    return this.waiters.size;
  }

  /** Resolves when no wait is on. */
  async over(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.listeners.push(resolve));
  }

  /** Ends every wait that is still on: another item failed the node, or n8n waits from here on. */
  releaseAll(): void {
    this.waiters.forEach((waiter) => this.end(waiter, { reason: 'released' }));
  }

  end(waiter: Waiter, wake: Wake): void {
    this.waiters.delete(waiter);
    waiter.wake(wake);
    this.leaveIfDone();
  }

  show(glance: Glance, seen: Seen | RefusedLook): void {
    this.glances.delete(glance);
    glance.show(seen);
    this.leaveIfDone();
  }

  failAll(error: unknown): void {
    [...this.waiters, ...this.glances].forEach(({ fail }) => fail(error));
    this.waiters.clear();
    this.glances.clear();
    this.leaveIfDone();
  }

  private async ask<T>(
    enter: (done: (value: T) => void, fail: (error: unknown) => void) => void,
  ): Promise<T> {
    this.signal?.throwIfAborted();
    return await new Promise<T>((done, fail) => {
      enter(done, fail);
      this.join().catch((error: unknown) => this.failAll(error));
    });
  }

  private async join(): Promise<void> {
    this.watch ??= await this.watchOf();
    if (this.size > 0 || this.glances.size > 0) this.watch.serve(this);
  }

  private leaveIfDone(): void {
    if (this.size > 0) return;
    this.listeners.splice(0).forEach((resolve) => resolve());
    if (this.glances.size === 0) this.watch?.dismiss(this);
  }
}

/**
 * The looks of an account, one for everyone who waits for its jobs, whichever executions they belong to.
 *
 * One of them asks for all. A refused look is no end: the jobs are rendered all the same. Only a
 * refusal that is final for every further look ends all the waits.
 *
 * Invariant: it knows only those who wait for something.
 */
export class Watch {
  private readonly served = new Set<Waits>();

  /** IDs that the list did not show */
  private readonly hidden = new Set<string>();

  private isRunning = false;

  /** When the current pause between looks began */
  private pausedAt = 0;

  private lastLookAt = -Infinity;

  /** What the last look showed to those who wanted just one */
  private lastSeen: Seen = new Map();

  private refusals = 0;

  private restsUntil = Infinity;

  private nudge = () => {};

  get isIdle(): boolean {
    return this.served.size === 0;
  }

  /** Takes in someone who waits for something. */
  serve(waits: Waits): void {
    this.served.add(waits);
    if (!this.isRunning) {
      this.isRunning = true;
      this.pausedAt = Date.now();
      this.refusals = 0;
      void this.run();
    } else if (this.nextLook() < this.restsUntil) {
      this.nudge();
    }
  }

  dismiss(waits: Waits): void {
    this.served.delete(waits);
  }

  /** What a look has shown of these jobs a moment ago, if it has shown all of them. */
  justSeen(ids: string[]): Seen | undefined {
    if (Date.now() - this.lastLookAt >= SHORTEST_PAUSE) return undefined;
    return ids.every((id) => this.lastSeen.has(id)) ? only(ids, this.lastSeen) : undefined;
  }

  private async run(): Promise<void> {
    while (this.served.size > 0) {
      const left = this.nextLook() - Date.now();
      if (left > 0) await this.rest(left);
      else await this.lookForAll();
    }
    this.isRunning = false;
  }

  /** Until the time is up, or somebody comes in who cannot wait for so long. */
  private async rest(milliseconds: number): Promise<void> {
    this.restsUntil = Date.now() + milliseconds;
    await Promise.race([
      pause(milliseconds),
      new Promise<void>((resolve) => (this.nudge = resolve)),
    ]);
    this.restsUntil = Infinity;
  }

  /**
   * When the shortest interval that is asked for has gone by, a longer one after refusals, but never
   * past a deadline.
   */
  private nextLook(): number {
    // A clock that was set back must not keep anybody waiting.
    const now = Date.now();
    const pausedAt = Math.min(this.pausedAt, now);
    const moments = this.active().flatMap(({ glances, waiters }) => [
      ...[...glances].map(() => 0),
      ...[...waiters].map(({ interval, deadline }) =>
        Math.min(deadline, pausedAt + this.patient(interval)),
      ),
    ]);
    if (moments.length === 0) return now + SHORTEST_PAUSE;
    const soonest = Math.min(this.lastLookAt, now) + SHORTEST_PAUSE;
    return Math.max(
      soonest,
      moments.reduce((one, other) => Math.min(one, other)),
    );
  }

  private patient(interval: number): number {
    return Math.max(interval, Math.min(LONGEST_PAUSE, interval * 2 ** this.refusals));
  }

  private active(): Waits[] {
    return [...this.served].filter(({ isPaused }) => !isPaused);
  }

  private async lookForAll(): Promise<void> {
    const served = this.active();
    const [asker] = served;
    // Next time it is another one's turn, in case that this one cannot get through.
    this.served.delete(asker);
    this.served.add(asker);

    const glances = served.flatMap((waits) =>
      [...waits.glances].map((glance) => ({ waits, glance })),
    );
    glances.forEach(({ glance }) => glance.hidden.forEach((id) => this.hidden.add(id)));
    const ids = new Set([
      ...served.flatMap(({ waiters }) => [...waiters].map(({ id }) => id)),
      ...glances.flatMap(({ glance }) => glance.ids),
    ]);
    const seen = await this.lookAs(asker, [...ids]);
    if (seen === 'nobody') return;

    this.pausedAt = this.lastLookAt = Date.now();
    this.refusals = seen === 'refused' ? this.refusals + 1 : 0;
    if (seen instanceof RefusedLook) {
      served.forEach((waits) => {
        waits.glances.forEach((glance) => waits.show(glance, seen));
        waits.failAll(seen);
      });
      return;
    }
    const shown: Seen = seen === 'refused' ? new Map() : seen;
    this.lastSeen = glances.length > 0 ? shown : new Map();
    glances.forEach(({ waits, glance }) => {
      glance.ids.forEach((id) => this.hidden.has(id) && glance.hidden.add(id));
      waits.show(glance, only(glance.ids, shown));
    });
    for (const waits of served) {
      if (!waits.isPaused) waits.waiters.forEach((waiter) => judge(waits, waiter, shown));
    }
    this.forgetHidden();
  }

  /**
   * One look, in the name of one of those who wait.
   *
   * @returns what was seen; `refused` for now, the refusal where it is final; `nobody` where it came to
   *   nothing because of the one who asked, who waits no more
   */
  private async lookAs(
    asker: Waits,
    ids: string[],
  ): Promise<Seen | RefusedLook | 'refused' | 'nobody'> {
    try {
      return await unlessCancelled(look(ids, asker.reader, this.hidden), asker.signal);
    } catch (error) {
      if (asker.signal?.aborted) return 'nobody';
      if (error instanceof RefusedLook) return error.isFinal ? error : 'refused';
      asker.failAll(error);
      return 'nobody';
    }
  }

  /** Keeps only what somebody waits for. */
  private forgetHidden(): void {
    if (this.hidden.size === 0) return;
    const ids = [...this.served].flatMap(({ waiters }) => [...waiters].map(({ id }) => id));
    const wanted = new Set(ids);
    this.hidden.forEach((id) => wanted.has(id) || this.hidden.delete(id));
  }
}

function only(ids: string[], seen: Seen): Seen {
  return new Map(ids.filter((id) => seen.has(id)).map((id) => [id, seen.get(id)]));
}

/** What a look means for one of the waits. What was not seen this time may be seen the next. */
function judge(waits: Waits, waiter: Waiter, seen: Seen): void {
  const video = seen.get(waiter.id);
  if (video) {
    waiter.last = video;
    waiter.missing = 0;
    if (outcomeOf(video) !== 'running') return waits.end(waiter, { reason: 'finished', video });
  } else if (seen.has(waiter.id) && ++waiter.missing >= MISSING_LOOKS) {
    return waits.end(waiter, { reason: 'gone', video: waiter.last });
  }
  if (Date.now() >= waiter.deadline) waits.end(waiter, { reason: 'gaveUp', video: waiter.last });
}
