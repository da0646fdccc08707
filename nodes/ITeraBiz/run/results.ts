import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { inReadingOrder, outcomeOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
import { now } from '../client/time';
import type { Subject } from '../messages/answers';
import { type Message, toNodeError, withoutStop } from '../messages/message';
import type { OnError, Run } from './run';

/** Longest list of jobs in one message; n8n stores every one. */
const MOST_JOBS = 2_000;

/** Longest list of other failures in one message. */
const MOST_FAILURES = 20;

/** Most items or ranges of items in one line of a message. */
const MOST_RANGES = 40;

/**
 * How to get what is missing, and how not to. n8n behavior: only a retry of the same execution finds the
 * record of what was accepted.
 */
const RETRY =
  'To send only what is missing, open this execution under Executions and choose Retry. "Execute step" and "Execute workflow" order and charge for all of it again';

/** The same where everything was accepted. */
const GET_BY_ID =
  'Get these by their IDs. Running this step again orders and charges for all of them again';

/** In place of advice for a person in n8n's editor. */
const MODEL_IN_DOUBT =
  'It may have been accepted, and was not sent again, because that could charge twice. Do not create it now: list the videos in a few minutes and look for one with the same text. If there is none, ask the user';

/**
 * What a failure is about, for workflows that decide by it: the whole account (key, credits, reach), this
 * item, an item that was not sent because of another one's failure, or a job of unknown outcome.
 */
export type Reason = 'account' | 'item' | 'notSent' | 'unknown';

/** Why an item has no result. */
export interface Failure extends Message {
  reason: Reason;
  status?: number;
}

/** Why items are not sent, before they are tried. */
export type Refusal = Message & Partial<Failure>;

/** An item that failed, and whether that would meet all others of the account as well. */
export class ItemFailed extends Error {
  constructor(
    readonly failure: Failure,
    readonly meetsAll = false,
  ) {
    super(failure.message);
  }

  /** @param subject what was asked for */
  static by(failed: RequestFailed, subject: Subject): ItemFailed {
    const meetsAll = isHopeless(failed);
    const reason = meetsAll ? 'account' : 'item';
    const failure = { ...failed.describe(subject), reason, status: failed.status } as const;
    return new ItemFailed(failure, meetsAll);
  }
}

/**
 * Whether what met one request will meet all others of the account: the key is refused, the credits
 * are used up, or iTeraBiz was out of reach for as long as one request is patient.
 */
function isHopeless({ attempt, statusClass }: RequestFailed): boolean {
  return attempt.decision === 'retry' || statusClass === 'badKey' || statusClass === 'noCredits';
}

/**
 * Reads something for an item.
 *
 * @param subject what is asked for, for the message
 * @throws {ItemFailed} when it is refused, no answer came, or the answer is not what was asked for
 */
export async function reading<T>(task: () => Promise<T>, subject: Subject): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw error instanceof RequestFailed ? ItemFailed.by(error, subject) : error;
  }
}

/** Jobs that a node leaves behind when it stops. */
export interface JobList {
  title: string;
  /** Item and ID */
  jobs: Array<[number, string]>;
}

/**
 * What became of the items of a run. n8n behavior: when a node stops, the results of all its items are
 * thrown away, so the error has to name them.
 */
export class Results {
  /** What goes on to the next node, by item */
  readonly outputs = new Map<number, INodeExecutionData[]>();

  /** What went wrong, by item */
  readonly failures = new Map<number, Failure>();

  /** The items that were not tried, for a reason that another one has */
  readonly skipped = new Set<number>();

  /** IDs of the jobs that the API accepted, by item */
  readonly accepted = new Map<number, string>();

  /** IDs of the videos that were waited for, by item */
  readonly awaited = new Map<number, string>();

  /** Whether a video was there already, by item, where the user wanted that */
  readonly reused = new Map<number, boolean>();

  /** By `now()` of client/time */
  readonly startedAt = now();

  /** Why nothing more is sent, in the words for an item that was not */
  private abortedBy?: Failure;

  constructor(
    private readonly run: Pick<Run, 'node' | 'size' | 'onError' | 'isTool' | 'signal' | 'input'>,
  ) {}

  /** From now on, no further item is sent. What is in flight ends as it does. */
  abort(item: number, { message }: Message): void {
    this.abortedBy ??= {
      message: `Not sent, because ${message}`,
      description: `Not tried: ${itemOf(item, this.run.size)} failed for a reason that affects all. Fix it, then run again`,
      reason: 'notSent',
    };
  }

