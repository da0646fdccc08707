import { createHash } from 'crypto';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import { trimPasted, trimBaseUrl } from '../api/address';
import { ApiClient, type ClientSettings } from '../client/apiClient';
import type { RequestContext } from '../client/http';
import { RequestQueue } from '../client/requestQueue';
import { now } from '../client/time';
import { DailyBudget } from './dailyBudget';
import { JobRegistry } from './jobRegistry';
import { Reconciler } from './reconciler';
import { Turns } from './turns';
import { VideoPoller } from './videoPoller';

/** How long an unused account is kept, in milliseconds: what it knows of recent orders helps a later retry. */
const IDLE_LIFETIME = 24 * 60 * 60_000;

/**
 * Shared by all executions in this process that use the same iTeraBiz account. Invariant: it holds no reference
 * to an execution that has ended or was canceled.
 */
export class Account {
  readonly queue = new RequestQueue();
  readonly poller = new VideoPoller();
  readonly jobs = new JobRegistry();
  /** Of orders that may reuse each other's videos, by their fingerprints */
  readonly turns = new Turns();
  readonly budget = new DailyBudget();
  readonly reconcilers = {
    '/avatars': new Reconciler(this.jobs, '/avatars'),
    '/videos': new Reconciler(this.jobs, '/videos'),
  };
  private readonly fileQueues = new Map<string, RequestQueue>();
  private usedAt = now();
  /** How many runs hold it */
  private runs = 0;

  /** @param id unique to this account; does not reveal its key */
  constructor(readonly id: string) {}

  client(context: RequestContext, settings: ClientSettings): ApiClient {
    return new ApiClient(context, this.queue, settings);
  }

  /** For requests while someone waits: each is sent once, and all are given up after `timeout` ms, the queue included. */
  interactiveClient(context: RequestContext, timeout = 30_000): ApiClient {
    const deadline = now() + timeout;
    return this.client(context, { priority: 'interactive', retry: false, deadline });
  }

  /** For downloads. Each host has its own queue, so a slow or failing one delays neither the API nor others. */
  fileClient(host: string, context: RequestContext, settings: ClientSettings): ApiClient {
    const queue = this.fileQueues.get(host) ?? new RequestQueue();
    this.fileQueues.set(host, queue);
    return new ApiClient(context, queue, settings);
  }

  touch(): this {
    this.usedAt = now();
    return this;
  }

  /** Keeps the account for a run that may pause for long. @returns a function to call at its end */
  hold(): () => void {
    this.runs += 1;
    return () => {
      this.runs -= 1;
      this.touch();
    };
  }

  get isExpired(): boolean {
    const parts = [this.queue, this.poller, ...this.fileQueues.values()];
    const isIdle = this.runs === 0 && parts.every((part) => part.isIdle);
    return isIdle && now() - this.usedAt > IDLE_LIFETIME;
  }
}

/** By a hash of base URL and API key: changing the key of a credential changes its account. */
const accounts = new Map<string, Account>();

/** The account each credential used last, by the credential's ID. */
const byCredential = new Map<string | null | undefined, Account>();

export interface Credential {
  account: Account;
  /** As the user entered it, unchecked */
  maxVideosPerDay: unknown;
}

/**
 * The account of the credential, and its daily limit. n8n behavior: each call queries its database, so call this once
 * per run of a node.
 *
 * @throws n8n's own errors, e.g. for a missing credential
 */
export async function credentialOf(context: RequestContext): Promise<Credential> {
  const entered = await context.getCredentials('iTeraBizApi');
  const id = accountIdIn(entered);
  for (const cache of [accounts, byCredential]) {
    cache.forEach((cached, key) => cached.isExpired && cache.delete(key));
  }
  const account = accounts.get(id) ?? new Account(id);
  accounts.set(id, account);
  const credential = credentialIdOf(context);
  if (credential) byCredential.set(credential, account);
  return { account: account.touch(), maxVideosPerDay: entered.maxVideosPerDay };
}

function accountIdIn({ baseUrl, apiKey }: ICredentialDataDecryptedObject): string {
  const address = trimBaseUrl(baseUrl);
  // Hosts are not case-sensitive.
  const url = address.replace(/^https?:\/\/[^/]*/i, (origin) => origin.toLowerCase());
  const secret = JSON.stringify([url, trimPasted(apiKey)]);
  return createHash('sha256').update(secret).digest('hex');
}

/**
 * Whether an expression in the credential is about the item. n8n behavior: such an expression has no value for an item
 * that is not there.
 *
 * @param account that of the first item
 * @param size how many items the run has
 */
export async function dependsOnItem(
  context: RequestContext,
  account: Account,
  size: number,
): Promise<boolean> {
  const beyond = await context.getCredentials('iTeraBizApi', size).catch(() => undefined);
  return !beyond || accountIdIn(beyond) !== account.id;
}

/**
 * The first item whose account is another one than that of the first; `undefined` if there is none. n8n behavior: it
 * signs all requests of a run with the credential of the first item.
 *
 * @throws n8n's own errors
 */
export async function itemOfAnother(
  context: RequestContext,
  account: Account,
  size: number,
): Promise<number | undefined> {
  if (size === 1 || !(await dependsOnItem(context, account, size))) return undefined;
  for (let item = 1; item < size; item++) {
    const entered = await context.getCredentials('iTeraBizApi', item);
    if (accountIdIn(entered) !== account.id) return item;
  }
  return undefined;
}

/** @throws as {@link credentialOf} */
export async function accountOf(context: RequestContext): Promise<Account> {
  return (await credentialOf(context)).account;
}

/**
 * The same. If this process has seen the credential before, n8n is not asked. Use it only for the queue: after a change of key it returns the old account, whose queue can only slow a request down.
 */
export async function queuedAccountOf(context: RequestContext): Promise<Account> {
  const known = byCredential.get(credentialIdOf(context));
  // A pause may be about a key that was replaced because of it.
  return known?.queue.pauseLeft === 0 ? known.touch() : await accountOf(context);
}

/** `null` or `undefined` for a credential that is not saved. */
function credentialIdOf(context: RequestContext): string | null | undefined {
  return context.getNode().credentials?.iTeraBizApi?.id;
}
