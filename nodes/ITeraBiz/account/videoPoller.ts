import type { Video } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { atLeast, now, pause, unlessAborted } from '../client/time';
import {
  type Ending,
  endingIn,
  fetchSnapshot,
  isRefusedForGood,
  type Refusals,
  type Snapshot,
  type Surprises,
} from './snapshot';

/** All in milliseconds. */
export const POLLING = {
  /** Polls for one wait are at least this far apart */
  shortestInterval: 2_000,
  /** And all polls at least this: what comes in between shares the next one */
  shortestPause: 1_000,
  /** Longest wait for one response: a poll that gets none holds up all others of the account */
  timeout: 30_000,
  /** A poll that is held back, or slow, makes a wait this much longer at the most, or is given up */
  lastPoll: 10_000,
  /** After refusals, pauses grow to at most this */
  longestPause: 60_000,
};

/** A video that is waited for. */
export interface WaitRequest {
  id: string;
  /** Between two polls, in milliseconds */
  interval: number;
  /** When to give up, by `now()` of client/time */
  deadline: number;
  /** The job as it was last seen */
  last: Video;
}

/** How a wait ended, and the video as it was last seen. */
export interface WaitResult {
  reason: Ending | 'timedOut';
  video: Video;
}

interface Waiter extends WaitRequest {
  request: WaitRequest;
  surprises: Surprises;
}

/** The waits of one run. One group asks in its own name for all of them. */
interface Group {
  client: ApiClient;
  waiters: Set<Waiter>;
  /** IDs for a single poll, as soon as may be */
  once?: string[];
  refusals: Refusals;
  /** @returns whether the group has all it wants */
  onSnapshot: (snapshot: Snapshot) => boolean;
  end: (error?: unknown) => void;
}

/**
 * Polls for everything that waits for the videos of an account, whichever executions it belongs to.
 *
 * A refused poll is no end of a wait: the videos are rendered all the same. Only refusals that no retry
 * would cure, several of them and over some time, are.
 *
 * Invariant: it knows only what waits for something.
 */
export class VideoPoller {
  private readonly groups = new Set<Group>();

  /** IDs that the list did not show */
  private readonly unlisted = new Set<string>();

  private isPolling = false;

  private polledAt = -Infinity;

  /** Refused polls in a row */
  private refusals = 0;

  private wake = () => {};

  get isIdle(): boolean {
    return this.groups.size === 0;
  }

  /**
   * Waits for some videos.
   *
   * @param client asks for all, when it is the turn of this group; its signal ends the waits
   * @param onResult called once for each wait that ends
   * @throws the signal's reason, and {@link RequestFailed} where polls are refused for good
   */
  async wait(
    requests: WaitRequest[],
    client: ApiClient,
    onResult: (request: WaitRequest, result: WaitResult) => void,
  ): Promise<void> {
    if (requests.length === 0) return;
    const all = requests.map((request): Waiter => {
      const interval = atLeast(POLLING.shortestInterval, request.interval);
      const deadline = atLeast(0, request.deadline);
      return { ...request, request, interval, deadline, surprises: {} };
    });
    const waiters = new Set(all);
    const onSnapshot = (snapshot: Snapshot) => {
      for (const waiter of waiters) {
        const result = resultOf(waiter, snapshot);
        if (!result) continue;
        waiters.delete(waiter);
        onResult(waiter.request, result);
      }
      return waiters.size === 0;
    };
    await this.join(client, { waiters, onSnapshot });
  }

  /**
   * Polls once for some videos, together with whatever else is waited for.
   *
   * @throws the signal's reason, and {@link RequestFailed} where the poll was refused
   */
  async pollOnce(ids: string[], client: ApiClient): Promise<Snapshot> {
    const own: Snapshot = new Map();
    const onSnapshot = (snapshot: Snapshot) => {
      ids.forEach((id) => snapshot.has(id) && own.set(id, snapshot.get(id)));
      return true;
    };
    await this.join(client, { waiters: new Set(), once: ids, onSnapshot });
    return own;
  }