  /** @throws {ItemFailed} when the run was aborted */
  throwIfAborted(): void {
    if (this.abortedBy) throw new ItemFailed(this.abortedBy);
  }

  /**
   * Carries out a task for an item, and keeps why it failed where it does.
   *
   * @returns what the task returned; nothing where it failed
   * @throws only the signal's reason, when the execution was canceled
   */
  async of<T>(item: number, task: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      this.run.signal?.throwIfAborted();
      this.fail(item, error as Error);
      return undefined;
    }
  }

  /** An item failed. n8n's own errors, as of an expression, stay what they are. */
  fail(item: number, error: Error & { said?: Message; description?: string }): void {
    if (error instanceof ItemFailed) {
      const { failure, meetsAll } = error;
      const isSkipped = failure.reason === 'notSent' && this.run.onError === 'stop';
      if (isSkipped) this.skipped.add(item);
      else this.failures.set(item, this.worded(failure));
      if (meetsAll) this.abort(item, failure);
      return;
    }
    const { message, description } = error.said ?? {
      message: error.message,
      description: error.description ?? '',
    };
    this.failures.set(item, { message, description, reason: 'item' });
  }

  /** A model can neither open n8n nor change an option. */
  private worded(failure: Failure): Failure {
    const isForModel = this.run.isTool && failure.reason === 'unknown';
    return isForModel ? { ...failure, description: MODEL_IN_DOUBT } : failure;
  }

  /** Whether the node is to stop. */
  get isStopped(): boolean {
    return this.run.onError === 'stop' && this.failures.size > 0;
  }

  /**
   * What the node gives out, in the order of its input, or its one error.
   *
   * @throws {NodeApiError} where an item failed and the node is to stop
   */
  collect(): INodeExecutionData[] {
    if (this.isStopped) throw this.toError();
    const items: INodeExecutionData[] = [];
    for (let item = 0; item < this.run.size; item++) {
      const failure = this.failures.get(item);
      const output = failure ? [{ json: this.errorJson(item, failure) }] : this.outputs.get(item);
      for (const { json, ...data } of output ?? []) {
        const whole = failure ? json : inReadingOrder(withMark(json, this.reused.get(item)));
        const shown = this.run.isTool ? forModel(whole) : whole;
        items.push({ ...data, json: shown, pairedItem: { item } });
      }
    }
    return items;
  }

  private errorJson(item: number, failure: Failure): IDataObject {
    const videoId = this.accepted.get(item) ?? this.awaited.get(item);
    const input = this.run.isTool ? {} : this.run.input(item);
    return errorJson(failure, this.run.onError, input, videoId);
  }

  private toError() {
    const item = [...this.failures.keys()].reduce((one, other) => Math.min(one, other));
    const own = this.failures.get(item)!;
    const isAll = [...this.failures.keys()].every((failed) => this.accepted.has(failed));
    const advice = this.run.isTool ? '' : isAll && this.skipped.size === 0 ? GET_BY_ID : RETRY;
    const said = describeStop(own, item, this, this.run.size, this.jobLists(), advice);
    return toNodeError(this.run.node, said, item, own.status);
  }

  /** The jobs that a node leaves behind when it stops, by how far they are. */
  private jobLists(): JobList[] {
    const isFinished = (item: number) =>
      outcomeOf(this.outputs.get(item)?.[0]?.json ?? {}) === 'completed';
    const jobs = [...this.accepted];
    const failed = (item: number) => this.failures.has(item);
    return [
      { title: 'Finished', jobs: jobs.filter(([item]) => isFinished(item)) },
      {
        title: 'Ordered, but failed or not finished in time',
        jobs: jobs.filter(([item]) => failed(item)),
      },
      {
        title: 'Ordered and still being made',
        jobs: jobs.filter(([item]) => !isFinished(item) && !failed(item)),
      },
    ];
  }
}

/** Longest script or prompt that a model gets back, in characters: a list has those of all videos. */
const LONGEST_TEXT = 200;

/** What a model gets of a result: nothing empty, and no long text that it cannot need. */
function forModel(json: IDataObject): IDataObject {
  const isEmpty = (value: unknown) =>
    value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  const entries = Object.entries(json).map(([name, value]) => {
    const isLong = ['script', 'prompt'].includes(name) && String(value).length > LONGEST_TEXT;
    return [name, isLong ? `${String(value).slice(0, LONGEST_TEXT)}…` : value] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && !isEmpty(value)));
}

/** A place among the items, as people count. n8n behavior: its own Item Index begins with 0. */
export function itemOf(item: number, size: number): string {
  return `item ${item + 1} of ${size}`;
}

