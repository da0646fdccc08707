import type { Order } from './sameOrder';

/** Jobs that are remembered at the most; each is an ID of some twenty characters. */
const MOST_CLAIMS = 20_000;

/** Which jobs of an account belong to an item already, of whatever execution of this process. */
export class Claims {
  /** Orders that are being sent, and of which nobody knows yet what became of them */
  readonly underWay = new Set<Order>();

  private readonly claims = new Set<string | undefined>();

  /** A job belongs to an item from now on. One without an ID is taken by nobody anyway. */
  claim(id: string | undefined): void {
    this.claims.delete(id);
    this.claims.add(id);
    if (this.claims.size > MOST_CLAIMS) {
      const [oldest] = this.claims;
      this.claims.delete(oldest);
    }
  }

  isClaimed(id: string): boolean {
    return this.claims.has(id);
  }
}
