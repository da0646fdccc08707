import type {
  DeclarativeRestApiSettings,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INodeExecutionData,
} from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

import { inReadingOrder, outcomeOf } from '../api/video';
import { type Message, toNodeError } from '../messages/message';
import { BadInput } from '../orders/validate';
import { NotSent } from './halt';
import type { Action, Item } from './item';
import { join, type NodeRun } from './nodeRun';
import { unreadableItems } from './readable';
import { describeStop, errorJson, HOW_TO_GO_ON, type JobList, onErrorOf } from './report';

/** Milliseconds to wait for an item that is left out for a reason that we do not know of. */
const LONGEST_SILENCE = 5_000;

/**
 * How an operation is carried out: n8n calls this once per item, with the request as the description
 * prepared it. All items of a run share their slots and looks, and meet before one of them fails the
 * node.
 *
 * @returns what n8n takes as `routing.operations.pagination`. It gives out the item's output, paired
 *   with its input, and throws a {@link NodeApiError} when the item failed and the node is set to stop.
 */
export function perItem(action: Action) {
  return async function (
    this: IExecutePaginationFunctions,
    { options }: DeclarativeRestApiSettings.ResultOptions,
  ): Promise<INodeExecutionData[]> {
    const index = this.getItemIndex();
    const prepared = { ...options, url: options.url ?? '' } as IHttpRequestOptions;
    const run = join(this, index, prepared);
    return await send({ context: this, index, run, prepared }, action);
  };
}

async function send(item: Item, action: Action): Promise<INodeExecutionData[]> {
  const { context, index, run } = item;

  try {
    run.assembling ??= assemble(item);
    await run.assembling;
    if (!context.continueOnFail() && run.absent.size > 0) {
      if (run.absent.has(index)) throw new BadInput(UNREADABLE);
      run.notSent.add(index);
      return [];
    }
    const output = await action(item);
    run.results.set(index, output[0]?.json);
    return output.map(({ json, ...data }) => ({
      ...data,
      json: inReadingOrder(json),
      pairedItem: { item: index },
    }));
  } catch (error) {
    context.getExecutionCancelSignal()?.throwIfAborted();
    return await fail(item, error as Error);
  } finally {
    run.asked(index);
  }
}

/**
 * Waits until all items of the run have come in, before the first of them acts. So nothing is sent
 * that n8n then drops, and whatever has to be weighed over all rows can be.
 *
 * n8n behaviour: it prepares the items one after the other and hands over each. Where an expression of
 * one fails, it leaves that one out, or, if the node is to stop, ends the node and asks none of the
 * others for its result: these wait here for ever, which costs nothing.
 *
 * Example: of three rows the last has no title, and Script is `={{ $json.title.trim() }}`. Rows 0 and 1
 * come in, row 2 never does, and n8n stops the node with its own message. Had rows 0 and 1 been sent by
 * then, two videos would be paid for of which nobody ever hears.
 *
 * n8n behaviour: with Batching the items come in over time and nobody waits for them. Their expressions are
 * tried beforehand, and those that fail are known as absent.
 */
async function assemble({ context, run }: Item): Promise<void> {
  const isBatched = run.batchInterval > 0;
  // By then all have come in that n8n hands over in one go: there is nothing to try.
  await sleep(0);
  const { missing } = run;
  if (missing.length === 0) return;
  if (!isBatched && !context.continueOnFail()) return await run.complete();
  const { parameters } = context.getNode();
  unreadableItems(parameters, missing, (expression, of) =>
    context.evaluateExpression(expression, of),
  ).forEach((unreadable) => run.miss(unreadable));
  if (isBatched || run.missing.length === 0) return;
  // Nothing rests on this one being right: who comes later is let through, too.
  await Promise.race([run.complete(), sleep(LONGEST_SILENCE)]);
}

const UNREADABLE: Message = {
  message: 'The values of this item could not be read, so nothing was sent to iTeraBiz',
  description:
    'An expression in this node failed for it. Correct the expression, or the item; without Batching, under Request Options, n8n says what is wrong with it.',
};

/** Every failure as an error of this node. n8n's own errors, as for a missing credential, stay what they are. */
function asNodeError({ context, index }: Item, error: Error): NodeApiError {
  if (error instanceof NodeApiError) return error;
  const isOurs = error instanceof BadInput || error instanceof NotSent;
  const said = isOurs ? error.said : { message: error.message, description: '' };
  return toNodeError(context.getNode(), said, index);
}

/**
 * What becomes of an item that failed. Where the node goes on, it becomes an item with the message.
 * Where it stops, it first lets every other item learn what became of its request, and ends the
 * waits, which are of no more use: what was accepted is in the message.
 */
async function fail(item: Item, cause: Error): Promise<INodeExecutionData[]> {
  const { context, index, run } = item;
  const error = asNodeError(item, cause);
  const own: Message = { message: error.message, description: error.description ?? '' };
  if (cause instanceof NotSent) run.notSent.add(index);
  else run.failures.set(index, own);
  run.asked(index);
  const onError = onErrorOf(context);
  if (onError !== 'stop') {
    const videoId = run.accepted.get(index) ?? run.waiting.get(index)?.id;
    const json = errorJson(own, onError, context.getInputData().json, videoId);
    return [{ json, pairedItem: { item: index } }];
  }
  await run.gathered();
  // n8n reports the first item that fails; it should be one that has the reason.
  if (cause instanceof NotSent && run.failures.size > 0) return [];
  run.waits?.releaseAll();
  const status = Number(error.httpCode ?? Number.NaN);
  const said = describeStop(own, index, run, listsOf(run), HOW_TO_GO_ON);
  throw toNodeError(context.getNode(), said, index, Number.isNaN(status) ? undefined : status);
}

/** The jobs that a node leaves behind when it stops, by how far they are. */
function listsOf({ accepted, failures, results }: NodeRun): JobList[] {
  const isFinished = (item: number) => outcomeOf(results.get(item) ?? {}) === 'completed';
  const jobs = [...accepted];
  return [
    { title: 'Finished', jobs: jobs.filter(([item]) => isFinished(item)) },
    {
      title: 'Accepted, but failed or not finished in time',
      jobs: jobs.filter(([item]) => failures.has(item)),
    },
    {
      title: 'Accepted, and iTeraBiz goes on with them',
      jobs: jobs.filter(([item]) => !isFinished(item) && !failures.has(item)),
    },
  ];
}
