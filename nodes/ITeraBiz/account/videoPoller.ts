import type { Video } from '../api/video';
import { type ApiClient, type ClientSettings, RequestFailed } from '../client/apiClient';
import { atLeast, now, pause } from '../client/time';
import {
  type Ending,
  endingIn,
  isRefusedForGood,
  type Refusals,
  fetchSnapshot,
  type Snapshot,
  type Surprises,
} from './snapshot';

/** All in milliseconds. */
export const POLLING = {
  /** Polls for one wait are at least this far apart */
  shortestInterval: 2_000,
  /** And so are those for all waits together: what comes in between shares the next one */
  shortestPause: 1_000,
  /** Longest wait for one response */
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

interface Waiter extends WaitRequest, Surprises {}

/** The waits of one run. One group asks in its own name for all of them. */
interface Group {
  client: ApiClient;
  waiters: Set<Waiter>;
  refusals: Refusals;
  /** Set where a single poll is wanted, as soon as may be */
  once?: { ids: string[]; resolve: (snapshot: Snapshot) => void };
  onResult: (request: WaitRequest, result: WaitResult) => void;
  resolve: () => void;
  reject: (error: unknown) => void;
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
   * @returns when all have ended
   * @throws the signal's reason once it aborts, and {@link RequestFailed} where polls are refused for good
   */
  async wait(
    requests: WaitRequest[],
    client: ApiClient,
    onResult: (request: WaitRequest, result: WaitResult) => void,
  ): Promise<void> {
    if (requests.length === 0) return;
    const waiters = new Set<Waiter>();
    const byWaiter = new Map<WaitRequest, WaitRequest>();
    for (const request of requests) {
      const interval = atLeast(POLLING.shortestInterval, request.interval);
      const waiter = { ...request, interval, deadline: atLeast(0, request.deadline) };
      waiters.add(waiter);
      byWaiter.set(waiter, request);
    }
    await this.join(client, {
      waiters,
      onResult: (waiter, result) => onResult(byWaiter.get(waiter)!, result),
    });
  }

  /**
   * Polls once for some videos, together with whatever else is waited for.
   *
   * @throws the signal's reason, and {@link RequestFailed} where the poll was refused
   */
  async pollOnce(ids: string[], client: ApiClient): Promise<Snapshot> {
    let snapshot: Snapshot = new Map();
    await this.join(client, {
      waiters: new Set(),
      once: { ids, resolve: (seen) => (snapshot = seen) },
      onResult: () => {},
    });
    return snapshot;
  }

  private async join(
    client: ApiClient,
    what: Pick<Group, 'waiters' | 'once' | 'onResult'>,
  ): Promise<void> {
    const { signal } = client.settings;
    signal?.throwIfAborted();
    let group: Group | undefined;
    const abort = () => group?.reject(signal!.reason);
    try {
      await new Promise<void>((resolve, reject) => {
        group = {
          ...what,
          client: client.with({ priority: 'poll', retry: false, options: patientOnly(client) }),
          refusals: { count: 0, since: 0 },
          resolve,
          reject,
        };
        this.groups.add(group);
        signal?.addEventListener('abort', abort);
        this.wake();
        if (!this.isPolling) void this.poll();
      });
    } finally {
      signal?.removeEventListener('abort', abort);
      if (group) this.groups.delete(group);
    }
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
      this.groups.forEach(({ reject }) => reject(error));
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

  /**
   * When the shortest interval that is asked for has gone by, a longer one after refusals, but never
   * past a deadline.
   */
  private nextPollAt(startedAt: number): number {
    const last = Math.max(this.polledAt, startedAt);
    let soonest = Infinity;
    for (const { waiters, once } of this.groups) {
      if (once) soonest = 0;
      for (const { interval, deadline } of waiters) {
        const patient = Math.min(POLLING.longestPause, interval * 2 ** this.refusals);
        soonest = Math.min(soonest, deadline, last + Math.max(interval, patient));
      }
    }
    return Math.max(soonest, this.polledAt + POLLING.shortestPause);
  }

  private async pollForAll(): Promise<void> {
    const groups = [...this.groups];
    const [asker] = groups;
    // Next time it is another one's turn, in case this one cannot get through.
    this.groups.delete(asker);
    this.groups.add(asker);

    const ids = new Set(
      groups.flatMap(({ waiters, once }) => [
        ...[...waiters].map(({ id }) => id),
        ...(once?.ids ?? []),
      ]),
    );
    const deadlines = groups.flatMap(({ waiters }) => [...waiters].map((one) => one.deadline));
    const deadline = Math.max(now(), Math.min(...deadlines)) + POLLING.lastPoll;
    let snapshot: Snapshot = new Map();
    let refusal: RequestFailed | undefined;
    try {
      snapshot = await fetchSnapshot([...ids], asker.client.with({ deadline }), this.unlisted);
      this.refusals = 0;
    } catch (error) {
      // What met one group in its own name says nothing about the others.
      if (asker.client.settings.signal?.aborted) return;
      if (!(error instanceof RequestFailed)) return asker.reject(error);
      this.refusals += 1;
      refusal = error;
    } finally {
      this.polledAt = now();
    }
    for (const group of groups) {
      if (!this.groups.has(group)) continue;
      if (refusal && (group.once || isRefusedForGood(refusal, group.refusals, now()))) {
        group.reject(refusal);
      } else {
        if (!refusal) group.refusals.count = 0;
        this.tell(group, snapshot);
      }
    }
    this.forgetUnlisted();
  }

  private tell(group: Group, snapshot: Snapshot): void {
    const { waiters, once, onResult, resolve } = group;
    once?.resolve(
      new Map(once.ids.filter((id) => snapshot.has(id)).map((id) => [id, snapshot.get(id)])),
    );
    for (const waiter of waiters) {
      const result = resultOf(waiter, snapshot);
      if (!result) continue;
      waiters.delete(waiter);
      onResult(waiter, result);
    }
    if (waiters.size === 0) resolve();
  }

  /** Keeps only what is waited for. */
  private forgetUnlisted(): void {
    if (this.unlisted.size === 0) return;
    const wanted = new Set(
      [...this.groups].flatMap(({ waiters }) => [...waiters].map(({ id }) => id)),
    );
    this.unlisted.forEach((id) => wanted.has(id) || this.unlisted.delete(id));
  }
}

/** One poll that gets no answer holds up all others of the account. */
function patientOnly({ settings: { options } }: ApiClient): ClientSettings['options'] {
  const timeout = Math.min(POLLING.timeout, Number(options?.timeout) || POLLING.timeout);
  return { ...options, timeout };
}

/** How a wait ended with this poll, or nothing while it goes on. */
function resultOf(waiter: Waiter, snapshot: Snapshot): WaitResult | undefined {
  const at = now();
  waiter.last = snapshot.get(waiter.id) ?? waiter.last;
  const reason = endingIn(snapshot, waiter.id, waiter, at);
  if (reason) return { reason, video: waiter.last };
  if (at < waiter.deadline) return undefined;
  return {
    reason: waiter.withoutLinkSince === undefined ? 'timedOut' : 'ended',
    video: waiter.last,
  };
}
