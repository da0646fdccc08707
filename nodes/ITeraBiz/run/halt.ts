import type { NodeApiError } from 'n8n-workflow';

import { NetworkError } from '../api/response';
import { statusClassOf } from '../api/status';
import type { Attempt } from '../client/retry';
import type { Message } from '../messages/message';
import type { NodeRun } from './nodeRun';

/** An item that is not sent, for a reason that another one has. Nothing of it can have arrived. */
export class NotSent extends Error {
  /** @param said what to show where the item goes on with a message of its own */
  constructor(readonly said: Message) {
    super(said.message);
  }
}

/**
 * Whether what met one request will meet all others of the account: the key is refused, the credits
 * are used up, or iTeraBiz was not to be had for as long as one request is patient.
 */
export function isHopeless({ outcome, verdict }: Attempt): boolean {
  if (verdict === 'retry') return true;
  return (
    !(outcome instanceof NetworkError) && ['badKey', 'noCredits'].includes(statusClassOf(outcome))
  );
}

/** From now on the run sends nothing more. What is under way ends as it does. */
export function halt(run: NodeRun, item: number, { message }: NodeApiError): void {
  run.halted ??= {
    message: `Not sent, because ${message}`,
    description: `Item ${item} (row ${item + 1}) met this, and the others would have met it too. Nothing was made or charged for this one. Put it right, then run it again`,
  };
}

/** @throws {NotSent} when the run has been halted */
export function throwIfHalted({ halted }: NodeRun): void {
  if (halted) throw new NotSent(halted);
}
