import type {
  IDataObject,
  IExecutePaginationFunctions,
  INodeExecutionData,
  INodeParameters,
} from 'n8n-workflow';

import { isObject } from '../api/json';

/** Whatever has n8n's context of one item. */
interface WithContext {
  context: IExecutePaginationFunctions;
}

/** What a user chose under Options; what is not shown for an operation is missing. */
export interface Options extends INodeParameters {
  maxConcurrency?: number;
  maxSeconds?: number;
  maxVideos?: number;
  previewOnly?: boolean;
  resubmitUnknown?: boolean;
  whenVideoExists?: 'order' | 'reuse';
  lookBack?: number;
  maxWait?: number;
  pollInterval?: number;
  failedVideos?: 'stop' | 'output';
  holdWhileWaiting?: boolean;
  fileName?: string;
}

/**
 * Whether an AI agent calls the node as its tool.
 *
 * n8n behaviour: newer agents let n8n run it, with the call as its only input; older ones call it
 * within their own run, and then n8n names the agent's node and items in place of this node's.
 */
export function isToolCall(context: IExecutePaginationFunctions): boolean {
  const { data, node } = context.getExecuteData();
  return data.main === undefined || node.name !== context.getNode().name;
}

/** The items that this run of the node is for. n8n behaviour: Execute Once leaves only the first. */
export function inputItems(context: IExecutePaginationFunctions): INodeExecutionData[] {
  if (isToolCall(context)) return [context.getInputData()];
  const { data, node } = context.getExecuteData();
  const items = data.main[0] ?? [];
  return node.executeOnce ? items.slice(0, 1) : items;
}

export function optionsOf({ context }: WithContext): Options {
  return context.getNodeParameter('options', {}) as Options;
}

/** A parameter as plain text, empty where there is none. */
export function textParameter({ context }: WithContext, name: string): string {
  return String(context.getNodeParameter(name, '') ?? '').trim();
}

/** The ID that was picked or entered in a resource locator, as it came; it is still to be checked. */
export function idParameter({ context }: WithContext, name: string): unknown {
  return context.getNodeParameter(name, '', { extractValue: true });
}

/**
 * The options of any item of the run, also of one that is still to come.
 *
 * @throws n8n's own error where an expression fails
 */
export function optionsFor(context: IExecutePaginationFunctions, item: number): Options {
  const written = context.getNode().parameters.options;
  if (!isObject(written) || !Object.values(written).some(isExpression))
    return optionsOf({ context });
  const values = Object.entries(written).map(([name, value]) => [
    name,
    isExpression(value) ? context.evaluateExpression(value.slice(1), item) : value,
  ]);
  return Object.fromEntries(values) as Options;
}

/**
 * What a parameter is for any item of the run, where it is an expression; nothing where it is the
 * same for all.
 */
export function parameterFor(
  context: IExecutePaginationFunctions,
  name: string,
  item: number,
): { value: IDataObject[string] } | undefined {
  const parameter: unknown = context.getNode().parameters[name];
  const written = isObject(parameter) && parameter.__rl === true ? parameter.value : parameter;
  if (!isExpression(written)) return undefined;
  return { value: context.evaluateExpression(written.slice(1), item) as IDataObject[string] };
}

function isExpression(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('=');
}
