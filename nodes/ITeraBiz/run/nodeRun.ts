import type {
  IDataObject,
  IExecuteData,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
} from 'n8n-workflow';

import { type Account, accountOf } from '../account/account';
import type { Waits, Wish } from '../account/watch';
import { Slots } from '../client/slots';
import type { Message } from '../messages/message';
import { inputItems, optionsOf } from './parameters';

/**
 * What the items of one run of the node share, and where they meet.
 *
 * n8n behaviour: it hands the items over one by one and tells nobody when the last one has come. It also
 * drops all results when one item fails. So an item that fails waits here until the others know what
 * became of their requests.
 */
export class NodeRun {
  /** IDs of the jobs that the API accepted, by item */
  readonly accepted = new Map<number, string>();

  /** What went wrong, by item */
  readonly failures = new Map<number, Message>();

  /** The items that were not sent, for a reason that another one has */
  readonly notSent = new Set<number>();

  /** Why nothing more is sent, in the words for an item that was not */
  halted?: Message;

  /** What goes on to the next node, by item */
  readonly results = new Map<number, IDataObject | undefined>();

  /** Whether the job was there already, by item, where the user wanted that */
  readonly reused = new Map<number, boolean>();

  /** The jobs that are waited for, by item */
  readonly waiting = new Map<number, Wish>();

  /** What its items wait for together, once there is anything */
  waits?: Waits;

  /** All its requests to the API */
  readonly slots: Slots;

  /** Set once the wait is about to be handed over to n8n */
  isHandingOver = false;

  /** Items that n8n does not hand over, as far as that is known: one of their expressions fails */
  readonly absent = new Set<number>();

  /** Settled once all items have come in that will; never where n8n has dropped the run */
  assembling?: Promise<void>;

  private index?: number;

  /** The requests as n8n prepared them, by item, of all items that have come in */
  readonly prepared = new Map<number, IHttpRequestOptions>();

  private readonly asking = new Set<number>();

  private toCome: number;

  private wakers: Array<() => void> = [];

  private known?: Promise<Account>;

  /**
   * @param size how many items the node got
   * @param batchInterval the pause of n8n's Batching between two batches, in milliseconds; 0 without
   * @param accountOf finds the account of the node's credential
   * @param limit how many requests may be under way at once
   * @param signal of the execution
   */
  constructor(
    readonly size: number,
    readonly batchInterval: number,
    private readonly accountOf: () => Promise<Account>,
    private readonly limit = 5,
    private readonly signal?: AbortSignal,
  ) {
    this.slots = new Slots(limit, signal, async () => (await this.account()).requests);
    this.toCome = size;
  }

  /**
   * What it shares with other executions. Looked for once, and only when it is needed.
   *
   * @throws n8n's own errors, as for a missing credential
   */
  async account(): Promise<Account> {
    this.known ??= this.accountOf();
    return await this.known;
  }

  /** The slots for files from one host. */
  filesFrom(host: string): Slots {
    return new Slots(this.limit, this.signal, async () => (await this.account()).filesFrom(host));
  }

  /**
   * Which run of the node this is in its execution, from 0.
   *
   * n8n behaviour: its contexts know, though their type does not say so. To ask by an expression costs an
   * engine for expressions, some ten megabytes, where n8n makes one only when the first expression comes.
   */
  indexIn(context: IExecutePaginationFunctions): number {
    this.index ??= (context as { runIndex?: number }).runIndex;
    this.index ??= Number(context.evaluateExpression('{{ $runIndex }}', 0));
    return this.index;
  }

  /** Whether this item is part of the run already; if so, n8n is running the node again. */
  has(item: number): boolean {
    return this.prepared.has(item);
  }

  /** An item comes in; its request is still to be made. */
  join(item: number, prepared: IHttpRequestOptions): void {
    if (!this.absent.has(item)) this.toCome--;
    this.prepared.set(item, prepared);
    this.asking.add(item);
    this.wake();
  }

  /** This item will not come in. */
  miss(item: number): void {
    if (!this.has(item)) this.toCome--;
    this.absent.add(item);
    this.wake();
  }

  /** What became of the item's request is known. */
  asked(item: number): void {
    this.asking.delete(item);
    this.wake();
  }

  /** The items that may still come in. */
  get missing(): number[] {
    const all = Array.from({ length: this.size }, (_, item) => item);
    return all.filter((item) => !this.has(item) && !this.absent.has(item));
  }

  /** Resolves when every item has come in that ever will. Where n8n has dropped the run, that is never. */
  async complete(): Promise<void> {
    while (this.toCome > 0) await this.change();
  }

  /** Resolves when it is known of every item what became of its request, the ones to come included. */
  async gathered(): Promise<void> {
    while (this.asking.size > 0 || this.toCome > 0) await this.change();
  }

  private async change(): Promise<void> {
    await new Promise<void>((wake) => this.wakers.push(wake));
  }

  private wake(): void {
    this.wakers.splice(0).forEach((wake) => wake());
  }
}

/** The run that each call of the node is part of. n8n behaviour: all items of a run get the same object. */
const runs = new WeakMap<IExecuteData, NodeRun>();

/** The run that an item of the node belongs to, which it is part of from now on. */
export function join(
  context: IExecutePaginationFunctions,
  index: number,
  prepared: IHttpRequestOptions,
): NodeRun {
  const executeData = context.getExecuteData();
  let run = runs.get(executeData);
  if (!run || run.has(index)) {
    run = new NodeRun(
      inputItems(context).length,
      batchIntervalOf(context),
      async () => await accountOf(context),
      optionsOf({ context }).maxConcurrency,
      context.getExecutionCancelSignal(),
    );
    runs.set(executeData, run);
  }
  run.join(index, prepared);
  return run;
}

/** Forgets the run of an execution that n8n goes on holding although nothing of it runs any more. */
export function leave(context: IExecutePaginationFunctions): void {
  runs.delete(context.getExecuteData());
}

/** n8n's own Batching (under Request Options), which spaces the items: its pause in milliseconds. */
function batchIntervalOf(context: IExecutePaginationFunctions): number {
  return Number(context.getNodeParameter('requestOptions.batching.batch.batchInterval', 0));
}
