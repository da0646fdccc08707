import type { ApiResponse, NetworkError } from '../api/response';
import { now, pause } from './time';

/** Who goes first: a person or a sender who is waiting, then polls, then the rows of a run. */
export type Priority = 'interactive' | 'poll' | 'row';

const BY_PRIORITY = ['interactive', 'poll', 'row'] as const;

/** How a request queues. */
export interface Turn {
  priority: Priority;
  /** The most requests that may be in flight when this one starts */
  concurrency: number;
  signal?: AbortSignal;
}

interface Waiting extends Turn {
  start: () => void;
}

/**
 * The requests to one host, whichever executions make them: how many are in flight, which is next,
 * and until when all of them pause.
 *
 * Invariant: nothing is kept here of an execution that has ended or was canceled.
 */
export class RequestQueue {
  private readonly inFlight = { interactive: 0, poll: 0, row: 0 };
  private readonly waiting: Record<Priority, Waiting[]> = { interactive: [], poll: [], row: [] };
  private resumesAt = 0;
  /** The outcome that asked for the current pause */
  pausedBy?: ApiResponse | NetworkError;

  /**
   * Runs a task when its turn has come. Within a priority, nothing is overtaken, so nothing starves
   * behind requests that allow themselves more concurrency.
   *
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
  pauseFor(milliseconds: number, because?: ApiResponse | NetworkError): void {
    const end = now() + milliseconds;
    if (end <= this.resumesAt) return;
    this.resumesAt = end;
    this.pausedBy = because;
  }

  /** Resolves when no pause is on. @throws the signal's reason once it aborts */
  async waitUntilResumed(signal?: AbortSignal): Promise<void> {
    while (this.pauseLeft > 0) await pause(this.pauseLeft, signal);
  }

  /** How long the pause is still on, in milliseconds; 0 where none is. */
  get pauseLeft(): number {
    return Math.max(0, this.resumesAt - now());
  }

  waitingCount(priority: Priority): number {
    return this.waiting[priority].length;
  }

  get isIdle(): boolean {
    const isEmpty = (name: Priority) =>
      this.inFlight[name] === 0 && this.waiting[name].length === 0;
    return BY_PRIORITY.every(isEmpty) && this.pauseLeft === 0;
  }

  private async enter(turn: Turn): Promise<void> {
    const { priority, signal } = turn;
    signal?.throwIfAborted();
    const upToOwn = BY_PRIORITY.slice(0, BY_PRIORITY.indexOf(priority) + 1);
    const isFirst = upToOwn.every((name) => this.waiting[name].length === 0);
    await new Promise<void>((resolve, reject) => {
      const line = this.waiting[priority];
      const leave = () => {
        line.splice(line.indexOf(waiting), 1);
        reject(signal!.reason as Error);
        this.startNext();
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { ...turn, start };
      signal?.addEventListener('abort', leave);
      line.push(waiting);
      if (isFirst) this.startNext();
    });
  }

  /** Each priority above that of rows has one place of its own: slow rows cannot starve it. */
  private hasSlotFor({ priority, concurrency }: Turn): boolean {
    const { interactive, poll, row } = this.inFlight;
    if (interactive + poll + row < concurrency) return true;
    return priority !== 'row' && this.inFlight[priority] === 0;
  }

  private startNext(): void {
    for (;;) {
      const firsts = BY_PRIORITY.map((name) => this.waiting[name][0]);
      const next = firsts.find((first) => first && this.hasSlotFor(first));
      if (!next) return;
      this.waiting[next.priority].shift();
      this.inFlight[next.priority]++;
      next.start();
    }
  }
}
