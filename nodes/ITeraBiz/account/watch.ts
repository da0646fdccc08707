import { outcomeOf, type Video } from '../api/video';
import { pause } from '../client/pause';
import { look } from './look';
import { type Reader, RefusedLook } from './videos';

/** A look in a row that found no video of this ID ends the wait for it. */
const MISSING_LOOKS = 3;

/** After refused looks, pauses grow to at most this, in milliseconds. */
const LONGEST_PAUSE = 60_000;

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

/**
 * The wait in memory, one for all jobs of a node run: they share their looks.
 *
 * A refused look is no end: the jobs are rendered all the same. Only an error that `isFinal` for
 * every further look ends all the waits.
 */
export class Watch {
  private readonly waiters = new Set<Waiter>();

  private readonly hidden = new Set<string>();

  private running = false;

  private handOver?: { at: number; task: () => Promise<void> };

  constructor(
    private readonly reader: Reader,
    private readonly isFinal: (error: unknown) => boolean,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * Waits for one job.
   *
   * @throws the signal's reason when the execution is cancelled, and what ended all the waits
   */
  async wait(wish: Wish): Promise<Wake> {
    return await new Promise<Wake>((wake, fail) => {
      this.waiters.add({ ...wish, missing: 0, wake, fail });
      if (this.running) return;
      this.running = true;
      void this.run();
    });
  }

  /** How many waits are on. */
  get size(): number {
    return this.waiters.size;
  }

  /**
   * From a moment on, the waits that are still on are to go on elsewhere.
   *
   * @param at milliseconds since 1970
   * @param task takes them over; when it fails, they stay here
   */
  handOverAt(at: number, task: () => Promise<void>): void {
    this.handOver = { at, task };
  }

  /** Ends every wait that is still on: another item failed the node, or n8n waits from here on. */
  releaseAll(): void {
    this.waiters.forEach((waiter) => this.end(waiter, { reason: 'released' }));
  }

  private async run(): Promise<void> {
    let refusals = 0;
    try {
      while (this.waiters.size > 0) {
        await pause(this.untilNextLook(refusals), this.signal);
        const ids = [...new Set([...this.waiters].map(({ id }) => id))];
        const seen = await look(ids, this.reader, this.hidden).catch((error: unknown) => {
          if (this.isFinal(error) || this.signal?.aborted) throw error;
          return undefined;
        });
        refusals = seen ? 0 : refusals + 1;
        this.waiters.forEach((waiter) => this.judge(waiter, seen));
        await this.handOverIfDue();
      }
    } catch (error) {
      this.waiters.forEach((waiter) => waiter.fail(error));
      this.waiters.clear();
    } finally {
      this.running = false;
    }
  }

  private async handOverIfDue(): Promise<void> {
    const { handOver } = this;
    if (!handOver || this.waiters.size === 0 || Date.now() < handOver.at) return;
    this.handOver = undefined;
    await handOver.task().then(
      () => this.releaseAll(),
      () => {},
    );
  }

  private judge(waiter: Waiter, seen?: Map<string, Video | undefined>): void {
    const video = seen?.get(waiter.id);
    if (video) {
      waiter.last = video;
      waiter.missing = 0;
      if (outcomeOf(video) !== 'running') return this.end(waiter, { reason: 'finished', video });
    } else if (seen?.has(waiter.id) && ++waiter.missing >= MISSING_LOOKS) {
      return this.end(waiter, { reason: 'gone', video: waiter.last });
    }
    if (Date.now() >= waiter.deadline) this.end(waiter, { reason: 'gaveUp', video: waiter.last });
  }

  private end(waiter: Waiter, wake: Wake): void {
    this.waiters.delete(waiter);
    waiter.wake(wake);
  }

  /**
   * The shortest interval that is asked for, longer after refusals, but never past a deadline or the
   * moment of the hand-over.
   */
  private untilNextLook(refusals: number): number {
    const waiters = [...this.waiters];
    const interval = Math.min(...waiters.map((waiter) => waiter.interval));
    const patient = Math.max(interval, Math.min(LONGEST_PAUSE, interval * 2 ** refusals));
    const moments = waiters.map((waiter) => waiter.deadline);
    const next = Math.min(...moments, this.handOver?.at ?? Infinity);
    return Math.max(0, Math.min(patient, next - Date.now()));
  }
}

/** A watch through a reader of this account. What is not a refusal ends it, as does a final one. */
export function newWatch(reader: Reader, signal?: AbortSignal): Watch {
  return new Watch(reader, (error) => !(error instanceof RefusedLook) || error.isFinal, signal);
}
