import { createHash } from 'crypto';

import { trimBaseUrl } from '../api/address';
import type { Requester } from '../client/request';
import { Lane } from '../client/slots';
import { Watch } from './watch';

/** How long an account is remembered that nobody uses, in milliseconds. */
const REMEMBERED = 10 * 60_000;

/**
 * What all executions of this process share that use the same account of iTeraBiz.
 *
 * Invariant: nothing of an execution stays reachable from here after it has ended or was cancelled.
 */
export class Account {
  /** All requests to the API */
  readonly requests = new Lane();

  /** All waits for its jobs */
  readonly watch = new Watch();

  private readonly files = new Map<string, Lane>();

  private usedAt = Date.now();

  /**
   * The downloads from one host. They have lanes of their own, so that neither a slow file nor a host in
   * trouble delays the API, or files from elsewhere.
   */
  filesFrom(host: string): Lane {
    this.files.forEach((lane, other) => lane.isIdle && this.files.delete(other));
    const lane = this.files.get(host) ?? new Lane();
    this.files.set(host, lane);
    return lane;
  }

  /** Somebody asked for it. */
  use(): this {
    this.usedAt = Date.now();
    return this;
  }

  get isForgotten(): boolean {
    const parts = [this.requests, this.watch, ...this.files.values()];
    return Date.now() - this.usedAt > REMEMBERED && parts.every(({ isIdle }) => isIdle);
  }
}

/** By a hash of base URL and API key: a credential may get another key, and then it is another account. */
const accounts = new Map<string, Account>();

/**
 * The account that the node's credential leads to.
 *
 * Asking n8n for the credential costs a query, so ask once per run of a node.
 *
 * @throws n8n's own errors, as for a missing credential
 */
export async function accountOf(context: Requester): Promise<Account> {
  const { baseUrl, apiKey } = await context.getCredentials('iTeraBizApi');
  const secret = JSON.stringify([trimBaseUrl(baseUrl), String(apiKey ?? '').trim()]);
  const key = createHash('sha256').update(secret).digest('hex');
  accounts.forEach((account, other) => account.isForgotten && accounts.delete(other));
  const account = accounts.get(key) ?? new Account();
  accounts.set(key, account);
  return account.use();
}
