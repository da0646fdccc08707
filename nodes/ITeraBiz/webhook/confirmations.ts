import { Slots } from '../client/slots';

/** How many confirmations one account is asked for at once, so that a burst of events is no burst of questions. */
const MOST_AT_ONCE = 10;

/** How many more may wait for their turn. Whoever sends that many at once can send some of them again. */
export const MOST_WAITING = 1_000;

interface Queue {
  slots: Slots;
  /** How many are asked or wait */
  size: number;
}

/** By account; only those with something in them */
const queues = new Map<string, Queue>();

/**
 * Asks for a confirmation when it is its turn among those of the same account.
 *
 * @returns what was answered, or `undefined` when too many wait already
 * @throws what `ask` throws
 */
export async function inTurn<T>(account: string, ask: () => Promise<T>): Promise<T | undefined> {
  const queue = queues.get(account) ?? { slots: new Slots(MOST_AT_ONCE), size: 0 };
  if (queue.size >= MOST_AT_ONCE + MOST_WAITING) return undefined;
  queues.set(account, queue);
  queue.size++;
  try {
    return await queue.slots.run(ask);
  } finally {
    if (--queue.size === 0) queues.delete(account);
  }
}
