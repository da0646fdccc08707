import type {
  DeclarativeRestApiSettings,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INodeExecutionData,
} from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

import { type Message, toNodeError } from '../messages/message';
import { BadInput } from './checks';
import type { Action, Item } from './item';
import { join } from './nodeRun';
import { areReadable } from './readable';
import { describeStop, errorJson, onErrorOf } from './report';

const NOT_SENT_AGAIN =
  'If you run this node again, or retry this execution, they are not sent again';

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

  // n8n prepares all items in one go; an expression that fails ends the node without a word to the
  // items before it. They must not be submitted then: nobody would hear of it.
  await sleep(0);

  try {
    if (isAbandoned(item)) return [];
    const output = await action(item);
    run.results.set(index, output[0]?.json);
    return output.map((data) => ({ ...data, pairedItem: { item: index } }));
  } catch (error) {
    context.getExecutionCancelSignal()?.throwIfAborted();
    return await fail(item, asNodeError(item, error as Error));
  } finally {
    run.asked(index);
  }
}

/**
 * Whether n8n ends the node without asking this item for its result, because an expression of
 * another one fails.
 *
 * With n8n's Batching the later items are still to be prepared, so their expressions are tried
 * beforehand.
 *
 * @throws {BadInput} when one failed here and n8n goes on all the same: then nothing was sent
 */
function isAbandoned({ context, index, run }: Item): boolean {
  if (context.continueOnFail()) return false;
  if (run.batchInterval <= 0) return run.joinedItems < run.size;
  run.isReadable ??= areReadable(context.getNode().parameters, run.size, (expression, of) =>
    context.evaluateExpression(expression, of),
  );
  if (!run.isReadable && index === run.size - 1) throw new BadInput(UNREADABLE);
  return !run.isReadable;
}

const UNREADABLE: Message = {
  message: 'The values of one of the items could not be read, so nothing was sent to iTeraBiz',
  description:
    'An expression in this node failed for one of the items. Correct it, or switch off Batching under Request Options to see which one.',
};

/** Every failure as an error of this node. n8n's own errors, as for a missing credential, stay what they are. */
function asNodeError({ context, index }: Item, error: Error): NodeApiError {
  if (error instanceof NodeApiError) return error;
  const said = error instanceof BadInput ? error.said : { message: error.message, description: '' };
  return toNodeError(context.getNode(), said, index);
}

/**
 * What becomes of an item that failed. Where the node goes on, it becomes an item with the message.
 * Where it stops, it first lets every other item learn what became of its request, and ends the
 * waits, which are of no more use: what was accepted is in the message.
 */
async function fail(item: Item, error: NodeApiError): Promise<INodeExecutionData[]> {
  const { context, index, run } = item;
  const own: Message = { message: error.message, description: error.description ?? '' };
  run.failures.set(index, own);
  run.asked(index);
  const onError = onErrorOf(context);
  if (onError !== 'stop') {
    const videoId = run.accepted.get(index) ?? run.waiting.get(index)?.id;
    const json = errorJson(own, onError, context.getInputData().json, videoId);
    return [{ json, pairedItem: { item: index } }];
  }
  await run.gathered();
  run.watch.releaseAll();
  const status = Number(error.httpCode ?? Number.NaN);
  const said = describeStop(own, index, run.failures, run.accepted, NOT_SENT_AGAIN);
  throw toNodeError(context.getNode(), said, index, Number.isNaN(status) ? undefined : status);
}
