import { createHash } from 'crypto';
import type {
  ExecuteWorkflowData,
  IBinaryData,
  IContextObject,
  IDataObject,
  IExecuteFunctions,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INode,
  INodeExecutionData,
  INodeProperties,
  IWorkflowBase,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';
import { NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';

import {
  type Account,
  type Credential,
  credentialOf,
  dependsOnItem,
  itemOfAnother,
} from '../account/account';
import { isObject } from '../api/json';
import type { Video } from '../api/video';
import { type ApiClient, TIMEOUT } from '../client/apiClient';
import { MAX_TIMER, now, yielder } from '../client/time';
import { checkDailyLimit, checkNumber, checkOptions, type Options } from '../fields/validate';
import { errorJson, type OnError } from './output';

/**
 * One run of the node: all that an operation needs from n8n, so that none knows how n8n called it. Besides this
 * file, only requests (client/http.ts) and the credential (account/account.ts) use n8n's execution contexts.
 */
export interface Run {
  readonly node: INode;
  /** How many items came in */
  readonly size: number;
  /** Counts the node's runs in one execution from 0: a loop runs it many times */
  readonly index: number;
  readonly onError: OnError;
  /** Whether an AI agent or MCP client called the node and waits for the answer */
  readonly isTool: boolean;
  /** When the caller of a tool stops waiting, by `now()` of client/time; `Infinity` if it is no tool */
  readonly giveUpAt: number;
  /** Whether it was started in the editor */
  readonly isManual: boolean;
  /** Aborts when the execution is canceled */
  readonly signal?: AbortSignal;
  /** When n8n will cancel the execution, in milliseconds since 1970 */
  readonly timeoutAt?: number;
  /** n8n behavior: kept through Retry On Fail, and saved with the execution */
  readonly memory: IContextObject;
  readonly requestOptions: Partial<IHttpRequestOptions>;
  /** n8n's Batching: `size` items start, then follows a pause of `interval` milliseconds */
  readonly batching: { size: number; interval: number };
  readonly executionId?: string;
  readonly workflowId?: string;
  readonly concurrency: number;
  input(item: number): IDataObject;
  /** A parameter, or the value of a resource locator. @throws n8n's own error if its expression fails */
  parameter(name: string, item: number, fallback?: unknown): unknown;
  /** What the user chose under Options. @throws {BadInput} if one is invalid */
  options(item: number): Options;
  /** How the user chose in a resource locator: `list`, `id` or `name` */
  locatorMode(name: string): string | undefined;
  /** @throws n8n's own errors, e.g. for a missing credential */
  account(): Promise<Account>;
  /** Whether the credential has an expression about the item. @throws as `account` */
  hasKeyByItem(): Promise<boolean>;
  /** @throws {NodeOperationError} if an item has another account than the first, and as `account` */
  assertOneAccount(): Promise<void>;
  /** The credential's limit, if any. @throws {BadInput} if it is invalid, and as `account` */
  maxVideosPerDay(): Promise<number | undefined>;
  /** For the requests of this run. @throws as `account` */
  client(): Promise<ApiClient>;
  store(file: unknown, name: string, type: string): Promise<IBinaryData>;
  /** Shows a message beside the output */
  hint(message: string): void;
  warn(message: string): void;
  /** Saves a text with the execution, as n8n's custom execution data */
  note(name: string, text: string): void;
  /** Puts this execution aside while a small workflow waits; missing if this n8n cannot */
  executeWorkflow?(code: IWorkflowBase, items: INodeExecutionData[]): Promise<ExecuteWorkflowData>;
}

/** A job, and the options of its item. */
export interface Job {
  video: Video;
  options: Options;
  /** Whether to output it only once it is finished */
  waits: boolean;
}

/** Carries out an operation for all items of a run, and returns what goes to the next node. */
export type Perform = (run: Run, request: RequestTemplate) => Promise<INodeExecutionData[]>;

/** What an operation's description says about its request. */
export interface RequestTemplate {
  /** As in `create the video`, for messages */
  doing: string;
  url: string;
  /** `routing.send.property` says where a field goes in the body */
  fields: INodeProperties[];
}

/** How long an AI agent or MCP client waits for its tool, in milliseconds. Many give up after a minute. */
const TOOL_PATIENCE = 45_000;

const DEFAULT_CONCURRENCY = 5;

/**
 * Performs an operation for all items, as one of n8n's `customOperations`. n8n behavior: if a node that is to go on
 * throws, n8n passes on its input as if all had succeeded. So an error of the whole run becomes that of each item.
 *
 * @throws {NodeApiError} or n8n's own errors if the node is to stop on errors, or was canceled
 */
export async function performForAll(
  context: IExecuteFunctions,
  perform: Perform,
  request: RequestTemplate,
): Promise<INodeExecutionData[]> {
  const output = runOf(context).then(async (run) => await perform(run, request));
  return await output.catch((error: Error & { description?: string }) => {
    const onError = onErrorOf(context.getNode(), context.continueOnFail());
    if (onError === 'stop' || context.getExecutionCancelSignal()?.aborted) throw error;
    const { message, description = '' } = error;
    return itemsOf(context).map(({ json }, item) => ({
      json: errorJson({ message, description, reason: 'account' }, onError, json),
      pairedItem: { item },
    }));
  });
}

// n8n behavior: agents before version 3 pass a tool no main input; newer ones let the engine run it.
function hasMain(context: IExecuteFunctions): boolean {
  return context.getExecuteData().data.main !== undefined;
}

function itemsOf(context: IExecuteFunctions): INodeExecutionData[] {
  return context.getInputData(0, hasMain(context) ? 'main' : 'ai_tool');
}

/** A run of all items. */
export async function runOf(context: IExecuteFunctions): Promise<Run> {
  const isTool =
    !hasMain(context) || context.getNode().rewireOutputLogTo === NodeConnectionTypes.AiTool;
  const items = itemsOf(context);
  const read: GetParameter = (name, item, fallback) =>
    context.getNodeParameter(name, item, fallback);
  return {
    ...(await common(context, read, items.length, isTool)),
    timeoutAt: timeoutOf(context),
    input: (item) => items[item].json,
    hint: (message) => context.addExecutionHints?.({ message, location: 'outputPane' }),
    ...(!isTool && { executeWorkflow: workflowRunner(context) }),
  };
}

/** n8n behavior: with Retry On Fail, it runs a tool again within five seconds. In milliseconds, with a margin. */
const MAX_RETRY_PAUSE = 10_000;

/**
 * Performs an operation for one item, as a tool of an AI agent. n8n behavior: agents before version 3 and the
 * MCP Server Trigger run a tool through its description's `routing`, without `customOperations`.
 *
 * n8n behavior: with Retry On Fail, each try of such a tool has a new run index. Here a retry keeps the one of
 * the run that failed, so that what that run ordered is not ordered again.
 */
export async function performForItem(
  context: IExecutePaginationFunctions,
  perform: Perform,
  request: RequestTemplate,
): Promise<INodeExecutionData[]> {
  const read: GetParameter = (name, _, fallback) => context.getNodeParameter(name, fallback);
  const base = await common(context, read, 1, true);
  const { node, memory } = base;
  // By their input: a model calls a tool several times at once.
  const kept = node.retryOnFail ? (memory.failedTools ??= {}) : {};
  const failures = kept as Record<string, { index: number; at: number }>;
  const input = JSON.stringify(context.getInputData(0, NodeConnectionTypes.AiTool).json);
  const call = createHash('sha256').update(input).digest('hex');
  const failed = failures[call];
  const isRetry = failed && Date.now() - failed.at < MAX_RETRY_PAUSE;
  const index = isRetry ? failed.index : base.index;
  const run: Run = { ...base, index, input: () => context.getInputData().json, hint: () => {} };
  return await perform(run, request).catch((error: unknown) => {
    failures[call] = { index, at: Date.now() };
    throw error;
  });
}

type GetParameter = (name: string, item: number, fallback?: object) => unknown;

async function common(
  context: IExecuteFunctions | IExecutePaginationFunctions,
  getParameter: GetParameter,
  size: number,
  isTool: boolean,
) {
  const node = context.getNode();
  const signal = context.getExecutionCancelSignal();
  const executionId = context.getExecutionId();
  const parameter = parameterReader(node, getParameter);
  const { batching, ...options } = requestOptionsFrom(parameter('requestOptions', 0, {}), node);
  let credential: Promise<Credential> | undefined;
  const readCredential = async () => await (credential ??= credentialOf(context));
  const concurrency = await concurrencyFrom(parameter, size);
  const giveUpAt = isTool ? now() + TOOL_PATIENCE : Infinity;
  const settings = { priority: 'row', concurrency, signal, options, deadline: giveUpAt } as const;
  return {
    node,
    size,
    isTool,
    giveUpAt,
    // n8n behavior: its contexts have this, though their types do not.
    index: (context as { runIndex?: number }).runIndex ?? 0,
    onError: onErrorOf(node, context.continueOnFail()),
    isManual: context.getMode() === 'manual',
    signal,
    memory: context.getContext('node'),
    requestOptions: options,
    batching,
    executionId,
    workflowId: context.getWorkflow().id,
    concurrency,
    parameter,
    options: (item: number) => checkOptions(parameter('options', item, {}) as object),
    locatorMode: (name: string) => {
      const chosen: unknown = node.parameters[name];
      return isObject(chosen) ? String(chosen.mode) : undefined;
    },
    account: async () => (await readCredential()).account,
    hasKeyByItem: async () => await dependsOnItem(context, (await readCredential()).account, size),
    assertOneAccount: async () => {
      const other = await itemOfAnother(context, (await readCredential()).account, size);
      if (other !== undefined) throw manyAccounts(node, other);
    },
    maxVideosPerDay: async () => checkDailyLimit((await readCredential()).maxVideosPerDay),
    client: async () => (await readCredential()).account.client(context, settings),
    store: async (file: unknown, name: string, type: string) =>
      await context.helpers.prepareBinaryData(file as Buffer, name, type),
    note: (name: string, text: string) => context.customData?.set(name, text),
    warn: (message: string) => context.logger.warn(message, { node: node.name, executionId }),
  };
}

function manyAccounts(node: INode, other: number): NodeOperationError {
  const message = `The expression in the iTeraBiz credential gives item ${other + 1} another API key or Base URL than item 1`;
  return new NodeOperationError(node, message, {
    description:
      'Nothing was sent, because n8n would use those of item 1 for all items. Put "Loop Over Items" with a Batch Size of 1 before this node.',
  });
}

function onErrorOf({ onError }: INode, continues: boolean): OnError {
  if (!continues) return 'stop';
  return onError === 'continueErrorOutput' ? onError : 'continueRegularOutput';
}

/** The smallest of all items. An item whose Max Concurrency is invalid fails by itself. */
async function concurrencyFrom(parameter: Run['parameter'], size: number): Promise<number> {
  const yieldIfDue = yielder();
  let smallest = Infinity;
  for (let item = 0; item < size; item++) {
    await yieldIfDue();
    try {
      const entered = parameter('options.maxConcurrency', item, DEFAULT_CONCURRENCY);
      smallest = Math.min(smallest, checkNumber(entered, 'maxConcurrency'));
    } catch {
      continue;
    }
  }
  return smallest === Infinity ? DEFAULT_CONCURRENCY : smallest;
}

/** Reads a parameter only once for all items if it contains no expression. */
function parameterReader({ parameters }: INode, getParameter: GetParameter): Run['parameter'] {
  const fixed = new Map<string, unknown>();
  const inside = (value: unknown, key: string) => (isObject(value) ? value[key] : value);
  return (name, item, fallback = '') => {
    if (fixed.has(name)) return fixed.get(name);
    const read = getParameter(name, item, fallback as object);
    const value = isObject(read) && read.__rl === true ? read.value : read;
    const entered = name.split('.').reduce<unknown>(inside, parameters);
    if (!hasExpression(entered)) fixed.set(name, value);
    return value;
  };
}

function hasExpression(value: unknown): boolean {
  if (typeof value === 'string') return value.startsWith('=');
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasExpression);
}

function requestOptionsFrom(value: unknown, node: INode) {
  const { batching, proxy, timeout, allowUnauthorizedCerts } = value as IDataObject;
  const batch = isObject(batching) && isObject(batching.batch) ? batching.batch : {};
  const milliseconds = Number(timeout);
  return {
    batching: {
      size: Math.max(1, Number(batch.batchSize) || 1),
      // In the editor, a size of -1 turns batching off.
      interval: Number(batch.batchSize) < 0 ? 0 : Math.max(0, Number(batch.batchInterval) || 0),
    },
    // n8n behavior: its HTTP client never answers if this is negative, and gives up at once if it is too long.
    timeout: milliseconds >= 1 ? Math.min(milliseconds, MAX_TIMER) : TIMEOUT,
    ...(proxy ? { proxy: proxyFrom(String(proxy), node) } : {}),
    ...(allowUnauthorizedCerts ? { skipSslCertificateValidation: true } : {}),
  };
}

function proxyFrom(address: string, node: INode): IHttpRequestOptions['proxy'] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // `URL` leaves out a protocol's own port.
  const hasPort = url?.port || /:\d+\/?$/.test(address.trim());
  if (!url?.hostname || !hasPort) {
    throw new NodeOperationError(node, 'The proxy under Request Options is not valid', {
      description: 'Enter its whole address with the port, such as http://proxy.example.com:3128',
    });
  }
  const { hostname, port, protocol, username, password } = url;
  // A password may have a % of its own.
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return {
    host: hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    protocol: protocol.replace(':', ''),
    ...(username && { auth: { username: decode(username), password: decode(password) } }),
  };
}

