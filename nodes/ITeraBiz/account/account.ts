import { createHash } from 'crypto';

import { trimPasted, trimBaseUrl } from '../api/address';
import { ApiClient, type ClientSettings } from '../client/apiClient';
import type { RequestContext } from '../client/http';
import { RequestQueue } from '../client/requestQueue';
import { now } from '../client/time';
import { DailyBudget } from './dailyBudget';
import { JobRegistry } from './jobRegistry';
import { Reconciler } from './reconciler';
import { VideoPoller } from './videoPoller';

/** How long an account is remembered that nothing uses, in milliseconds. */
const IDLE_LIFETIME = 10 * 60_000;

/**
 * What all executions of this process share that use the same iTeraBiz account.
 *
 * Invariant: nothing of an execution stays reachable from here after it has ended or was canceled.
 */
export class Account {
  /** All requests to the API */
  readonly queue = new RequestQueue();
  readonly poller = new VideoPoller();
  readonly jobs = new JobRegistry();
  readonly budget = new DailyBudget();
  readonly reconcilers = {
    '/avatars': new Reconciler(this.jobs, '/avatars'),
    '/videos': new Reconciler(this.jobs, '/videos'),
  };

  private readonly fileQueues = new Map<string, RequestQueue>();

  private usedAt = now();

  /** @param id tells this account from others, without telling its key */
  constructor(readonly id: string) {}

  client(context: RequestContext, settings: ClientSettings): ApiClient {
    return new ApiClient(context, this.queue, settings);
  }

  /**
   * Downloads from one host. They queue apart, so that neither a slow file nor a host in trouble
   * delays the API, or files from elsewhere.
   */
  fileClient(host: string, context: RequestContext, settings: ClientSettings): ApiClient {
    this.fileQueues.forEach((queue, other) => queue.isIdle && this.fileQueues.delete(other));
    const queue = this.fileQueues.get(host) ?? new RequestQueue();
    this.fileQueues.set(host, queue);
    return new ApiClient(context, queue, settings);
  }

  touch(): this {
    this.usedAt = now();
    return this;
  }

  get isExpired(): boolean {
    const parts = [this.queue, this.poller, ...this.fileQueues.values()];
    return now() - this.usedAt > IDLE_LIFETIME && parts.every(({ isIdle }) => isIdle);
  }
}

/** By a hash of base URL and API key: a credential that gets another key leads to another account. */
const accounts = new Map<string, Account>();

/** The account that each credential led to last, by the credential's ID. */
const byCredential = new Map<string, Account>();

/** What the node's credential says. */
export interface Credential {
  account: Account;
  /** As the user left it */
  maxVideosPerDay: unknown;
}

/**
 * Reads the node's credential.
 *
 * n8n behavior: it asks its database each time. So ask once per run of a node.
 *
 * @throws n8n's own errors, as for a missing credential
 */
export async function credentialOf(context: RequestContext): Promise<Credential> {
  const { baseUrl, apiKey, maxVideosPerDay } = await context.getCredentials('iTeraBizApi');
  const secret = JSON.stringify([trimBaseUrl(baseUrl), trimPasted(apiKey)]);
  const id = createHash('sha256').update(secret).digest('hex');
  for (const known of [accounts, byCredential]) {
    known.forEach((account, other) => account.isExpired && known.delete(other));
  }
  const account = accounts.get(id) ?? new Account(id);
  accounts.set(id, account);
  const credential = credentialIdOf(context);
  if (credential) byCredential.set(credential, account);
  return { account: account.touch(), maxVideosPerDay };
}

/** @throws as {@link credentialOf} */
export async function accountOf(context: RequestContext): Promise<Account> {
  return (await credentialOf(context)).account;
}

/**
 * The same without asking n8n, where this process has seen the credential before. For what only queues:
 * with a key that was changed since, it leads to the queue of the old account, which is only gentler.
 */
export async function queuedAccountOf(context: RequestContext): Promise<Account> {
  const known = byCredential.get(credentialIdOf(context) ?? '');
  return known?.touch() ?? (await accountOf(context));
}

function credentialIdOf(context: RequestContext): string | undefined {
  return context.getNode().credentials?.iTeraBizApi?.id ?? undefined;
}
