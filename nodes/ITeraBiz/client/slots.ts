import { pause } from './pause';

/** Someone who waits to be let into a lane. */
interface Turn {
  limit: number;
  start: () => void;
}

/**
 * What all requests to one address share, whichever executions make them: how many are under way, whose
 * turn is next, and until when all of them pause.
 *
 * Invariant: of an execution that has ended or was cancelled, nothing is kept here.
 */
export class Lane {
  private underWay = 0;

  /** Those for whom somebody is waiting come before all others. */
  private readonly urgent: Turn[] = [];

  private readonly queue: Turn[] = [];

  private heldUntil = 0;

  /**
   * Resolves when fewer than `limit` are under way, in the order of arrival: nobody is overtaken, so
   * nobody starves behind others who allow themselves more.
   *
   * @throws the signal's reason once the execution is cancelled; it then leaves the queue at once
   */
  async enter(limit: number, signal?: AbortSignal): Promise<void> {
    await this.enterBy(this.queue, limit, signal);
  }

  /** As {@link enter}, but before all who did not ask for that. For what is short and rare. */
  async enterFirst(limit: number): Promise<void> {
    await this.enterBy(this.urgent, limit);
  }

  private async enterBy(queue: Turn[], limit: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const isNext = this.urgent.length === 0 && queue.length === 0;
    if (isNext && this.underWay < limit) {
      this.underWay++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        queue.splice(queue.indexOf(turn), 1);
        reject(signal!.reason);
        this.admit();
      };
      const start = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const turn = { limit, start };
      signal?.addEventListener('abort', giveUp);
      queue.push(turn);
    });
  }

  /** To be called once by everyone who was let in. */
  leave(): void {
    this.underWay--;
    this.admit();
  }

  /** Asks everyone who calls {@link untilOpen} to wait until this moment. */
  holdBack(milliseconds: number): void {
    this.heldUntil = Math.max(this.heldUntil, Date.now() + milliseconds);
  }

  /** Resolves when no pause is on. */
  async untilOpen(signal?: AbortSignal): Promise<void> {
    while (this.pauseLeft > 0) await pause(this.pauseLeft, signal);
  }

  /** How long the pause is still on, in milliseconds; 0 where none is. */
  get pauseLeft(): number {
    return Math.max(0, this.heldUntil - Date.now());
  }

  /** How many for whom somebody is waiting are not let in yet. */
  get urgentCount(): number {
    return this.urgent.length;
  }

  /** Whether nobody is in it or waits for it, and no pause is on. */
  get isIdle(): boolean {
    const waiting = this.urgent.length + this.queue.length;
    return this.underWay === 0 && waiting === 0 && this.pauseLeft === 0;
  }

  private admit(): void {
    for (;;) {
      const queue = this.urgent.length > 0 ? this.urgent : this.queue;
      if (queue.length === 0 || this.underWay >= queue[0].limit) return;
      this.underWay++;
      queue.shift()!.start();
    }
  }
}

/** One execution's way into a lane: at most so many of all its requests at once, and none once it is cancelled. */
export class Slots {
  private readonly size: number;

  /**
   * @param size a whole number; below 1 counts as 1
   * @param laneOf asked for before each use; without it the lane is theirs alone
   */
  constructor(
    size: number,
    private readonly signal?: AbortSignal,
    private readonly laneOf: () => Lane | Promise<Lane> = ownLane(),
  ) {
    this.size = Math.max(1, Math.floor(size) || 1);
  }

  /**
   * Runs a task as soon as a slot is free.
   *
   * @throws what the task throws, or the signal's reason once the execution is cancelled
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const lane = await this.laneOf();
    await lane.enter(this.size, this.signal);
    try {
      this.signal?.throwIfAborted();
      return await task();
    } finally {
      lane.leave();
    }
  }

  /** Asks all requests of the lane to wait until this moment. */
  async holdBack(milliseconds: number): Promise<void> {
    (await this.laneOf()).holdBack(milliseconds);
  }

  /** Resolves when no pause is on. */
  async untilOpen(): Promise<void> {
    await (await this.laneOf()).untilOpen(this.signal);
  }
}

function ownLane(): () => Lane {
  const lane = new Lane();
  return () => lane;
}
