import type { Account } from '../account/account';
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

/** Each book lives as long as its account is known. */
const books = new WeakMap<Account, OrderBook>();

/** The book of an account: one in this process, whichever executions use it. */
export function bookOf(account: Account): OrderBook {
  const book = books.get(account) ?? new OrderBook();
  books.set(account, book);
  return book;
}
