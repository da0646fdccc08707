import type { IDataObject } from 'n8n-workflow';

import { idOf } from '../api/video';
import type { Listed } from './listReader';
import { fingerprint, type Order } from './sameOrder';

/** Most IDs to keep. */
const MAX_JOBS = 20_000;

/** Most new jobs to keep in full, because a list may not show them yet, and most refused orders. */
const MAX_RECENT = 5_000;

/** What this process knows about the jobs of an account. */
export class JobRegistry {
  /** Orders being sent; their jobs may already be listed */
  readonly sending = new Set<Order>();

  private readonly assigned = new Map<string, true>();

  private readonly recent: Array<Listed & { print: string }> = [];

  /** How often orders were refused, by fingerprint, the last refused order last */
  private readonly refused = new Map<string, number>();

  isSending(order: Order): boolean {
    return [...this.sending].some((other) => fingerprint(other) === fingerprint(order));
  }

  assign(id: string | undefined): void {
    if (id !== undefined) remember(this.assigned, id, true, MAX_JOBS);
  }

  isAssigned(id: string): boolean {
    return this.assigned.has(id);
  }

  recordCreated(order: Order, entry: IDataObject): void {
    this.assign(idOf(entry));
    this.recent.push({ print: fingerprint(order), entry, at: Date.now() });
    if (this.recent.length > MAX_RECENT) this.recent.shift();
  }

  /** Newest last. @param print the fingerprint of an order */
  createdBy(print: string): Listed[] {
    return this.recent.filter((job) => job.print === print);
  }

  recordRefused(order: Order): void {
    const print = fingerprint(order);
    remember(this.refused, print, this.refusalsOf(print) + 1, MAX_RECENT);
  }

  /** @param print the fingerprint of an order */
  refusalsOf(print: string): number {
    return this.refused.get(print) ?? 0;
  }
}

/** Makes an entry the youngest, and forgets the oldest one if there are more than `most`. */
export function remember<T>(entries: Map<string, T>, key: string, value: T, most: number): void {
  entries.delete(key);
  entries.set(key, value);
  const [oldest] = entries.keys();
  if (entries.size > most) entries.delete(oldest);
}
