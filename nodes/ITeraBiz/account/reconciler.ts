import type { IDataObject } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import { type ApiClient, RequestFailed, TIMEOUT } from '../client/apiClient';
import { now, pause, unlessAborted } from '../client/time';
import type { JobRegistry } from './jobRegistry';
import { type Listed, readBack } from './listReader';
import { fingerprint, indexOrders, type Order } from './sameOrder';

/** When the list is read; all in milliseconds. Assumption: a new job shows within seconds. */
export const RECONCILING = {
  /** After an outcome turned out unknown */
  polls: [1_000, 5_000, 15_000, 30_000, 60_000],
  /** A poll that is due this soon is made with the one that is due now */
  together: 1_000,
};

/** How well two clocks are compared, in milliseconds. */
const CLOCK_SKEW = 60_000;

/** Pages that one poll reads at the most. */
const MAX_PAGES = 20;

/** Refusals of the list that a further poll would meet, too. */
const FINAL_CLASSES = ['badKey', 'notAllowed', 'notFound', 'badValues', 'noCredits'];

/** What came of looking for a job. */
export interface LookupResult {
  /** Found, and assigned to no other item */
  job?: IDataObject;
  /** When the request left; this and the next in milliseconds since 1970 */
  since: number;
  /** When the list was read for the last time */
  at: number;
  /** How often it was read */
  polls: number;
  /** Why the list could not be read, in words */
  trouble?: string;
}

interface UnknownSubmission {
  order: Order;
  /** When the request left, by our clock, in milliseconds since 1970 */
  sentAt: number;
  /** How long an answer to it was waited for, in milliseconds */
  timeout: number;
}

interface Lookup extends UnknownSubmission {
  client: ApiClient;
  /** When it is still to be looked for, by `now()` of client/time */
  moments: number[];
  polls: number;
  resolve: (finding: LookupResult) => void;
}

/**
 * Which job each doubt is about, as far as a list can tell: made since just before the request left,
 * and while it may have been under way; made by the same order; no job for two.
 *
 * Of several, it is the one made nearest after the request. A job that an order on its way may have
 * made, or that two different orders may have made, is assigned to none.
 *
 * @param listed what is assigned to no item
 * @param sending orders on their way, whose jobs may be listed already
 */
export function assign<T extends UnknownSubmission>(
  doubts: T[],
  listed: Listed[],
  sending: Order[],
): Map<T, IDataObject> {
  const suspectsOf = new Map<Listed, T[]>();
  const find = indexOrders(doubts);
  const findSending = indexOrders(sending.map((order) => ({ order })));
  for (const one of listed) {
    const suspects = find(one.entry, 'same').filter((doubt) => isInTime(doubt, one.at));
    const orders = new Set(suspects.map(({ order }) => fingerprint(order)));
    const isOnItsWay = findSending(one.entry, 'same').length > 0;
    if (orders.size === 1 && !isOnItsWay) suspectsOf.set(one, suspects);
  }
  const result = new Map<T, IDataObject>();
  for (const doubt of [...doubts].sort((a, b) => a.sentAt - b.sentAt)) {
    const [nearest] = [...suspectsOf.keys()]
      .filter((one) => suspectsOf.get(one)!.includes(doubt))
      .sort((a, b) => distance(doubt, a.at) - distance(doubt, b.at));
    if (!nearest) continue;
    suspectsOf.delete(nearest);
    result.set(doubt, nearest.entry);
  }
  return result;
}

function isInTime({ sentAt, timeout }: UnknownSubmission, at: number): boolean {
  return at >= sentAt - CLOCK_SKEW && at <= sentAt + timeout + CLOCK_SKEW;
}

/** Made after the request is likelier than made before it, however near. */
function distance({ sentAt }: UnknownSubmission, at: number): number {
  return at >= sentAt ? at - sentAt : CLOCK_SKEW + TIMEOUT + sentAt - at;
}

/**
 * Looks for what submissions of unknown outcome have made: in the account's own list, the one record of
 * it. All doubts of this process share their polls.
 */
