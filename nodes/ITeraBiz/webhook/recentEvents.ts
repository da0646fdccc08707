import { createHash } from 'crypto';

import type { VideoEvent } from '../api/events';

/** The response to a delivery. */
export interface Reply {
  status: 200 | 400 | 401 | 503;
  /** For n8n's log only, not for the sender. Contains no secrets. */
  reason?: string;
  /** The event to start the workflow with, if any */
  start?: VideoEvent;
}

export type Verified = VideoEvent | Reply;

const REPEAT: Reply = { status: 200, reason: 'it is a repeat of an event that was handled' };
const NOT_STARTED: Reply = { status: 503, reason: 'n8n did not start the workflow for it' };

/** How long a repeat waits for n8n to start the workflow, in milliseconds. */
export const REPLY_TIMEOUT = 60_000;

/**
 * How much longer n8n may take to start it, in milliseconds. n8n behavior: with a limit to concurrent executions,
 * it lets the others queue for hours before it responds, and never responds for one that the user stops there.
 */
const START_TIMEOUT = 24 * 60 * 60_000;

/** How many events are stored with the workflow. After a restart, a repeat of an older one starts a run. */
export const MAX_STORED = 1_000;

/**
 * How many events this process remembers per trigger: far more than are stored, so that recalling an old copy
 * of the store never pushes out what was handled since. About half a megabyte.
 */
export const MAX_REMEMBERED = 5_000;

/**
 * The events that have started the workflow. Assumption: an event is delivered at least once, and again
 * unless the response reports success.
 *
 * n8n behavior: each request gets its own copy of the store, so two concurrent deliveries see each other
 * only in memory. The store is for restarts and for n8n's other processes; concurrent deliveries to two
 * processes can both start a run.
 */
export class RecentEvents {
  /** Oldest first */
  private readonly handled = new Set<string>();
  /** The newest of them, to be stored along with one more */
  private readonly newest: string[] = [];
  private readonly confirming = new Map<string, Promise<Verified>>();
  /** Events for which n8n is starting the workflow; resolves to whether it did so in time for a reply. */
  private readonly starting = new Map<string, Promise<boolean>>();

  /** Adds the events that another process has stored. */
  recall(stored: unknown): void {
    if (!Array.isArray(stored)) return;
    for (const key of stored) if (typeof key === 'string') this.remember(key);
  }

  /** The reply to a repeat, once it is known whether n8n started the workflow. `undefined` for a new event. */
  private repeatOf(key: string): Promise<Reply> | undefined {
    if (this.handled.has(key)) return Promise.resolve(REPEAT);
    return this.starting.get(key)?.then((hasStarted) => (hasStarted ? REPEAT : NOT_STARTED));
  }

  /** Confirms an event unless it is a repeat. Concurrent deliveries of it share one confirmation. */
  async confirmOnce(key: string, confirm: () => Promise<Verified>): Promise<Verified> {
    const repeat = this.repeatOf(key);
    if (repeat) return await repeat;
    const current =
      this.confirming.get(key) ?? confirm().finally(() => this.confirming.delete(key));
    this.confirming.set(key, current);
    return await current;
  }

  /**
   * Starts the workflow unless the event is a repeat.
   *
   * Invariant: there is no `await` between looking the key up and taking it. It stays taken until it is
   * known whether n8n started the workflow. A busy n8n may do so long after repeats got their reply.
   *
   * @param hasStarted waits at most `timeout` milliseconds, then returns `undefined`. `false` frees the key.
   *   Never throws
   */
  async startOnce(
    key: string,
    start: VideoEvent,
    hasStarted: (timeout: number) => Promise<boolean | undefined>,
  ): Promise<Reply> {
    const repeat = this.repeatOf(key);
    if (repeat) return await repeat;
    const settle = (started = false) => {
      this.starting.delete(key);
      if (started) this.remember(key);
      return started;
    };
    const startedInTime = hasStarted(REPLY_TIMEOUT).then((started) => {
      if (started !== undefined) return settle(started);
      void hasStarted(START_TIMEOUT).then(settle);
      return false;
    });
    this.starting.set(key, startedInTime);
    return { status: 200, start };
  }

  /**
   * The keys to store while n8n starts the workflow for an event, oldest first. Other events that are still
   * being started are left out: if n8n fails to start one, it must not look handled.
   */
  toStore(key: string): string[] {
    return [...this.newest, key];
  }

  private remember(key: string): void {
    if (this.handled.has(key)) return;
    this.handled.add(key);
    this.newest.push(key);
    if (this.newest.length === MAX_STORED) this.newest.shift();
    const [oldest] = this.handled;
    if (this.handled.size > MAX_REMEMBERED) this.handled.delete(oldest);
  }
}

/** Identifies an event. Short, because a thousand of them are stored with the workflow. */
export function keyOf(event: string, videoId: string, eventId = ''): string {
  const parts = JSON.stringify([event, videoId, eventId]);
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}

const memories = new Map<string, RecentEvents>();

export function recentEventsOf(trigger: string): RecentEvents {
  const memory = memories.get(trigger) ?? new RecentEvents();
  memories.set(trigger, memory);
  return memory;
}
