import type { IDataObject } from 'n8n-workflow';

import { NetworkError } from '../api/response';
import { compare, finderOf, nameOf, type Order } from './sameOrder';
import { videoIdOf } from '../api/video';
import { type ApiClient, RequestFailed, TIMEOUT } from '../client/apiClient';
import { now, pause } from '../client/time';
import type { JobRegistry } from './jobRegistry';
import { type Listed, readBack } from './listReader';

/** When the list is read; all in milliseconds. Assumption: a new job shows within seconds. */
export const RECONCILING = {
  /** After an outcome turned out unknown */
  polls: [1_000, 5_000, 15_000, 30_000, 60_000],
  /** A poll that is due this soon is made with the one that is due now */
  together: 1_000,
};

/** How well two clocks are compared, in milliseconds. */
const DOUBT = 60_000;

/** Pages that one poll reads at the most. */
const MOST_PAGES = 20;

/** What came of looking for a job. */
export interface Finding {
  /** Found, and assigned to no other item */
  job?: IDataObject;
  /** When the request left; this and the next in milliseconds since 1970 */
  since: number;
  /** When the list was read for the last time */
  at: number;
  /** How often it was read */
  polls: number;
  /** Why the list could not be read */
  trouble?: RequestFailed | 'tooLong';
}

interface Suspect {
  order: Order;
  /** When the request left, by our clock, in milliseconds since 1970 */
  sentAt: number;
  /** How long an answer to it was waited for, in milliseconds */
  timeout: number;
}

interface Doubt extends Suspect {
  client: ApiClient;
  /** When it is still to be looked for, by `now()` of client/time */
  moments: number[];
  polls: number;
  resolve: (finding: Finding) => void;
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
export function assign<T extends Suspect>(
  doubts: T[],
  listed: Listed[],
  sending: Order[],
): Map<T, IDataObject> {
  const suspectsOf = finderOf(doubts);
  const found = new Map<T, Listed[]>();
  for (const one of listed) {
    if (sending.some((order) => compare(order, one.entry) === 'same')) continue;
    const suspects = suspectsOf(one.entry).filter((doubt) => isInTime(doubt, one.at));
    if (new Set(suspects.map(({ order }) => nameOf(order))).size !== 1) continue;
    for (const doubt of suspects) found.set(doubt, [...(found.get(doubt) ?? []), one]);
  }
  const taken = new Set<Listed>();
  const result = new Map<T, IDataObject>();
  for (const doubt of [...found.keys()].sort((one, other) => one.sentAt - other.sentAt)) {
    const [nearest] = found
      .get(doubt)!
      .filter((one) => !taken.has(one))
      .sort((one, other) => distance(doubt, one.at) - distance(doubt, other.at));
    if (!nearest) continue;
    taken.add(nearest);
    result.set(doubt, nearest.entry);
  }
  return result;
}

function isInTime({ sentAt, timeout }: Suspect, at: number): boolean {
  return at >= sentAt - DOUBT && at <= sentAt + timeout + DOUBT;
}

/** Made after the request is likelier than made before it, however near. */
function distance({ sentAt }: Suspect, at: number): number {
  return at >= sentAt ? at - sentAt : DOUBT + TIMEOUT + sentAt - at;
}

/**
 * Looks for what submissions of unknown outcome have made: in the account's own list, the one record of
 * it. All doubts of this process share their polls.
 */
export class Reconciler {
  private readonly doubts = new Set<Doubt>();

  private isPolling = false;

  /** @param url of the list */
  constructor(
    private readonly jobs: JobRegistry,
    private readonly url: '/avatars' | '/videos',
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
  async find(client: ApiClient, order: Order, sentAt: number, isOld: boolean): Promise<Finding> {
    const { signal, options } = client.settings;
    signal?.throwIfAborted();
    const start = now();
    const moments = (isOld ? [0] : RECONCILING.polls).map((after) => start + after);
    const timeout = Number(options?.timeout) || TIMEOUT;
    let doubt: Doubt | undefined;
    let abort = () => {};
    try {
      return await new Promise<Finding>((resolve, reject) => {
        doubt = { client, order, sentAt, timeout, moments, polls: 0, resolve };
        this.doubts.add(doubt);
        abort = () => reject(signal!.reason as Error);
        signal?.addEventListener('abort', abort);
        if (!this.isPolling) void this.poll();
      });
    } finally {
      signal?.removeEventListener('abort', abort);
      if (doubt) this.doubts.delete(doubt);
    }
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    try {
      while (this.doubts.size > 0) {
        const due = Math.min(...[...this.doubts].map(({ moments }) => moments[0]));
        const early = due - now();
        if (early > 0) await pause(Math.min(early, RECONCILING.together));
        else await this.pollForAll([...this.doubts]);
      }
    } catch (error) {
      this.doubts.forEach((doubt) => this.end(doubt, Date.now(), failed(error as Error)));
    } finally {
      this.isPolling = false;
    }
  }

  /** One poll for all. */
  private async pollForAll(doubts: Doubt[]): Promise<void> {
    const start = now();
    const at = Date.now();
    const listed: Listed[] = [];
    const couldBe = finderOf(doubts);
    const since = Math.min(...doubts.map(({ sentAt }) => sentAt)) - DOUBT;
    const [asker] = doubts;
    // Next time it is another one's turn, in case this one cannot get through.
    this.doubts.delete(asker);
    this.doubts.add(asker);
    const client = asker.client.with({ priority: 'poll', retry: false });
    let trouble: Finding['trouble'];
    try {
      const extent = await readBack(
        async (after) => await client.page(this.url, after),
        since,
        MOST_PAGES,
        (one) => couldBe(one.entry).length > 0 && listed.push(one),
      );
      if (extent !== 'enough') trouble = 'tooLong';
    } catch (error) {
      // What met one execution in its own name says nothing about the others.
      if (!this.doubts.has(asker)) return;
      if (!(error instanceof RequestFailed)) return this.end(asker, at, failed(error as Error));
      trouble = error;
    }

    const present = doubts.filter((doubt) => this.doubts.has(doubt));
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
      if (job || doubt.moments.length === 0 || isFinal(trouble)) this.end(doubt, at, trouble, job);
    }
  }

  private end(doubt: Doubt, at: number, trouble: Finding['trouble'], job?: IDataObject): void {
    this.doubts.delete(doubt);
    doubt.resolve({ job, since: doubt.sentAt, at, polls: doubt.polls, trouble });
  }
}

/** What precedes sending, as a missing credential. */
function failed({ message }: Error): RequestFailed {
  const outcome = new NetworkError('', false, message);
  return new RequestFailed({ outcome, decision: 'refused', tries: 0, seconds: 0 });
}

/** Whether a further poll would be refused as well. */
function isFinal(trouble: Finding['trouble']): boolean {
  if (trouble === undefined || trouble === 'tooLong') return false;
  const refused = ['badKey', 'notAllowed', 'notFound', 'badValues', 'noCredits'];
  return trouble.isStrange || refused.includes(trouble.statusClass ?? '');
}
