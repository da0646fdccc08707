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
  /** Least time between two polls for one wait */
  shortestInterval: 2_000,
  /** Least time between any two polls; waits that start in between share the next one */
  shortestPause: 1_000,
  /** Longest wait for a response: a poll without one blocks all other waits of the account */
  timeout: 30_000,
  /** How long past its deadline a wait stays for a poll that is slow or delayed */
  lastPoll: 10_000,
  /** Longest interval after refused polls */
  longestPause: 60_000,
};

/** A video to wait for. */
export interface WaitRequest {
  id: string;
  /** Between two polls, in milliseconds */
  interval: number;
  /** When to give up, by `now()` of client/time */
  deadline: number;
  /** The video as last seen */
  last: Video;
}

/** How a wait ended, and the video as last seen. */
export interface WaitResult {
  reason: Ending | 'timedOut';
  video: Video;
  /** Why the last poll, or this video in it, was refused, if none has shown the video */
  refusal?: RequestFailed;
}

interface Waiter extends WaitRequest {
  request: WaitRequest;
  surprises: Surprises;
}

/** The waits of one run. Groups take turns: one sends the poll for all of them. */
interface Group {
  client: ApiClient;
  waiters: Set<Waiter>;
  /** IDs to poll once, as soon as possible */
  once?: string[];
  refusals: Refusals;
  /** Whether the last poll that it sent was refused */
  wasRefused?: boolean;
  /** @param at waits with earlier deadlines end. @returns whether the group is done */
  onSnapshot: (snapshot: Snapshot, at: number) => boolean;
  end: (error?: unknown) => void;
}

/**
 * Polls for all waits of an account together, across executions. A refused poll does not end a wait, because the
 * videos are made anyway; only repeated refusals that no retry would fix do, after some time.
 *
 * Invariant: it keeps nothing of waits that have ended.
 */
export class VideoPoller {
  private readonly groups = new Set<Group>();
  /** IDs of the last poll that the list did not show */
  private readonly unlisted = new Set<string>();
  private isPolling = false;
  private polledAt = -Infinity;
  /** Consecutive refused polls */
  private refusedInARow = 0;
  /** Why the last poll was refused, if it was */
  private refusal?: RequestFailed;
  /** Why single videos were refused in the last poll, by ID */
  private refused = new Map<string, RequestFailed>();
  /** What the running poll has seen so far */
  private current: Snapshot = new Map();
  private wake = () => {};

  get isIdle(): boolean {
    return this.groups.size === 0;
  }

  /**
   * @param client sends the poll for all groups when it is this group's turn; its signal ends the waits
   * @param onResult called once for each wait that ends
   * @throws the signal's reason, and {@link RequestFailed} if polls are refused permanently
   */
  async wait<T extends WaitRequest>(
    requests: T[],
    client: ApiClient,
    onResult: (request: T, result: WaitResult) => void,
  ): Promise<void> {
    if (requests.length === 0) return;
    const waiters = new Set(requests.map(waiterFor));
    const onSnapshot = (snapshot: Snapshot, at: number) => {
      for (const waiter of waiters) {
        const result = resultOf(waiter, snapshot, at);
        if (!result) continue;
        waiters.delete(waiter);
        const isUnseen = result.video === waiter.request.last;
        const refusal = this.refused.get(waiter.id) ?? this.refusal;
        onResult(waiter.request, isUnseen ? { ...result, refusal } : result);
      }
      return waiters.size === 0;
    };
    await this.join(client, { waiters, onSnapshot });
  }

  /**
   * Polls once for some videos, together with all that others wait for.
   *
   * @throws the signal's reason, and {@link RequestFailed} if the poll was refused and brought none of them
   */
  async pollOnce(ids: string[], client: ApiClient): Promise<Snapshot> {
    const own: Snapshot = new Map();
    const onSnapshot = (snapshot: Snapshot) => {
      ids.forEach((id) => snapshot.has(id) && own.set(id, snapshot.get(id)));
      return true;
    };
    await this.join(client, { waiters: new Set(), once: ids, onSnapshot });
    // What others wait for may have been read all the same.
    const refusal = ids.map((id) => this.refused.get(id)).find(Boolean);
    if (own.size === 0 && refusal) throw refusal;
    return own;
  }

  private async join(client: ApiClient, members: Pick<Group, 'waiters' | 'once' | 'onSnapshot'>) {
    const { signal, options } = client.settings;
    signal?.throwIfAborted();
    const over = new AbortController();
    const timeout = Math.min(POLLING.timeout, Number(options?.timeout) || POLLING.timeout);
    const pollClient = client.with({
      ...{ priority: 'poll', retry: false, signal: over.signal },
      options: { ...options, timeout },
    });
    const refusals = { count: 0, since: 0 };
    const group: Group = { ...members, client: pollClient, refusals, end: () => {} };
    const ended = new Promise<void>((resolve, reject) => {
      group.end = (error?: unknown) => {
        this.groups.delete(group);
        over.abort();
        if (error) reject(error as Error);
        else resolve();
      };
    });
    this.groups.add(group);
    this.wake();
    if (!this.isPolling) void this.poll();
    const task = Promise.race([ended, this.untilLate(group, over.signal)]);
    await unlessAborted(task, signal).finally(group.end);
  }

