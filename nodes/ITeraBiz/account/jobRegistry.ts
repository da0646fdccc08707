import type { Order } from './sameOrder';

/** Jobs that are remembered at the most; each is an ID of some twenty characters. */
const MOST_JOBS = 20_000;

/** Which jobs of an account belong to an item, of whatever execution of this process. */
export class JobRegistry {
  /** Orders that are being sent, whose jobs may be listed already */
  readonly sending = new Set<Order>();

  private readonly assigned = new Set<string>();

  /** A job belongs to an item from now on. */
  assign(id: string | undefined): void {
    if (id === undefined) return;
    this.assigned.delete(id);
    this.assigned.add(id);
    if (this.assigned.size > MOST_JOBS) {
      const [oldest] = this.assigned;
      this.assigned.delete(oldest);
    }
  }

  isAssigned(id: string): boolean {
    return this.assigned.has(id);
  }
}
