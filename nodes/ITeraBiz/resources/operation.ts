import type {
  IExecuteFunctions,
  IExecutePaginationFunctions,
  IHttpRequestMethods,
  INodeExecutionData,
  INodeProperties,
  INodeType,
} from 'n8n-workflow';

import { optionsField } from '../fields/options';
import { type Perform, type RequestTemplate, runOf, runOfItem } from '../run/run';

/** One thing the node can do. */
export interface Operation {
  name: string;
  value: string;
  /** As in `Create video`: what n8n lists when someone searches for something to do */
  action: string;
  description: string;
  /** What an AI model reads of it as a tool: what it does and costs, what it needs, what comes back */
  tool: string;
  request: { method: IHttpRequestMethods; url: string };
  /** Carries it out */
  perform: Perform;
  /** What the editor shows, from top to bottom */
  fields: INodeProperties[];
  /** What the editor offers under Options, in any order */
  options: INodeProperties[];
}

/** What the operations are about. */
export interface Resource {
  name: string;
  value: string;
  /** The first is the default. Saved workflows leave the default out, so it must stay the first */
  operations: Operation[];
  /** Operations that no user sees, by name */
  hidden?: Record<string, Perform>;
}

/** The node's parameters: which resource, which operation, and each operation's own. */
export function toProperties(resources: Resource[], defaultResource: string): INodeProperties[] {
  return [
    {
      displayName: 'Resource',
      name: 'resource',
      type: 'options',
      noDataExpression: true,
      options: resources.map(({ name, value }) => ({ name, value })),
      default: defaultResource,
    },
    ...resources.map(operationPicker),
    ...resources.flatMap((resource) =>
      resource.operations.flatMap((operation) => parametersOf(resource, operation)),
    ),
  ];
}

function operationPicker(resource: Resource): INodeProperties {
  const [{ value }] = resource.operations;
  return {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: [resource.value] } },
    options: resource.operations.map((operation) => ({
      name: operation.name,
      value: operation.value,
      action: operation.action,
      description: operation.description,
      routing: {
        request: operation.request,
        send: { paginate: true },
        operations: { pagination: forOneItem(operation.perform, templateOf(resource, operation)) },
      },
    })),
    default: value,
  };
}

/**
 * What a model reads, the fields, and the options of an operation; n8n shows them to no other.
 *
 * n8n behavior: where a node has a `toolDescription`, it adds none of its own, whose text would be the
 * action alone; `@tool` shows it on the node's tool and nowhere else.
 */
function parametersOf({ value }: Resource, operation: Operation): INodeProperties[] {
  const { tool } = operation;
  const toolDescription: INodeProperties = {
    displayName: 'Tool Description',
    name: 'toolDescription',
    type: 'string',
    typeOptions: { rows: 4 },
    displayOptions: { show: { '@tool': [true] } },
    default: tool,
    description: 'What the AI model is told about this tool',
  };
  const options = [...operation.options].sort((a, b) => (a.displayName < b.displayName ? -1 : 1));
  const own = { resource: [value], operation: [operation.value] };
  return [toolDescription, ...operation.fields, optionsField(options)].map((property) => ({
    ...property,
    displayOptions: { show: { ...property.displayOptions?.show, ...own } },
  }));
}

/** What carries out each operation, for n8n's `customOperations`: all items of a run at once. */
export function toCustomOperations(resources: Resource[]): INodeType['customOperations'] {
  const functionsOf = (resource: Resource) => [
    ...resource.operations.map((operation) => [
      operation.value,
      forAllItems(operation.perform, templateOf(resource, operation)),
    ]),
    ...Object.entries(resource.hidden ?? {}).map(([name, perform]) => [
      name,
      forAllItems(perform, { doing: '', url: '', fields: [] }),
    ]),
  ];
  return Object.fromEntries(
    resources.map((resource) => [resource.value, Object.fromEntries(functionsOf(resource))]),
  );
}

function templateOf({ value }: Resource, operation: Operation): RequestTemplate {
  const { request, fields } = operation;
  return { doing: `${operation.value} the ${value}`, url: request.url, fields };
}

function forAllItems(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    return [await perform(runOf(this), template)];
  };
}

/**
 * The same for a tool. n8n behavior: a function in `operations.pagination` makes the request of an
 * item in n8n's place, where `paginate` says so.
 */
function forOneItem(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecutePaginationFunctions): Promise<INodeExecutionData[]> {
    return await perform(runOfItem(this), template);
  };
}
