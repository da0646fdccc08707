import type {
  IDataObject,
  IExecuteData,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
} from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { readerOf } from '../account/videos';
import { newWatch, type Watch, type Wish } from '../account/watch';
import { Slots } from '../client/slots';
import type { Message } from '../messages/message';
import { inputItems, optionsOf } from './parameters';

/**
 * What the items of one run of the node share, and where they meet.
 *
 * n8n hands the items over one by one and tells nobody when the last one has come. It also drops
 * all results when one item fails. So an item that fails waits here until the others know what
 * became of their requests.
 */
export class NodeRun {
  /** IDs of the jobs that the API accepted, by item */
  readonly accepted = new Map<number, string>();

  /** What went wrong, by item */
  readonly failures = new Map<number, Message>();

  /** What goes on to the next node, by item */
  readonly results = new Map<number, IDataObject | undefined>();

  /** The jobs that are waited for, by item */
  readonly waiting = new Map<number, Wish>();

  /** Set once the wait is about to be handed over to n8n */
  isHandingOver = false;

  /** Whether the expressions of all items can be read, once that is known */
  isReadable?: boolean;

  /** Which run of the node this is in its execution, from 0. Asking n8n is slow, so it is kept. */
  index?: number;

  private readonly joined = new Set<number>();

  private readonly asking = new Set<number>();

  private lastJoin = Date.now();

  private wakers: Array<() => void> = [];

  /**
   * @param size how many items the node got
   * @param batchInterval the pause of n8n's Batching between two batches, in milliseconds; 0 without
   */
  constructor(
    readonly size: number,
    readonly batchInterval: number,
    readonly slots: Slots,
    readonly watch: Watch,
  ) {}

  /** Whether this item is part of the run already; if so, n8n is running the node again. */
  has(item: number): boolean {
    return this.joined.has(item);
  }

  /** An item comes in; its request is still to be made. */
  join(item: number): void {
    this.joined.add(item);
    this.asking.add(item);
    this.lastJoin = Date.now();
  }

  /** What became of the item's request is known. */
  asked(item: number): void {
    this.asking.delete(item);
    if (this.asking.size === 0) this.wakers.splice(0).forEach((wake) => wake());
  }

  /** How many items have come in. An item with an expression that fails never does. */
  get joinedItems(): number {
    return this.joined.size;
  }

  /** Resolves when it is known of every item what became of its request. */
  async gathered(): Promise<void> {
    while (this.asking.size > 0 || this.mayGrow()) {
      if (this.asking.size > 0) await new Promise<void>((wake) => this.wakers.push(wake));
      else await sleep(this.batchInterval);
    }
  }

  /**
   * With n8n's Batching, items come in over time, and the last one may never do. None can be on
   * its way when two pauses have gone by without one.
   */
  private mayGrow(): boolean {
    if (this.batchInterval <= 0 || this.has(this.size - 1)) return false;
    return Date.now() - this.lastJoin < 2 * this.batchInterval + 1_000;
  }
}

/** The run that each call of the node is part of; n8n hands the same object to all items of a run. */
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
    const signal = context.getExecutionCancelSignal();
    const slots = new Slots(optionsOf({ context }).maxConcurrency ?? 5, signal);
    const watch = newWatch(readerOf(context, prepared, slots), signal);
    run = new NodeRun(inputItems(context).length, batchIntervalOf(context), slots, watch);
    runs.set(executeData, run);
  }
  run.join(index);
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
