import { createHash } from 'crypto';

import type { Claim, VideoEvent } from '../api/events';

/** How a delivery is answered. */
export interface Verdict {
  status: 200 | 400 | 401 | 503;
  /** For n8n's log, without secrets. The sender is not told. */
  reason?: string;
  /** What the workflow starts with, if it starts */
  start?: VideoEvent;
}

const NOT_STARTED: Verdict = { status: 503, reason: 'n8n did not start the workflow for it' };

/** How many events are remembered per trigger. A repeat that comes later than that starts a run. */
export const MOST_REMEMBERED = 1_000;

/** How many triggers have their memory in this process: some 20 MB at the most. */
export const MOST_TRIGGERS = 200;

/**
 * Which events were handled already, so that a repeated delivery starts nothing. Assumption: an
 * event is delivered at least once, and again where the answer was not one of success.
 *
 * Lives in this process. n8n behaviour: it hands every request its own copy of the stored memory, so only
 * here can two deliveries at the same moment see each other. The stored memory is for restarts, and
 * for n8n's other processes: where several receive webhooks, two deliveries that reach two of them
 * within the moment of handling one can both start a run.
 */
export class RecentEvents {
  private readonly handled = new Set<string>();

  /** What becomes of the events that are being handled. */
  private readonly inWork = new Map<string, Promise<Verdict>>();

  /** Adds what an earlier process, or another one, has stored. */
  recall(stored: unknown): void {
    if (!Array.isArray(stored)) return;
    for (const key of stored) if (typeof key === 'string') this.remember(key);
  }

  /**
   * Handles an event unless it was handled before. The key is taken before anything is waited for,
   * and is free again when the event has to be delivered once more: after a verdict other than 200, and
   * where the workflow did not start.
   *
   * A delivery that comes while another of the same event is being handled shares its end.
   *
   * @param hasStarted asked after a verdict to start; may take its time, the verdict does not wait for it
   * @returns the verdict, or `undefined` for a repeat of an event that was handled
   */
  async once(
    key: string,
    handle: () => Promise<Verdict>,
    hasStarted: () => Promise<boolean>,
  ): Promise<Verdict | undefined> {
    if (this.handled.has(key)) return undefined;
    const other = this.inWork.get(key);
    if (other) {
      const verdict = await other;
      return verdict.status === 200 ? undefined : verdict;
    }
    const work = handle();
    const end = this.settle(key, work, hasStarted);
    end.catch(() => {}); // whoever handles it hears of it from the work itself
    this.inWork.set(key, end);
    return await work;
  }

  private async settle(
    key: string,
    work: Promise<Verdict>,
    hasStarted: () => Promise<boolean>,
  ): Promise<Verdict> {
    try {
      const verdict = await work;
      if (verdict.start && !(await hasStarted())) return NOT_STARTED;
      if (verdict.status === 200) this.remember(key);
      return verdict;
    } finally {
      this.inWork.delete(key);
    }
  }

  /** Whether an event is being handled, so that another delivery of it has to find this memory. */
  get isBusy(): boolean {
    return this.inWork.size > 0;
  }

  /**
   * What to store, oldest first. Of events that start at the same moment, one may be missing until the
   * next event is stored; this process knows it all the same.
   *
   * @param key is stored as well, though n8n is only about to start its workflow. Other events that are
   *   being handled are not: what n8n fails to start must not look handled.
   */
  toStore(key?: string): string[] {
    const keys = new Set(this.handled);
    if (key !== undefined) keys.add(key);
    return [...keys].slice(-MOST_REMEMBERED);
  }

  private remember(key: string): void {
    this.handled.add(key);
    for (const oldest of this.handled) {
      if (this.handled.size <= MOST_REMEMBERED) return;
      this.handled.delete(oldest);
    }
  }
}

/** What tells one event from another. Short, since a thousand of them are stored with the workflow. */
export function keyOf({ event, videoId, eventId = '' }: Claim): string {
  const parts = JSON.stringify([event, videoId, eventId]);
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}

const memories = new Map<string, RecentEvents>();

/**
 * The memory of one trigger in this process. Of the triggers that were called longest ago, only what is
 * stored is left.
 *
 * @param trigger tells it from every other trigger of this n8n
 */
export function recentEventsOf(trigger: string): RecentEvents {
  const memory = memories.get(trigger) ?? new RecentEvents();
  memories.delete(trigger);
  for (const [oldest, { isBusy }] of memories) {
    if (memories.size < MOST_TRIGGERS) break;
    if (!isBusy) memories.delete(oldest);
  }
  memories.set(trigger, memory);
  return memory;
}
