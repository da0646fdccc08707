import type { IDataObject } from 'n8n-workflow';

import { idOf } from '../api/video';
import { type ApiClient, RequestFailed, TIMEOUT } from '../client/apiClient';
import { PATIENCE } from '../client/retry';
import { now, pause, unlessAborted } from '../client/time';
import type { JobRegistry } from './jobRegistry';
import { CLOCK_SKEW, type Listed, readBack } from './listReader';
import { fingerprint, indexOrders, type Order } from './sameOrder';

/** When to read the list, in milliseconds. Assumption: a new job is listed within seconds. */
export const RECONCILING = {
  /** Delays after the outcome turned out unknown */
  polls: [1_000, 5_000, 15_000, 30_000, 60_000],
  /** Polls due within this time are merged into one */
  together: 1_000,
  /** Pause before further polls if the list cannot be read */
  again: 15_000,
  /** How long they go on */
  patience: PATIENCE,
  /** How long refusals that the next poll would get again are tolerated */
  refused: 20_000,
};

/** A job made this long before a request probably belongs to another one, in milliseconds. */
const LONG_BEFORE = 3_000;

/** Most pages one poll reads. */
const MAX_PAGES = 20;

/** Refusals that the next poll would get again, unless they come from a deployment or a proxy. */
const FINAL_CLASSES = ['badKey', 'notAllowed', 'notFound', 'badValues', 'noCredits'];

/** The result of looking for a job. Times are in milliseconds since 1970. */
export interface LookupResult {
  /** If one was found; it is now assigned to this order */
  job?: IDataObject;
  /** When the request was sent */
  since: number;
  /** When the list was last read */
  at: number;
  /** How often it was read */
  polls: number;
  /** Why the list could not be read in full, for the user */
  trouble?: string;
}

interface UnknownSubmission {
  order: Order;
  /** When the request was sent, by our clock, in milliseconds since 1970 */
  sentAt: number;
  /** Timeout of the request, in milliseconds */
  timeout: number;
}

interface Lookup extends UnknownSubmission {
  client: ApiClient;
  /** When to poll next, and after that, by `now()` of client/time */
  dueTimes: number[];
  /** Until when it polls on if the list cannot be read, by the same clock */
  giveUpAt: number;
  /** Since when all polls were refused for good, by the same clock */
  refusedSince?: number;
  /** A job made well before the request: taken if its own never comes */
  fallback?: IDataObject;
  polls: number;
  resolve: (result: LookupResult) => void;
}

/** One reading of the list for all lookups. */
interface Poll {
  /** By `now()` of client/time */
  start: number;
  /** In milliseconds since 1970 */
  at: number;
  listed: Listed[];
  /** Set if the list could not be read; `final` if the next poll would fare no better */
  failure?: 'passing' | 'final';
  /** Why it could not be read in full, for the user */
  trouble?: string;
}

/**
 * Matches submissions of unknown outcome to listed jobs. A match is the same order, created while the
 * request may have been in flight, give or take the clocks. No job is assigned twice.
 *
 * Of several jobs, the first one created after the request wins, otherwise the last one before it. A job
 * that two different orders, or an order still being sent, may have created is assigned to none.
 * @param listed jobs not yet assigned to an item
 * @param sending orders being sent; their jobs may already be listed
 */
export function matchJobs<T extends UnknownSubmission>(
  submissions: T[],
  listed: Listed[],
  sending: Order[],
): Map<T, Listed> {
  /** The fingerprint of the order that made each job */
  const candidates = new Map<Listed, string>();
  const find = indexOrders(submissions);
  const findSending = indexOrders(sending.map((order) => ({ order })));
  for (const job of listed) {
    const matches = find(job.entry, 'same').filter((submission) => isInTime(submission, job.at));
    const orders = new Set(matches.map(({ order }) => fingerprint(order)));
    const isBeingSent = findSending(job.entry, 'same').length > 0;
    if (orders.size === 1 && !isBeingSent) candidates.set(job, [...orders][0]);
  }
  const result = new Map<T, Listed>();
  for (const submission of [...submissions].sort((a, b) => a.sentAt - b.sentAt)) {
    const print = fingerprint(submission.order);
    const [nearest] = [...candidates.keys()]
      .filter((job) => candidates.get(job) === print && isInTime(submission, job.at))
      .sort((a, b) => distance(submission, a.at) - distance(submission, b.at));
    if (!nearest) continue;
    candidates.delete(nearest);
    result.set(submission, nearest);
  }
  return result;
}

function isInTime({ sentAt, timeout }: UnknownSubmission, at: number): boolean {
  return at >= sentAt - CLOCK_SKEW && at <= sentAt + timeout + CLOCK_SKEW;
}

/** Any time after the request counts as nearer than any time before it. */
function distance({ sentAt, timeout }: UnknownSubmission, at: number): number {
  return at >= sentAt ? at - sentAt : CLOCK_SKEW + timeout + sentAt - at;
}

/**
 * Looks in the account's list for the jobs of submissions with an unknown outcome: the list is the only
 * record of them. All lookups in this process share their polls.
 */
export class Reconciler {
  private readonly lookups = new Set<Lookup>();

  private isPolling = false;

  /** When to poll for lookups that have no due time left, by `now()` of client/time */
  private againAt = 0;

  constructor(
    private readonly jobs: JobRegistry,
    private readonly list: '/avatars' | '/videos',
  ) {}

