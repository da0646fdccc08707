import type { IDataObject, INodeExecutionData, NodeApiError } from 'n8n-workflow';

import { idOf, outcomeOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
import { now } from '../client/time';
import type { Subject } from '../messages/answers';
import { describeStop, itemOf, type JobList } from '../messages/items';
import { type Message, toNodeError } from '../messages/message';
import { errorJson, forModel, inOneText, type Reason, withMark } from './output';
import type { Run } from './run';

/** n8n behavior: only a retry of the same execution finds the record of what was accepted. */
const RETRY =
  'To send only what is missing, open this execution under Executions and choose "Retry with currently saved workflow". "Execute step" and "Execute workflow" order and charge for all of it again';

/** Instead of {@link RETRY} if every item was accepted. */
export const GET_BY_ID =
  'To get a video, use Video: Get with its ID. Running this step again orders and charges for all of it again';

/** Instead of both if every video is found again: each row uses existing ones, and none is in doubt. */
export const RUN_AGAIN =
  'Run this step again to order only what is missing: it uses the existing videos';

const DOUBTS =
  'Sent in an earlier try, and perhaps accepted (look for them in your iTeraBiz dashboard before you order them again)';

/** For a model, which can neither open n8n's editor nor change an option. */
const MODEL_UNKNOWN_OUTCOME =
  'It may have been accepted, and was not sent again, because that could charge twice. Do not create it now: list the videos (or avatars) in a few minutes and look for one with the same text (or name). If there is none, ask the user';

/** Why an item has no result. */
export interface Failure extends Message {
  reason: Reason;
  status?: number;
}

/** A failure whose reason may be left to what records it: why rows are not sent, or a wait has no result. */
export type Refusal = Message & Partial<Failure>;

export class ItemFailed extends Error {
  /**
   * @param affectsAll whether all other items of the account would fail the same way
   * @param clearedBy which success of another item shows that only this one is affected: one during this attempt, or
   *   also one before, since the last such failure
   */
  constructor(
    readonly failure: Failure,
    readonly affectsAll = false,
    readonly clearedBy?: 'meanwhile' | 'before',
  ) {
    super(failure.message);
  }

  /**
   * The failure of an item whose request failed. A bad key, a lack of credits, and an outage that outlasts all retries
   * would meet all other items, too.
   */
  static by(failed: RequestFailed, subject: Subject): ItemFailed {
    const { attempt, statusClass, status } = failed;
    const isOfAccount = statusClass === 'badKey' || statusClass === 'noCredits';
    const isOutage = !isOfAccount && attempt.decision === 'retry';
    const reason = isOfAccount || isOutage ? 'account' : 'item';
    const failure = { ...failed.describe(subject), reason, status } as const;
    if (isOfAccount) return new ItemFailed(failure, true);
    // A fault may be due to what is asked for.
    const clearedBy = statusClass === 'fault' ? 'before' : 'meanwhile';
    return new ItemFailed(failure, isOutage, clearedBy);
  }
}

/** Reads something for an item. @throws {ItemFailed} instead of {@link RequestFailed} */
export async function readForItem<T>(task: () => Promise<T>, subject: Subject): Promise<T> {
  return await task().catch((error: unknown) => {
    throw error instanceof RequestFailed ? ItemFailed.by(error, subject) : error;
  });
}

/**
 * The results of a run, by item. n8n behavior: when a node stops, the results of all its items are thrown
 * away, so the error has to name them.
 */
export class Results {
  /** What goes on to the next node */
  readonly outputs = new Map<number, INodeExecutionData[]>();
  readonly failures = new Map<number, Failure>();
  /** Items not tried, because another one failed */
  readonly skipped = new Set<number>();
  /** IDs of the jobs that the API accepted */
  readonly accepted = new Map<number, string>();
  /** Items whose job was finished when it was accepted: an existing one */
  private readonly finished = new Set<number>();
  /** IDs of the videos that were waited for */
  readonly awaited = new Map<number, string>();
  /** Whether the video existed already, if the user chose to reuse videos */
  readonly reused = new Map<number, boolean>();
  /** The items that may have been accepted, although no answer came; set by what submits */
  unknownItems: () => number[] = () => [];
  /** When an item last got through, and when one last seemed to fail as all would, by `now()` of client/time */
  private gotThroughAt = -Infinity;
  private failedAt = -Infinity;
  /** The failure of the items that are not sent any more */
  private abortedBy?: Failure;

  constructor(readonly run: Run) {}

  recordAccepted(item: number, job: IDataObject): void {
    this.accepted.set(item, idOf(job) ?? 'accepted without an ID');
    if (outcomeOf(job) === 'completed') this.finished.add(item);
  }

  /** Sends no further items. Those in flight end normally. */
  abort(item: number, reason: string): void {
    this.abortedBy ??= {
      message: `Not sent, because ${reason}`,
      description: `Not tried: the cause, seen at ${itemOf(item, this.run.size)}, affects every item. Fix it, then run only the items that were not sent`,
      reason: 'notSent',
    };
  }

  /** @throws {ItemFailed} if the run was aborted */
  throwIfAborted(): void {
    if (this.abortedBy) throw new ItemFailed(this.abortedBy);
  }

  /** Carries out a task for an item. @returns `undefined` if it failed @throws only the signal's reason */
  async attempt<T>(item: number, task: () => T | Promise<T>): Promise<T | undefined> {
    const startedAt = now();
    try {
      return await task();
    } catch (error) {
      this.run.signal?.throwIfAborted();
      this.fail(item, this.unlessOwn(error as Error, startedAt));
      return undefined;
    }
  }

  /** A failure that seems to affect all is the item's own if another one got through. */
  private unlessOwn(error: Error, startedAt: number): Error {
    if (!(error instanceof ItemFailed) || !error.affectsAll || !error.clearedBy) return error;
    const isOwn = this.gotThroughAt > (error.clearedBy === 'before' ? this.failedAt : startedAt);
    this.failedAt = now();
    return isOwn ? new ItemFailed({ ...error.failure, reason: 'item' }) : error;
  }

  /** Call this when iTeraBiz has answered an item's request. */
  gotThrough(): void {
    this.gotThroughAt = now();
  }

  /** Records that an item failed. n8n's own errors, e.g. of an expression, keep their text. */
  fail(item: number, error: Error & { description?: string }): void {
    if (!(error instanceof ItemFailed)) {
      const { message, description = '' } = error;
      this.failures.set(item, { message, description, reason: 'item' });
      return;
    }
    const { failure, affectsAll } = error;
    const { isTool, onError } = this.run;
    if (failure.reason === 'notSent' && onError === 'stop') this.skipped.add(item);
    else if (failure.reason !== 'unknown' || !isTool) this.failures.set(item, failure);
    else this.failures.set(item, { ...failure, description: MODEL_UNKNOWN_OUTCOME });
    if (affectsAll) this.abort(item, failure.message);
  }

  /** Whether no further item is sent: one that merely failed does not stop the others. */
  get isAborted(): boolean {
    return this.abortedBy !== undefined;
  }

  get isStopped(): boolean {
    return this.run.onError === 'stop' && this.failures.size + this.skipped.size > 0;
  }

  /** The node's output, in input order. @throws {NodeApiError} if an item failed and the node stops on errors */
  collect(): INodeExecutionData[] {
    if (this.isStopped) throw this.toError();
    const items: INodeExecutionData[] = [];
    for (let item = 0; item < this.run.size; item++) {
      for (const { json, ...data } of this.outputOf(item)) {
        const shown = this.run.isTool ? forModel(json) : json;
        items.push({ ...data, json: shown, pairedItem: { item } });
      }
    }
    return items;
  }

  /** What an item outputs: its result or its failure; nothing if it has neither yet. */
  outputOf(item: number): INodeExecutionData[] {
    const failure = this.failures.get(item);
    if (!failure) {
      const output = this.outputs.get(item) ?? [];
      return output.map((data) => ({ ...data, json: withMark(data.json, this.reused.get(item)) }));
    }
    const videoId = this.accepted.get(item) ?? this.awaited.get(item);
    const input = this.run.isTool ? {} : this.run.input(item);
    return [{ json: errorJson(failure, this.run.onError, input, videoId) }];
  }

  private toError(): NodeApiError {
    const { node, size, isTool } = this.run;
    // If only doubts stopped the rest, and the list has cleared them up, no item has failed.
    const failed = [...(this.failures.size > 0 ? this.failures.keys() : this.skipped)];
    const item = failed.reduce((a, b) => Math.min(a, b));
    const failure = this.failures.get(item) ?? this.abortedBy!;
    const isAll = this.skipped.size === 0 && failed.every((index) => this.accepted.has(index));
    const isInDoubt = this.unknownItems().some((index) => !this.accepted.has(index));
    const isFound = [...this.accepted.keys()].every((index) => this.reused.has(index));
    const isSafe = this.reused.size > 0 && isFound && !isInDoubt;
    const advice = isSafe ? RUN_AGAIN : isAll ? GET_BY_ID : RETRY;
    const lists = this.jobLists();
    const told = describeStop(failure, item, this, size, lists, isTool ? '' : advice);
    // n8n behavior: of an error of a tool that its engine runs, a model gets the message alone.
    const message = isTool ? { message: inOneText(told), description: '' } : told;
    return toNodeError(node, message, item, failure.status);
  }

  /** The jobs that a node leaves behind when it stops, grouped by progress. */
  private jobLists(): JobList[] {
    const finished: JobList = { title: 'Finished', jobs: [] };
    const ordered: JobList = { title: 'Ordered', jobs: [] };
    const running: JobList = { title: 'Ordered and still being made', jobs: [] };
    const existing: JobList = { title: 'Existing, but not finished', jobs: [] };
    const doubts: JobList = { title: DOUBTS, jobs: [] };
    for (const [item, id] of this.accepted) {
      const { json = {} } = this.outputs.get(item)?.[0] ?? {};
      const isFinished = this.finished.has(item) || outcomeOf(json) === 'completed';
      const own = this.failures.has(item) ? ordered : running;
      const open = this.reused.get(item) ? existing : own;
      (isFinished ? finished : open).jobs.push([item, id]);
    }
    for (const item of this.run.isTool ? [] : this.unknownItems()) {
      const isTold = this.accepted.has(item) || this.failures.get(item)?.reason === 'unknown';
      if (!isTold) doubts.jobs.push([item, 'no answer yet']);
    }
    return [finished, ordered, running, existing, doubts];
  }
}
