import { pause } from './pause';

/**
 * Lets at most `size` tasks run at once, in the order in which they came, and holds all of them
 * back while the API asks for a pause.
 */
export class Slots {
  private free: number;

  private readonly queue: Array<() => void> = [];

  private heldUntil = 0;

  /** @param size a whole number; below 1 counts as 1 */
  constructor(
    size: number,
    private readonly signal?: AbortSignal,
  ) {
    this.free = Math.max(1, Math.floor(size) || 1);
  }

  /**
   * Runs a task as soon as a slot is free.
   *
   * @throws what the task throws, or the signal's reason once the execution is cancelled
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    try {
      this.signal?.throwIfAborted();
      return await task();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.free++;
    }
  }

  /** Asks every task that calls {@link untilOpen} to wait until this moment. */
  holdBack(milliseconds: number): void {
    this.heldUntil = Math.max(this.heldUntil, Date.now() + milliseconds);
  }

  /** Resolves when no pause is on. */
  async untilOpen(): Promise<void> {
    for (let left = this.left(); left > 0; left = this.left()) {
      await pause(left, this.signal);
    }
  }

  private left(): number {
    return this.heldUntil - Date.now();
  }
}
