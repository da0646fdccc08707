import { createHash } from 'crypto';
import type { IExecutePaginationFunctions } from 'n8n-workflow';

import { Claims } from './claims';
import { Lookout } from './reconcile';
import { listOf, type Order } from './sameOrder';

/** What the executions of this process know of the orders of one account. */
export class OrderBook extends Claims {
  private readonly lookouts = {
    '/avatars': new Lookout(this, '/avatars'),
    '/videos': new Lookout(this, '/videos'),
  };

  /** What looks for the jobs of orders like this one. */
  lookoutFor(order: Order): Lookout {
    return this.lookouts[listOf(order)];
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
