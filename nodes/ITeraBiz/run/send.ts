import type {
  DeclarativeRestApiSettings,
  IDataObject,
  IExecuteData,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INodeExecutionData,
} from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

import type { Video } from '../api/video';
import { BadInput, checkBody, checkId } from './checks';
import { type Door, inputItems, optionsOf, readObject, textParameter } from './item';
import { download } from '../actions/download';
import { type Message, toNodeError } from '../messages/answers';
import { keep } from '../waiting/parked/keep';
import { list } from '../actions/list';
import { NodeRun } from './nodeRun';
import { canPark, park } from '../waiting/parked/park';
import { KEEP, SCOUT } from '../waiting/parked/workflows';
import { areReadable } from './readable';
import { describeStop, errorJson, onErrorOf } from './report';
import { scout } from '../waiting/parked/scout';
import { Slots } from '../client/slots';
import { jobName, submit } from '../orders/submit';
import { newWatch, readerOf, waitFor } from '../waiting/wait';

/** The run that each call of the node is part of; n8n hands the same object to all items of a run. */
const runs = new WeakMap<IExecuteData, NodeRun>();

/** From then on n8n does the waiting, in milliseconds after the last request was made. */
const WAIT_IN_MEMORY = 60_000;

const NOT_SENT_AGAIN =
  'If you run this node again, or retry this execution, they are not sent again';

/**
 * The door through which every request of the node goes. n8n calls it once per item, with the
 * request as the description prepared it; all items of a run share their slots and looks, and meet
 * before one of them fails the node.
 *
 * @returns the item's output, paired with its input
 * @throws {NodeApiError} when the item failed and the node is set to stop
 */
export async function send(
  this: IExecutePaginationFunctions,
  { options }: DeclarativeRestApiSettings.ResultOptions,
): Promise<INodeExecutionData[]> {
  const item = this.getItemIndex();
  const prepared = { ...options, url: options.url ?? '' } as IHttpRequestOptions;
  const run = joinRun(this, item, prepared);
  const door: Door = { context: this, item, run, prepared };

  // n8n prepares all items in one go; an expression that fails ends the node without a word to the
  // items before it. They must not be submitted then: nobody would hear of it.
  await sleep(0);

  try {
    if (isAbandoned(door)) return [];
    const output = await perform(door);
    run.results.set(item, output[0]?.json);
    return output.map((data) => ({ ...data, pairedItem: { item } }));
  } catch (error) {
    this.getExecutionCancelSignal()?.throwIfAborted();
    return await fail(door, asNodeError(door, error as Error));
  } finally {
    run.asked(item);
  }
}

function joinRun(
  context: IExecutePaginationFunctions,
  item: number,
  prepared: Door['prepared'],
): NodeRun {
  const executeData = context.getExecuteData();
  let run = runs.get(executeData);
  if (!run || run.has(item)) {
    const signal = context.getExecutionCancelSignal();
    const slots = new Slots(optionsOf({ context }).maxConcurrency ?? 5, signal);
    const watch = newWatch(readerOf(context, prepared, slots), signal);
    run = new NodeRun(inputItems(context).length, batchIntervalOf(context), slots, watch);
    runs.set(executeData, run);
  }
  run.join(item);
  return run;
}