  private async join(
    client: ApiClient,
    what: Pick<Group, 'waiters' | 'once' | 'onSnapshot'>,
  ): Promise<void> {
    const { signal, options } = client.settings;
    signal?.throwIfAborted();
    const timeout = Math.min(POLLING.timeout, Number(options?.timeout) || POLLING.timeout);
    const asker = client.with({ priority: 'poll', retry: false, options: { ...options, timeout } });
    let group!: Group;
    const ended = new Promise<void>((resolve, reject) => {
      const end = (error?: unknown) => {
        this.groups.delete(group);
        if (error) reject(error as Error);
        else resolve();
      };
      group = { ...what, client: asker, refusals: { count: 0, since: 0 }, end };
    });
    this.groups.add(group);
    this.wake();
    if (!this.isPolling) void this.poll();
    await unlessAborted(ended, signal).finally(group.end);
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    // A first wait begins with a pause: the video has only just been made.
    const startedAt = now();
    this.refusals = 0;
    try {
      while (this.groups.size > 0) {
        const left = this.nextPollAt(startedAt) - now();
        if (left > 0) await this.rest(left);
        else await this.pollForAll();
      }
    } catch (error) {
      this.groups.forEach(({ end }) => end(error));
    } finally {
      this.isPolling = false;
    }
  }

  /** Until the time is up, or something comes in that cannot wait for so long. */
  private async rest(milliseconds: number): Promise<void> {
    const rest = new AbortController();
    this.wake = () => rest.abort();
    await pause(milliseconds, rest.signal).catch(() => {});
    this.wake = () => {};
  }

  private get waiters(): Waiter[] {
    return [...this.groups].flatMap(({ waiters }) => [...waiters]);
  }

  /** After the shortest interval that is asked for, a longer one after refusals, but by each deadline. */
  private nextPollAt(startedAt: number): number {
    const last = Math.max(this.polledAt, startedAt);
    const moments = this.waiters.map(({ interval, deadline }) => {
      const patient = Math.min(POLLING.longestPause, interval * 2 ** this.refusals);
      return Math.min(deadline, last + Math.max(interval, patient));
    });
    const isUrgent = [...this.groups].some(({ once }) => once);
    const soonest = isUrgent ? 0 : Math.min(...moments);
    return Math.max(soonest, this.polledAt + POLLING.shortestPause);
  }

  private async pollForAll(): Promise<void> {
    const groups = [...this.groups];
    const [asker] = groups;
    // Next time it is another one's turn, in case this one cannot get through.
    this.groups.delete(asker);
    this.groups.add(asker);

    const { waiters } = this;
    const ids = new Set([
      ...waiters.map(({ id }) => id),
      ...groups.flatMap(({ once = [] }) => once),
    ]);
    const firstDeadline = Math.min(...waiters.map((waiter) => waiter.deadline));
    const deadline = Math.max(now(), firstDeadline) + POLLING.lastPoll;
    let snapshot: Snapshot = new Map();
    let refusal: RequestFailed | undefined;
    try {
      snapshot = await fetchSnapshot([...ids], asker.client.with({ deadline }), this.unlisted);
      this.refusals = 0;
    } catch (error) {
      // What met one group in its own name says nothing about the others.
      if (asker.client.settings.signal?.aborted) return;
      if (!(error instanceof RequestFailed)) return asker.end(error);
      this.refusals += 1;
      refusal = error;
    } finally {
      this.polledAt = now();
    }
    for (const group of groups) {
      if (!this.groups.has(group)) continue;
      if (!refusal) group.refusals.count = 0;
      if (refusal && (group.once || isRefusedForGood(refusal, group.refusals, now()))) {
        group.end(refusal);
      } else if (group.onSnapshot(snapshot)) group.end();
    }
    const awaited = new Set(this.waiters.map(({ id }) => id));
    this.unlisted.forEach((id) => awaited.has(id) || this.unlisted.delete(id));
  }
}

/** How a wait ended with this poll, or nothing while it goes on. */
function resultOf(waiter: Waiter, snapshot: Snapshot): WaitResult | undefined {
  const { id, deadline, surprises } = waiter;
  const at = now();
  waiter.last = snapshot.get(id) ?? waiter.last;
  const ending = endingIn(snapshot, id, surprises, at);
  if (!ending && at < deadline) return undefined;
  const late = surprises.withoutLinkSince === undefined ? 'timedOut' : 'ended';
  return { reason: ending ?? late, video: waiter.last };
}
