import type {
  IExecuteFunctions,
  IExecutePaginationFunctions,
  IHttpRequestMethods,
  INodeExecutionData,
  INodeProperties,
  INodeType,
} from 'n8n-workflow';

import { type Perform, type RequestTemplate, runOf, runOfItem } from '../run/run';

/** One thing the node can do, and what carries it out. Each lives in a file of its own. */
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
  /** What the editor offers under Options */
  options: INodeProperties[];
}

/** What the operations are about. */
export interface Resource {
  name: string;
  value: string;
  /** Saved workflows leave the default out, so this must never change */
  defaultOperation: string;
  operations: Operation[];
}

/** A field or option, and the operations that have it. */
interface Use {
  property: INodeProperties;
  users: Array<{ resource: string; operation: string }>;
}

/**
 * The node's parameters: which resource, which operation, the operation's fields and options.
 *
 * n8n's editor and its routing walk all of them, so a field that several operations share becomes one
 * parameter where n8n's display rules can say it, and all options sit in one collection.
 */
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
    ...resources.flatMap(toolDescriptions),
    ...shown(uses(resources, 'fields'), resources, ''),
    {
      displayName: 'Options',
      name: 'options',
      type: 'collection',
      placeholder: 'Add option',
      default: {},
      options: shown(uses(resources, 'options'), resources, '/').sort((one, other) =>
        one.displayName.localeCompare(other.displayName),
      ),
    },
  ];
}

/**
 * What carries out each operation, for n8n's `customOperations`: all items of a run at once.
 *
 * @param more operations that no user sees, by resource
 */
export function toCustomOperations(
  resources: Resource[],
  more: Record<string, Record<string, Perform>>,
): INodeType['customOperations'] {
  return Object.fromEntries(
    resources.map((resource) => [
      resource.value,
      Object.fromEntries([
        ...resource.operations.map((operation) => [
          operation.value,
          forAllItems(operation.perform, templateOf(resource, operation)),
        ]),
        ...Object.entries(more[resource.value] ?? {}).map(([name, perform]) => [
          name,
          forAllItems(perform, { doing: '', url: '', fields: [] }),
        ]),
      ]),
    ]),
  );
}

function templateOf(resource: Resource, operation: Operation): RequestTemplate {
  const { request, fields } = operation;
  return { doing: `${operation.value} the ${resource.value}`, url: request.url, fields };
}

function forAllItems(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    return [await perform(runOf(this), template)];
  };
}

/**
 * The same for a tool. n8n behavior: a function in `operations.pagination` makes the request of an item in
 * n8n's place, where `paginate` says so.
 */
function forOneItem(perform: Perform, template: RequestTemplate) {
  return async function (this: IExecutePaginationFunctions): Promise<INodeExecutionData[]> {
    return await perform(runOfItem(this), template);
  };
}

function operationPicker(resource: Resource): INodeProperties {
  const { value, operations, defaultOperation } = resource;
  return {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: [value] } },
    options: operations.map((operation) => ({
      name: operation.name,
      value: operation.value,
      action: operation.action,
      description: operation.description,
      routing: {
        request: operation.request,
        send: { paginate: true },
        operations: {
          pagination: forOneItem(operation.perform, templateOf(resource, operation)),
        },
      },
    })),
    default: defaultOperation,
  };
}

/**
 * What a model reads of each operation. n8n behavior: where a node has this property, it adds none of its
 * own, whose text would be the action alone; `@tool` shows it on the node's tool and nowhere else.
 */
function toolDescriptions({ value, operations }: Resource): INodeProperties[] {
  return operations.map((operation) => ({
    ...toolDescription,
    default: operation.tool,
    displayOptions: {
      show: { '@tool': [true], resource: [value], operation: [operation.value] },
    },
  }));
}

const toolDescription: INodeProperties = {
  displayName: 'Tool Description',
  name: 'toolDescription',
  type: 'string',
  typeOptions: { rows: 4 },
  default: '',
  description: 'What the AI model is told about this tool',
};

/** Each field once, in an order that keeps every operation's own order. */
function uses(resources: Resource[], list: 'fields' | 'options'): Use[] {
  const found: Use[] = [];
  for (const resource of resources) {
    for (const operation of resource.operations) {
      let place = 0;
      for (const property of operation[list]) {
        const known = found.findIndex((use) => use.property === property);
        if (known === -1) found.splice(place, 0, { property, users: [] });
        else place = known;
        found[place].users.push({ resource: resource.value, operation: operation.value });
        place += 1;
      }
    }
  }
  return found;
}

/**
 * The fields with rules that show each to its operations and to no other.
 *
 * A rule lists resources and operations, and shows the field for every pair of them. Where that
 * would be one pair too many, the field is written once per resource.
 *
 * @param prefix `/` where the rules stand inside a collection and look at the node's parameters
 */
function shown(found: Use[], resources: Resource[], prefix: '' | '/'): INodeProperties[] {
  return found.flatMap(({ property, users }) => {
    const groups = isEveryPair(users, resources)
      ? [users]
      : distinct(users.map(({ resource }) => resource)).map((resource) =>
          users.filter((user) => user.resource === resource),
        );
    return groups.map((group) => ({
      ...property,
      displayOptions: {
        ...property.displayOptions,
        show: {
          ...property.displayOptions?.show,
          [`${prefix}resource`]: distinct(group.map(({ resource }) => resource)),
          [`${prefix}operation`]: distinct(group.map(({ operation }) => operation)),
        },
      },
    }));
  });
}

/** Whether the users are all there are of their operations within their resources. */
function isEveryPair(users: Use['users'], resources: Resource[]): boolean {
  const names = users.map(({ operation }) => operation);
  const covered = resources
    .filter(({ value }) => users.some(({ resource }) => resource === value))
    .flatMap(({ operations }) => operations.filter(({ value }) => names.includes(value)));
  return covered.length === users.length;
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