/** n8n's own Batching (under Request Options), which spaces the items: its pause in milliseconds. */
function batchIntervalOf(context: IExecutePaginationFunctions): number {
  return Number(context.getNodeParameter('requestOptions.batching.batch.batchInterval', 0));
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
function isAbandoned({ context, item, run }: Door): boolean {
  if (context.continueOnFail()) return false;
  if (run.batchInterval <= 0) return run.joinedItems < run.size;
  run.isReadable ??= areReadable(context.getNode().parameters, run.size, (expression, of) =>
    context.evaluateExpression(expression, of),
  );
  if (!run.isReadable && item === run.size - 1) throw new BadInput(UNREADABLE);
  return !run.isReadable;
}

const UNREADABLE: Message = {
  message: 'The values of one of the items could not be read, so nothing was sent to iTeraBiz',
  description:
    'An expression in this node failed for one of the items. Correct it, or switch off Batching under Request Options to see which one.',
};

/** Every failure as an error of this node. n8n's own errors, as for a missing credential, stay what they are. */
function asNodeError({ context, item }: Door, error: Error): NodeApiError {
  if (error instanceof NodeApiError) return error;
  const said = error instanceof BadInput ? error.said : { message: error.message, description: '' };
  return toNodeError(context.getNode(), said, item);
}

/** Does what the item's operation asks for. */
async function perform(door: Door): Promise<INodeExecutionData[]> {
  const { context, prepared } = door;
  const operation = textParameter(door, 'operation');
  if (operation === KEEP) return await keep(door);
  if (operation === SCOUT) return await scout(door);
  if (operation === 'download') return [await download(door, idOf(door))];
  if (operation === 'getAll') {
    const all = context.getNodeParameter('returnAll', false);
    const limit = all ? Infinity : Number(context.getNodeParameter('limit', 50));
    const status = context.getNodeParameter('filters.status', '') as string;
    return (await list(door, limit, status)).map((json) => ({ json }));
  }

  const job = prepared.method === 'GET' ? await get(door) : await create(door, operation);
  if (!context.getNodeParameter('waitForCompletion', false)) return [{ json: job }];
  const finished = await waitUntilDone(door, job);
  return finished ? [{ json: finished }] : [];
}

async function create(door: Door, operation: string): Promise<IDataObject> {
  const { item, prepared, run } = door;
  const body = checkBody(prepared.body as IDataObject);
  const doing = `${operation} the ${textParameter(door, 'resource')}`;
  const job = await submit({ ...door, prepared: { ...prepared, body } }, doing);
  run.accepted.set(item, jobName(job));
  return job;
}

async function get(door: Door): Promise<IDataObject> {
  const id = idOf(door);
  const doing = `get ${textParameter(door, 'resource')} ${id}`;
  return await readObject(door, door.prepared.url, { doing, id });
}

/** The ID in the address, as in `/videos/<ID>`, checked before anything is asked. */
function idOf(door: Door): string {
  const resource = textParameter(door, 'resource');
  const label = resource.charAt(0).toUpperCase() + resource.slice(1);
  return checkId(decodeURIComponent(door.prepared.url.split('/')[2] ?? ''), label);
}

/** Waits in memory at first, then lets n8n wait. Nothing comes back when the wait ended elsewhere. */
async function waitUntilDone(door: Door, job: Video): Promise<Video | undefined> {
  const { context, item, run } = door;
  run.asked(item);
  if (!run.isHandingOver && canPark(context)) {
    run.isHandingOver = true;
    void run.gathered().then(() => {
      run.watch.handOverAt(Date.now() + WAIT_IN_MEMORY, async () => {
        await park(context, run).catch((error: Error) => {
          context.logger.debug(`iTeraBiz: the wait stays in memory: ${error.message}`);
          throw error;
        });
        // n8n keeps the data of an execution that it put aside in memory. Without this, our contexts
        // would stay with it, and with them all of n8n's.
        runs.delete(context.getExecuteData());
      });
    });
  }
  return await waitFor(door, job);
}

/**
 * What becomes of an item that failed. Where the node goes on, it becomes an item with the message.
 * Where it stops, it first lets every other item learn what became of its request, and ends the
 * waits, which are of no more use: what was accepted is in the message.
 */
async function fail(door: Door, error: NodeApiError): Promise<INodeExecutionData[]> {
  const { context, item, run } = door;
  const own: Message = { message: error.message, description: error.description ?? '' };
  run.failures.set(item, own);
  run.asked(item);
  const onError = onErrorOf(context);
  if (onError !== 'stop') {
    const videoId = run.accepted.get(item) ?? run.waiting.get(item)?.id;
    const json = errorJson(own, onError, context.getInputData().json, videoId);
    return [{ json, pairedItem: { item } }];
  }
  await run.gathered();
  run.watch.releaseAll();
  const status = Number(error.httpCode ?? Number.NaN);
  const said = describeStop(own, item, run.failures, run.accepted, NOT_SENT_AGAIN);
  throw toNodeError(context.getNode(), said, item, Number.isNaN(status) ? undefined : status);
}
