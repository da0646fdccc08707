import { createHash } from 'crypto';
import type { IExecutePaginationFunctions } from 'n8n-workflow';

import { Lookout } from './reconcile';
import { listOf, type Order } from './sameOrder';

/** Jobs that are remembered at the most; each is an ID of some twenty characters. */
const MOST_CLAIMS = 20_000;

/** What the executions of this process know of the orders of one account. */
export class OrderBook {
  /** Orders that are being sent, and of which nobody knows yet what became of them */
  readonly underWay = new Set<Order>();

  private readonly claims = new Set<string>();

  private readonly lookouts = {
    '/avatars': new Lookout(this, '/avatars'),
    '/videos': new Lookout(this, '/videos'),
  };

  /** What looks for the jobs of orders like this one. */
  lookoutFor(order: Order): Lookout {
    return this.lookouts[listOf(order)];
  }

  /** A job belongs to an item, of whatever execution. */
  claim(id: string): void {
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

const books = new Map<string, OrderBook>();

/** The book of the account that a node uses: one per base URL and API key in this process. */
export async function bookOf(context: IExecutePaginationFunctions): Promise<OrderBook> {
  const { apiKey, baseUrl } = await context.getCredentials<Record<string, string>>('iTeraBizApi');
  const account = createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('hex');
  const book = books.get(account) ?? new OrderBook();
  books.set(account, book);
  return book;
}