  /** Ends waits at their deadlines if no poll does, for example because the one of others takes long. */
  private async untilLate({ waiters, onSnapshot }: Group, over: AbortSignal): Promise<void> {
    do {
      const deadlines = [...waiters].map(({ deadline }) => deadline);
      await pause(Math.min(...deadlines) + POLLING.lastPoll - now(), over);
    } while (!onSnapshot(this.current, now() - POLLING.lastPoll));
  }

  private async poll(): Promise<void> {
    this.isPolling = true;
    // The first poll comes after one interval: the video has only just been created.
    const startedAt = now();
    this.refusedInARow = 0;
    this.refusal = undefined;
    this.refused.clear();
    try {
      while (this.groups.size > 0) {
        const left = this.nextPollAt(startedAt) - now();
        if (left > 0) await this.sleep(left);
        else await this.pollForAll();
      }
    } catch (error) {
      this.groups.forEach(({ end }) => end(error));
    } finally {
      this.isPolling = false;
    }
  }

  /** Sleeps until the time is up or a group joins, which may need an earlier poll. */
  private async sleep(milliseconds: number): Promise<void> {
    const sleep = new AbortController();
    this.wake = () => sleep.abort();
    await pause(milliseconds, sleep.signal).catch(() => {});
    this.wake = () => {};
  }

  private get waiters(): Waiter[] {
    return [...this.groups].flatMap(({ waiters }) => [...waiters]);
  }

  /** After the shortest interval of any wait, longer after refusals, but no later than the first deadline. */
  private nextPollAt(startedAt: number): number {
    const last = Math.max(this.polledAt, startedAt);
    const times = this.waiters.map(({ interval, deadline }) => {
      const backedOff = Math.min(POLLING.longestPause, interval * 2 ** this.refusedInARow);
      return Math.min(deadline, last + Math.max(interval, backedOff));
    });
    const isUrgent = [...this.groups].some(({ once }) => once);
    const soonest = isUrgent ? 0 : Math.min(...times);
    return Math.max(soonest, this.polledAt + POLLING.shortestPause);
  }

  private async pollForAll(): Promise<void> {
    const groups = [...this.groups];
    // Not one whose last poll was refused: its own settings may be why, and a refusal ends every group that is here for
    // this poll alone.
    const leader = groups.find(({ wasRefused }) => !wasRefused) ?? groups[0];
    // Move the leader to the end: if its polls fail, another group sends the next one.
    this.groups.delete(leader);
    this.groups.add(leader);

    const once = groups.flatMap((group) => group.once ?? []);
    const ids = new Set([...this.waiters.map(({ id }) => id), ...once]);
    const snapshot: Snapshot = (this.current = new Map());
    this.refused = new Map();
    let refusal: RequestFailed | undefined;
    try {
      await fetchSnapshot([...ids], leader.client, this.unlisted, snapshot, this.refused);
      this.refusedInARow = 0;
      leader.wasRefused = false;
    } catch (error) {
      // A leader that has ended, or an error of its own, says nothing about the other groups.
      if (!this.groups.has(leader)) return;
      if (!(error instanceof RequestFailed)) return leader.end(error);
      this.refusedInARow += 1;
      leader.wasRefused = true;
      refusal = error;
    } finally {
      this.polledAt = now();
      this.current = new Map();
    }
    this.refusal = refusal;
    for (const group of groups) {
      if (!this.groups.has(group)) continue;
      if (!refusal) group.refusals.count = 0;
      if (refusal && (group.once || isRefusedForGood(refusal, group.refusals, now()))) {
        group.end(refusal);
      } else if (group.onSnapshot(snapshot, now())) group.end();
    }
  }
}

function waiterFor<T extends WaitRequest>(request: T): Waiter & { request: T } {
  const interval = atLeast(POLLING.shortestInterval, request.interval);
  // One that is over already still gets a poll.
  const deadline = atLeast(now(), request.deadline);
  return { ...request, request, interval, deadline, surprises: {} };
}

/** How this poll ended a wait; `undefined` if the wait goes on. */
function resultOf(waiter: Waiter, snapshot: Snapshot, at: number): WaitResult | undefined {
  const { id, deadline, surprises } = waiter;
  waiter.last = snapshot.get(id) ?? waiter.last;
  const ending = endingIn(snapshot, id, surprises, at);
  if (!ending && at < deadline) return undefined;
  const atDeadline = surprises.withoutLinkSince === undefined ? 'timedOut' : 'ended';
  return { reason: ending ?? atDeadline, video: waiter.last };
}
