import type {
  IDataObject,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INodeExecutionData,
  INodeParameters,
  NodeApiError,
} from 'n8n-workflow';

import { isObject } from '../api/video';
import {
  describeNoAnswer,
  describeRefusal,
  describeStrangeAnswer,
  type Subject,
  toNodeError,
} from '../messages/answers';
import type { NodeRun } from './nodeRun';
import { type Answer, attempt, NoAnswer } from '../client/request';
import { type Attempt, withRetries } from '../client/retry';

/** One item of the node, on its way through the door. */
export interface Door {
  context: IExecutePaginationFunctions;
  /** As n8n counts them, from 0 */
  item: number;
  run: NodeRun;
  /** As n8n prepared it from the description: address, body, headers, timeout, proxy */
  prepared: IHttpRequestOptions;
}

/** What a user chose under Options; what is not shown for an operation is missing. */
export interface Options extends INodeParameters {
  maxConcurrency?: number;
  resubmitUnknown?: boolean;
  maxWait?: number;
  pollInterval?: number;
  failedVideos?: 'stop' | 'output';
  holdWhileWaiting?: boolean;
  fileName?: string;
}

/**
 * Whether an AI agent calls the node as its tool. Newer agents let n8n run it, with the call as its
 * only input; older ones call it within their own run, and then n8n names the agent's node and items
 * in place of this node's.
 */
export function isToolCall(context: IExecutePaginationFunctions): boolean {
  const { data, node } = context.getExecuteData();
  return data.main === undefined || node.name !== context.getNode().name;
}

/** The items that this run of the node is for. n8n's Execute Once leaves only the first. */
export function inputItems(context: IExecutePaginationFunctions): INodeExecutionData[] {
  if (isToolCall(context)) return [context.getInputData()];
  const { data, node } = context.getExecuteData();
  const items = data.main[0] ?? [];
  return node.executeOnce ? items.slice(0, 1) : items;
}

export function optionsOf({ context }: Pick<Door, 'context'>): Options {
  return context.getNodeParameter('options', {}) as Options;
}

/** A parameter as plain text, empty where there is none. */
export function textParameter({ context }: Door, name: string): string {
  return String(context.getNodeParameter(name, '') ?? '').trim();
}

/**
 * Reads from the API in one of the node's slots, with retries.
 *
 * @param what replaces or adds to the prepared request, as in `{ url: '/videos' }`
 * @throws {NodeApiError} when it is refused or no answer came
 */
export async function read(
  door: Door,
  what: { url: string; qs?: IDataObject },
  subject: Subject,
): Promise<Answer> {
  const { context, prepared, run } = door;
  const options: IHttpRequestOptions = { ...prepared, ...what, method: 'GET', body: undefined };
  const made = await run.slots.run(
    async () =>
      await withRetries(async () => await attempt(context, { ...options }), 'GET', run.slots),
  );
  if (made.verdict === 'done') return made.outcome as Answer;
  throw failureOf(door, made, subject);
}

/**
 * Reads one object from the API, as {@link read} does.
 *
 * @throws {NodeApiError} also when what comes back is none, as a web page
 */
export async function readObject(door: Door, url: string, subject: Subject): Promise<IDataObject> {
  const answer = await read(door, { url }, subject);
  if (isObject(answer.body)) return answer.body;
  throw strangeAnswer(door, answer, subject);
}

/** What to tell the user of an answer that is not one of the API. */
export function strangeAnswer(
  { context, item }: Door,
  answer: Answer,
  subject: Subject,
): NodeApiError {
  return toNodeError(
    context.getNode(),
    describeStrangeAnswer(answer, subject),
    item,
    answer.status,
  );
}

/** What to tell the user of a request that came to nothing. */
export function failureOf(
  { context, item }: Door,
  { outcome, tries, seconds }: Attempt,
  subject: Subject,
): NodeApiError {
  const full = { ...subject, tries, seconds };
  return outcome instanceof NoAnswer
    ? toNodeError(context.getNode(), describeNoAnswer(outcome, full), item)
    : toNodeError(context.getNode(), describeRefusal(outcome, full), item, outcome.status);
}
