import type { IDataObject } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import type { Listed } from './listReader';
import { fingerprint, type Order } from './sameOrder';

/** IDs that are remembered at the most. */
const MAX_JOBS = 20_000;

/** Jobs that are remembered in full, as a list may not show them yet. */
const MAX_RECENT = 1_000;

/** What this process knows of the jobs of an account. */
export class JobRegistry {
  /** Orders that are being sent, whose jobs may be listed already */
  readonly sending = new Set<Order>();

  private readonly assigned = new Set<string>();

  private readonly recent: Array<Listed & { order: string }> = [];

  /** Who is about to order what, by the names of the orders */
  private readonly reservations = new Map<Promise<void>, Set<string>>();

  assign(id: string | undefined): void {
    if (id === undefined) return;
    this.assigned.delete(id);
    this.assigned.add(id);
    const [oldest] = this.assigned;
    if (this.assigned.size > MAX_JOBS) this.assigned.delete(oldest);
  }

  isAssigned(id: string): boolean {
    return this.assigned.has(id);
  }

  recordCreated(order: Order, entry: IDataObject): void {
    this.assign(videoIdOf(entry));
    this.recent.push({ order: fingerprint(order), entry, at: Date.now() });
    if (this.recent.length > MAX_RECENT) this.recent.shift();
  }

  /** What this process has made by an order, newest last. */
  createdBy(order: string): Listed[] {
    return this.recent.filter((one) => one.order === order);
  }

  /**
   * Someone is about to order these: whoever wants to use an existing video of the same waits for it.
   *
   * @returns to be called when it is known what was made
   */
  reserve(orders: Set<string>): () => void {
    let release = () => {};
    const end = new Promise<void>((resolve) => (release = resolve));
    this.reservations.set(end, orders);
    return () => {
      this.reservations.delete(end);
      release();
    };
  }

  /** What to wait for before any of these is ordered. */
  reserved(orders: Set<string>): Array<Promise<void>> {
    const isAmong = (names: Set<string>) => [...orders].some((name) => names.has(name));
    return [...this.reservations].filter(([, names]) => isAmong(names)).map(([end]) => end);
  }
}
