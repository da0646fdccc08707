import { createHash } from 'crypto';

import type { VideoEvent } from '../api/events';

/** How a delivery is answered. */
export interface Reply {
  status: 200 | 400 | 401 | 503;
  /** For n8n's log, without secrets. The sender is not told. */
  reason?: string;
  /** What the workflow starts with, if it starts */
  start?: VideoEvent;
}

/** The event as it is, or why there is none to start with. */
export type Verified = VideoEvent | Reply;

const REPEAT: Reply = { status: 200, reason: 'it is a repeat of an event that was handled' };
const NOT_STARTED: Reply = { status: 503, reason: 'n8n did not start the workflow for it' };

/** How long a repeat waits to learn whether n8n starts the workflow, in milliseconds. */
export const REPLY_TIMEOUT = 60_000;

/** How long n8n may take to start it after that, in milliseconds. Then the event may come again. */
const START_TIMEOUT = 15 * 60_000;

/** How many events are remembered per trigger. A repeat that comes later than that starts a run. */
export const MAX_REMEMBERED = 1_000;

/** How many triggers have their memory in this process: some 20 MB at the most. */
export const MAX_TRIGGERS = 200;

/**
 * Which events have started the workflow. Assumption: an event is delivered at least once, and again where
 * the answer was not one of success.
 *
 * n8n behavior: every request gets its own copy of what is stored, so only in memory can two deliveries at
 * the same moment see each other. What is stored is for restarts and n8n's other processes; two deliveries
 * that reach two processes at the same moment can both start a run.
 */
export class RecentEvents {
  private readonly handled = new Set<string>();

  private readonly confirming = new Map<string, Promise<Verified>>();

  /** Events for which n8n is starting the workflow, and what repeats are told: whether it did. */
  private readonly starting = new Map<string, Promise<boolean>>();

  /** Adds what another process has stored. */
  recall(stored: unknown): void {
    if (!Array.isArray(stored)) return;
    for (const key of stored) if (typeof key === 'string') this.remember(key);
  }

  /** The reply to a repeat, once it is certain that n8n started the workflow. `undefined` for a new event. */
  repeatOf(key: string): Promise<Reply> | undefined {
    if (this.handled.has(key)) return Promise.resolve(REPEAT);
    return this.starting.get(key)?.then((hasStarted) => (hasStarted ? REPEAT : NOT_STARTED));
  }

  /** Lets deliveries of the same event at the same moment share one confirmation. */
  async confirmOnce(key: string, confirm: () => Promise<Verified>): Promise<Verified> {
    const current =
      this.confirming.get(key) ?? confirm().finally(() => this.confirming.delete(key));
    this.confirming.set(key, current);
    return await current;
  }

  /**
   * Starts the workflow unless the event is a repeat.
   *
   * Invariant: nothing is waited for between looking the key up and taking it. It stays taken until it is
   * certain whether n8n started the workflow, which a busy n8n may do long after repeats got their reply.
   *
   * @param hasStarted waits so many milliseconds for it at the most, then gives `undefined`; where it says
   *   no, the key is free
   */
  async startOnce(
    key: string,
    start: VideoEvent,
    hasStarted: (patience: number) => Promise<boolean | undefined>,
  ): Promise<Reply> {
    const repeat = this.repeatOf(key);
    if (repeat) return await repeat;
    const end = (isSo = false) => {
      this.starting.delete(key);
      if (isSo) this.remember(key);
    };
    const started = hasStarted(REPLY_TIMEOUT)
      .catch(() => false)
      .then((isSo) => {
        if (isSo === undefined) void hasStarted(START_TIMEOUT).then(end, () => end());
        else end(isSo);
        return isSo === true;
      });
    this.starting.set(key, started);
    return { status: 200, start };
  }

  /** Whether an event is being handled, so that another delivery of it has to find this memory. */
  get isBusy(): boolean {
    return this.confirming.size + this.starting.size > 0;
  }

  /**
   * What to store for an event that n8n is about to start, oldest first. Others that are being started are
   * left out: what n8n fails to start must not look handled.
   */
  toStore(key: string): string[] {
    return [...new Set(this.handled).add(key)].slice(-MAX_REMEMBERED);
  }

  private remember(key: string): void {
    this.handled.add(key);
    const [oldest] = this.handled;
    if (this.handled.size > MAX_REMEMBERED) this.handled.delete(oldest);
  }
}

/** What tells one event from another. Short, since a thousand of them are stored with the workflow. */
export function keyOf(event: string, videoId: string, eventId = ''): string {
  const parts = JSON.stringify([event, videoId, eventId]);
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}

const memories = new Map<string, RecentEvents>();

/** The memory of one trigger. Of those that were called longest ago, only what is stored is left. */
export function recentEventsOf(trigger: string): RecentEvents {
  const memory = memories.get(trigger) ?? new RecentEvents();
  memories.delete(trigger);
  for (const [oldest, { isBusy }] of memories) {
    if (memories.size < MAX_TRIGGERS) break;
    if (!isBusy) memories.delete(oldest);
  }
  memories.set(trigger, memory);
  return memory;
}
