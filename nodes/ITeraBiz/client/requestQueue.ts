import type { Outcome } from '../api/response';
import { now, pause } from './time';

/** Highest first: someone is waiting (a picker, a webhook sender), then polls, then the rows of a run. */
const BY_PRIORITY = ['interactive', 'poll', 'row'] as const;

export type Priority = (typeof BY_PRIORITY)[number];

export interface Turn {
  priority: Priority;
  /** Maximum requests in flight when this one starts */
  concurrency: number;
  signal?: AbortSignal;
}

type QueueEntry = Turn & { start: () => void };

/**
 * The requests to one host, from all executions: how many are in flight, which is next, and until when all pause.
 * Invariant: nothing is kept of an execution that has ended or was canceled.
 */
export class RequestQueue {
  private readonly inFlight = { interactive: 0, poll: 0, row: 0 };
  private readonly waiting: Record<Priority, QueueEntry[]> = { interactive: [], poll: [], row: [] };
  private resumesAt = 0;
  /** Whether a request has got an answer that is final */
  hasAnswered = false;
  /** The outcome that asked for the current pause */
  pausedBy?: Outcome;

  /**
   * Runs a task when its turn has come. Within a priority, the order is strict, so no request starves behind those
   * that allow more concurrency.
   * @throws what the task throws, and the signal's reason once it aborts
   */
  async run<T>(task: () => Promise<T>, turn: Turn): Promise<T> {
    await this.enter(turn);
    try {
      turn.signal?.throwIfAborted();
      return await task();
    } finally {
      this.inFlight[turn.priority]--;
      this.startNext();
    }
  }

  /** Holds back all requests for a while, because of an outcome. */
  pauseFor(milliseconds: number, outcome?: Outcome): void {
    const end = now() + milliseconds;
    if (end <= this.resumesAt) return;
    this.resumesAt = end;
    this.pausedBy = outcome;
  }

  /**
   * Waits until there is no pause; one that is on may be extended.
   * @param patience how long to wait at most, in milliseconds
   * @returns what is left of it, negative if the pause lasts longer
   * @throws the signal's reason once it aborts
   */
  async waitUntilResumed(patience: number, signal?: AbortSignal): Promise<number> {
    let left = patience;
    for (let wait = this.pauseLeft; wait > 0; wait = this.pauseLeft) {
      left -= wait;
      if (left < 0) break;
      await pause(wait, signal);
    }
    return left;
  }

  /** How long the pause still lasts, in milliseconds; 0 if there is none. */
  get pauseLeft(): number {
    return Math.max(0, this.resumesAt - now());
  }

  get isIdle(): boolean {
    return this.inFlightCount === 0 && this.pauseLeft === 0;
  }

  private get inFlightCount(): number {
    const { interactive, poll, row } = this.inFlight;
    return interactive + poll + row;
  }

  private async enter(turn: Turn): Promise<void> {
    const { priority, signal } = turn;
    signal?.throwIfAborted();
    const notLower = BY_PRIORITY.slice(0, BY_PRIORITY.indexOf(priority) + 1);
    const isFirst = notLower.every((name) => this.waiting[name].length === 0);
    await new Promise<void>((resolve, reject) => {
      const entries = this.waiting[priority];
      const onAbort = () => {
        entries.splice(entries.indexOf(entry), 1);
        reject(signal!.reason as Error);
        this.startNext();
      };
      const start = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const entry = { ...turn, start };
      signal?.addEventListener('abort', onAbort);
      entries.push(entry);
      if (isFirst) this.startNext();
    });
  }

  /** Each priority above rows has one slot of its own, so that slow rows cannot starve it. */
  private hasSlotFor({ priority, concurrency }: Turn): boolean {
    if (this.inFlightCount < concurrency) return true;
    return priority !== 'row' && this.inFlight[priority] === 0;
  }

  private startNext(): void {
    for (;;) {
      const heads = BY_PRIORITY.map((name) => this.waiting[name][0]);
      const next = heads.find((entry) => entry && this.hasSlotFor(entry));
      if (!next) return;
      this.waiting[next.priority].shift();
      this.inFlight[next.priority]++;
      next.start();
    }
  }
}