  /**
   * Looks for the job of a request, several times within about a minute, and for longer if the list cannot be
   * read.
   * @param client polls for all lookups when it is this one's turn
   * @param isOneReadEnough e.g. because the request was sent long ago
   * @throws the signal's reason when the execution is canceled
   */
  async find(
    client: ApiClient,
    order: Order,
    sentAt: number,
    isOneReadEnough: boolean,
  ): Promise<LookupResult> {
    const { signal, options, deadline = Infinity } = client.settings;
    signal?.throwIfAborted();
    const start = now();
    const dueTimes = (isOneReadEnough ? [0] : RECONCILING.polls)
      .map((delay) => start + delay)
      .filter((due, n) => n === 0 || due < deadline);
    const patience = isOneReadEnough ? RECONCILING.polls.at(-1)! : RECONCILING.patience;
    const giveUpAt = Math.min(start + patience, deadline);
    const timeout = Number(options?.timeout) || TIMEOUT;
    let lookup!: Lookup;
    const result = new Promise<LookupResult>((resolve) => {
      lookup = { client, order, sentAt, timeout, dueTimes, giveUpAt, polls: 0, resolve };
    });
    this.lookups.add(lookup);
    if (!this.isPolling) void this.poll();
    return await unlessAborted(result, signal).finally(() => this.lookups.delete(lookup));
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    try {
      while (this.lookups.size > 0) {
        const due = Math.min(
          ...[...this.lookups].map(({ dueTimes: [next = this.againAt] }) => next),
        );
        const left = due - now();
        if (left > 0) await pause(Math.min(left, RECONCILING.together));
        else await this.pollForAll([...this.lookups]);
      }
    } catch (error) {
      this.lookups.forEach((lookup) => this.end(lookup, Date.now(), (error as Error).message));
    } finally {
      this.isPolling = false;
    }
  }

  private async pollForAll(lookups: Lookup[]): Promise<void> {
    const poll = await this.readFor(lookups);
    if (!poll) return;
    const active = lookups.filter(({ client }) => !client.settings.signal?.aborted);
    const unassigned = poll.listed.filter(({ entry }) => {
      const id = idOf(entry);
      return id !== undefined && !this.jobs.isAssigned(id);
    });
    const found = matchJobs(active, unassigned, [...this.jobs.sending]);
    active.forEach((lookup) => this.settle(lookup, poll, found.get(lookup)));
  }

  /** @returns what the list shows; `undefined` if the first lookup could not read it for a reason of its own */
  private async readFor(lookups: Lookup[]): Promise<Poll | undefined> {
    const [leader] = lookups;
    // Move the leader to the end: if its polls fail, another lookup sends the next one.
    this.lookups.delete(leader);
    this.lookups.add(leader);
    const client = leader.client.with({ priority: 'poll', retry: false });
    const since = Math.min(...lookups.map(({ sentAt }) => sentAt)) - CLOCK_SKEW;
    const poll: Poll = { start: now(), at: Date.now(), listed: [] };
    try {
      const collect = (job: Listed) => void poll.listed.push(job);
      const isComplete = await readBack(client, this.list, since, MAX_PAGES, collect);
      const isDated = poll.listed.every(({ at }) => !Number.isNaN(at));
      if (!isComplete) poll.trouble = 'The list was not read to its end';
      if (!isDated) poll.trouble = 'The list does not say of each when it was made';
    } catch (error) {
      // A canceled leader, or an error of its own, says nothing about the other lookups.
      if (leader.client.settings.signal?.aborted) return undefined;
      if (!(error instanceof RequestFailed)) {
        this.end(leader, poll.at, (error as Error).message);
        return undefined;
      }
      poll.trouble = error.describe({ doing: 'list what the account has' }).message;
      poll.failure = FINAL_CLASSES.includes(error.statusClass ?? '') ? 'final' : 'passing';
      this.againAt = now() + RECONCILING.again;
    }
    return poll;
  }

  /** Ends a lookup if its job was found, or if no further poll is worthwhile. */
  private settle(lookup: Lookup, poll: Poll, match?: Listed): void {
    const { start, at, failure, trouble } = poll;
    lookup.polls += 1;
    lookup.dueTimes = lookup.dueTimes.filter((due) => due > start + RECONCILING.together);
    const isOwn = match !== undefined && match.at >= lookup.sentAt - LONG_BEFORE;
    if (match && !isOwn) lookup.fallback = match.entry;
    const { refusedSince = start } = lookup;
    lookup.refusedSince = failure === 'final' ? refusedSince : undefined;
    const isRefused = failure === 'final' && start - refusedSince >= RECONCILING.refused;
    const goesOn = failure !== undefined && this.againAt < lookup.giveUpAt;
    const isOver = isRefused || (lookup.dueTimes.length === 0 && !goesOn);
    // The fallback may have been assigned to another order by now.
    const isLeft = !this.jobs.isAssigned(idOf(lookup.fallback) ?? '');
    const job = isOwn ? match.entry : isOver && isLeft ? lookup.fallback : undefined;
    this.jobs.assign(idOf(job));
    if (job || isOver) this.end(lookup, at, trouble, job);
  }

  private end(lookup: Lookup, at: number, trouble?: string, job?: IDataObject): void {
    this.lookups.delete(lookup);
    lookup.resolve({ job, since: lookup.sentAt, at, polls: lookup.polls, trouble });
  }
}
