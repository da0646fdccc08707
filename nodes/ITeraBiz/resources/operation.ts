import type {
  IExecuteFunctions,
  IExecutePaginationFunctions,
  IHttpRequestMethods,
  INodeExecutionData,
  INodeProperties,
  INodeType,
} from 'n8n-workflow';

import { optionsField } from '../fields/options';
import { type Perform, performForAll, performForItem, type RequestTemplate } from '../run/run';

export interface Operation {
  name: string;
  value: string;
  /** E.g. `Create video`: what n8n lists when a user searches for an action */
  action: string;
  description: string;
  /** For AI models: what the tool does and costs, what it needs, what it returns */
  tool: string;
  request: { method: IHttpRequestMethods; url: string };
  perform: Perform;
  /** As the editor shows them, from top to bottom */
  fields: INodeProperties[];
  /** Offered under Options. In any order: the editor gets them sorted */
  options: INodeProperties[];
}

export interface Resource {
  name: string;
  value: string;
  /** The first is the default. Saved workflows omit the default, so it must stay the first */
  operations: Operation[];
  /** Operations that users do not see, by name */
  hidden?: Record<string, Perform>;
}

/** The node's parameters: the resource, the operation, and the parameters of each operation. */
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
 * The tool description, fields and options of an operation, shown for that operation only.
 *
 * n8n behavior: a `toolDescription` here replaces the one that n8n adds, whose text would be just the
 * action. `@tool` shows it only if the node is used as a tool.
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
  const show = { resource: [value], operation: [operation.value] };
  return [toolDescription, ...operation.fields, optionsField(options)].map((property) => ({
    ...property,
    displayOptions: { show: { ...property.displayOptions?.show, ...show } },
  }));
}

/** The functions for n8n's `customOperations`. Each handles all items of a run at once. */
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

function templateOf(resource: Resource, { value, request, fields }: Operation): RequestTemplate {
  return { doing: `${value} the ${resource.value}`, url: request.url, fields };
}

function forAllItems(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    return [await performForAll(this, perform, template)];
  };
}

/**
 * The same for a tool. n8n behavior: with `paginate`, n8n calls the function in `operations.pagination` for
 * each item instead of sending the item's request itself.
 */
function forOneItem(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecutePaginationFunctions): Promise<INodeExecutionData[]> {
    return await performForItem(this, perform, template);
  };
}