/**
 * The message of a node that stops although other items went well. Items with the same message stand in
 * one line. n8n behavior: its editor shows no line breaks, so each line is a sentence.
 *
 * @param own what went wrong with the item that n8n reports
 * @param all what went wrong, by item, this item included, and which items were not tried
 * @param size how many items there are
 * @param lists the IDs of the jobs that the API accepted
 * @param advice what the user can do about these
 */
export function describeStop(
  own: Message,
  item: number,
  { failures, skipped }: { failures: Map<number, Message>; skipped: Set<number> },
  size: number,
  lists: JobList[],
  advice: string,
): Message {
  const others = [...failures].filter(([other]) => other !== item).sort(byItem);
  const parts: string[] =
    size > 1 ? [`This is ${itemOf(item, size)} (n8n counts from 0 and says [item ${item}]).`] : [];
  if (others.length > 0) {
    parts.push(
      `${others.length} more ${others.length === 1 ? 'item' : 'items'} failed:`,
      ...lines(
        grouped(others).map(([items, message]) => `${rangesOf(items)}: ${withoutStop(message)}.`),
        MOST_FAILURES,
      ),
    );
  }
  if (skipped.size > 0) parts.push(`${rangesOf([...skipped])}: not sent.`);
  for (const { title, jobs } of lists.filter((list) => list.jobs.length > 0)) {
    const named = [...jobs].sort(byItem).map(([other, id]) => `Item ${other + 1}: ${id}.`);
    parts.push(`${title}:`, ...lines(named, MOST_JOBS));
  }
  if (advice && lists.some(({ jobs }) => jobs.length > 0)) parts.push(`${advice}.`);
  const { message, description } = own;
  if (parts.length === 0) return { message, description };
  const first = description && `${withoutStop(description)}.`;
  return { message, description: [first, ...parts].filter(Boolean).join('\n') };
}

/** The items of each message, in the order in which they come first. */
function grouped(failures: Array<[number, Message]>): Array<[number[], string]> {
  const groups = new Map<string, number[]>();
  for (const [item, { message }] of failures) {
    const items = groups.get(message);
    if (items) items.push(item);
    else groups.set(message, [item]);
  }
  return [...groups].map(([message, items]) => [items, message]);
}

/** As in `Items 1–4, 8`, counted as people do. */
export function rangesOf(items: number[]): string {
  const ranges: Array<[number, number]> = [];
  for (const item of [...items].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && item === last[1] + 1) last[1] = item;
    else ranges.push([item, item]);
  }
  const texts = ranges
    .slice(0, MOST_RANGES)
    .map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}–${to + 1}`));
  const rest = ranges.slice(MOST_RANGES).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const more = rest > 0 ? ` … and ${rest} more` : '';
  return `${items.length === 1 ? 'Item' : 'Items'} ${texts.join(', ')}${more}`;
}

/**
 * The item that goes on in place of a result. It keeps the fields of its input. n8n behavior: for the
 * error output it adds these itself, and knows such an item by having nothing but `error` and `details`.
 *
 * @param videoId of the job that the failure is about, for the nodes that follow
 */
export function errorJson(
  { message, description, reason }: Message & { reason?: Reason },
  onError: OnError,
  input: IDataObject,
  videoId?: string,
): IDataObject {
  // n8n behavior: before 2.34 it leaves an item with `details` on the regular output.
  const isRegular = onError !== 'continueErrorOutput';
  const details: IDataObject = {
    ...(isRegular && reason && reason !== 'item' && { reason }),
    ...(videoId !== undefined && { videoId }),
  };
  const failure: IDataObject = {
    error: [withoutStop(message), description].filter(Boolean).join('. '),
    ...(Object.keys(details).length > 0 && { details }),
  };
  return onError === 'continueErrorOutput' ? failure : { ...input, ...failure };
}

/**
 * The field that says whether a video was there already, for the nodes that follow. Its name has our
 * own prefix: no field of the API is called so.
 */
export const REUSED = '_iteraBizReused';

/** An item with that mark, where there is something to say. */
export function withMark(json: IDataObject, reused?: boolean): IDataObject {
  return reused === undefined ? json : { ...json, [REUSED]: reused };
}

function byItem([one]: [number, unknown], [other]: [number, unknown]): number {
  return one - other;
}

function lines(all: string[], most: number): string[] {
  const shown = all.slice(0, most);
  return all.length > shown.length ? [...shown, `… and ${all.length - shown.length} more.`] : shown;
}