export class Reconciler {
  private readonly lookups = new Set<Lookup>();

  private isPolling = false;

  constructor(
    private readonly jobs: JobRegistry,
    private readonly list: '/avatars' | '/videos',
  ) {}

  /**
   * Looks for what a request has made, several times over about a minute.
   *
   * @param client asks for all, when it is the turn of this doubt
   * @param sentAt when the request left, in milliseconds since 1970
   * @param isOld whether that is long ago, so that one poll will do
   * @returns the job, which is assigned then, or what was looked for in vain
   * @throws the signal's reason when the execution is canceled
   */
  async find(
    client: ApiClient,
    order: Order,
    sentAt: number,
    isOld: boolean,
  ): Promise<LookupResult> {
    const { signal, options } = client.settings;
    signal?.throwIfAborted();
    const start = now();
    const moments = (isOld ? [0] : RECONCILING.polls).map((after) => start + after);
    const timeout = Number(options?.timeout) || TIMEOUT;
    let doubt!: Lookup;
    const found = new Promise<LookupResult>((resolve) => {
      doubt = { client, order, sentAt, timeout, moments, polls: 0, resolve };
    });
    this.lookups.add(doubt);
    if (!this.isPolling) void this.poll();
    return await unlessAborted(found, signal).finally(() => this.lookups.delete(doubt));
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    try {
      while (this.lookups.size > 0) {
        const due = Math.min(...[...this.lookups].map(({ moments }) => moments[0]));
        const early = due - now();
        if (early > 0) await pause(Math.min(early, RECONCILING.together));
        else await this.pollForAll([...this.lookups]);
      }
    } catch (error) {
      this.lookups.forEach((doubt) => this.end(doubt, Date.now(), (error as Error).message));
    } finally {
      this.isPolling = false;
    }
  }

  private async pollForAll(doubts: Lookup[]): Promise<void> {
    const [start, at] = [now(), Date.now()];
    const since = Math.min(...doubts.map(({ sentAt }) => sentAt)) - CLOCK_SKEW;
    const [asker] = doubts;
    // Next time it is another one's turn, in case this one cannot get through.
    this.lookups.delete(asker);
    this.lookups.add(asker);
    const client = asker.client.with({ priority: 'poll', retry: false });
    const listed: Listed[] = [];
    let trouble: string | undefined;
    let isFinal = false;
    try {
      const collect = (one: Listed) => void (one.at >= since && listed.push(one));
      const extent = await readBack(client, this.list, since, MAX_PAGES, collect);
      if (extent !== 'enough') trouble = 'Only the newest entries of a very long list were read';
    } catch (error) {
      // What met one execution in its own name says nothing about the others.
      if (isCanceled(asker)) return;
      if (!(error instanceof RequestFailed)) return this.end(asker, at, (error as Error).message);
      trouble = error.describe({ doing: 'list what the account has' }).message;
      isFinal = error.isStrange || FINAL_CLASSES.includes(error.statusClass ?? '');
    }

    const present = doubts.filter((doubt) => !isCanceled(doubt));
    const free = listed.filter(({ entry }) => {
      const id = videoIdOf(entry);
      return id !== undefined && !this.jobs.isAssigned(id);
    });
    const found = assign(present, free, [...this.jobs.sending]);
    for (const doubt of present) {
      const job = found.get(doubt);
      if (job) this.jobs.assign(videoIdOf(job));
      doubt.polls += 1;
      doubt.moments = doubt.moments.filter((moment) => moment > start + RECONCILING.together);
      if (job || doubt.moments.length === 0 || isFinal) this.end(doubt, at, trouble, job);
    }
  }

  private end(doubt: Lookup, at: number, trouble?: string, job?: IDataObject): void {
    this.lookups.delete(doubt);
    doubt.resolve({ job, since: doubt.sentAt, at, polls: doubt.polls, trouble });
  }
}

function isCanceled({ client }: Lookup): boolean {
  return client.settings.signal?.aborted === true;
}
