import type { IHttpRequestOptions } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import { retryDecision } from '../api/status';
import { attempt, type Requester } from '../client/request';
import { heed } from '../client/retry';
import { accountOf } from './account';

/** How many requests of an account may be under way when one of these starts. */
const MOST_AT_ONCE = 5;

/** How many of these may wait for their turn. Whoever sends that many events can send some again. */
export const MOST_WAITING = 1_000;

/** A pause that takes longer is not waited for, in milliseconds. */
export const LONGEST_WAIT = 10_000;

/**
 * Reads something for which somebody is waiting, a person or the sender of an event: once, and before all
 * others who wait for their turn with this account.
 *
 * @returns nothing where that would take too long: iTeraBiz asked for a pause, or too many are waiting
 * @throws as {@link attempt}
 */
export async function urgently(
  context: Requester,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError | undefined> {
  const { requests } = await accountOf(context);
  if (requests.pauseLeft > LONGEST_WAIT || requests.urgentCount >= MOST_WAITING) return undefined;
  await requests.enterFirst(MOST_AT_ONCE);
  try {
    await requests.untilOpen();
    const outcome = await attempt(context, { ...options, method: 'GET' });
    if (outcome instanceof NetworkError) return outcome;
    if (retryDecision('GET', outcome) === 'retry') await heed(outcome, requests);
    return outcome;
  } finally {
    requests.leave();
  }
}