/** n8n behavior: its contexts have this time, though their types do not. */
function timeoutOf(context: IExecuteFunctions): number | undefined {
  const { additionalData = {} } = context as { additionalData?: AdditionalData };
  const seconds = Number(context.getWorkflowSettings().executionTimeout);
  const bySetting = seconds > 0 ? Date.now() + seconds * 1_000 : undefined;
  return additionalData.executionTimeoutTimestamp ?? bySetting;
}

type AdditionalData = { executionTimeoutTimestamp?: number; executeWorkflow?: unknown };

/**
 * Puts an execution aside, if n8n can. n8n behavior: an execution or workflow that it does not store has no
 * ID, or one that begins with an underscore.
 *
 * n8n behavior: before 2.41, an execution that waited for a small workflow was left waiting forever if n8n
 * was killed at the wrong moment. The recovery of such executions uses this constant, and came with it.
 */
export function workflowRunner(
  context: IExecuteFunctions,
  n8n: object = n8nWorkflow,
): Run['executeWorkflow'] {
  const { additionalData = {} } = context as { additionalData?: AdditionalData };
  const executionId = context.getExecutionId();
  const workflowId = context.getWorkflow().id ?? '';
  const isStored = [executionId, workflowId].every((id) => /^[^_]/.test(id ?? ''));
  const canRunOthers = 'executeWorkflow' in additionalData && 'WAIT_FOR_SUB_EXECUTION' in n8n;
  if (!isStored || !canRunOthers) return undefined;
  const parentExecution = { executionId, workflowId, shouldResume: true };
  const options = { parentExecution, executionMode: context.getMode() };
  return async (code, items) => await context.executeWorkflow({ code }, items, undefined, options);
}
