import type { IHttpRequestMethods, INodeProperties } from 'n8n-workflow';

import type { Action } from '../run/item';
import { perItem } from '../run/send';

/** One thing the node can do, and what carries it out. Each lives in a file of its own. */
export interface Operation {
  name: string;
  value: string;
  /** As in `Create video`: what n8n lists when someone searches for something to do */
  action: string;
  description: string;
  request: { method: IHttpRequestMethods; url: string };
  /** Carries it out */
  perform: Action;
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
 * The engine walks all of them for every item, so a field that several operations share becomes one
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
 * Every operation names what carries it out. n8n behaviour: a function in `operations.pagination` makes
 * the request of an item in n8n's place, where `paginate` says so.
 */
function operationPicker({ value, operations, defaultOperation }: Resource): INodeProperties {
  return {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: { resource: [value] } },
    options: operations.map(({ name, value, action, description, request, perform }) => ({
      name,
      value,
      action,
      description,
      routing: {
        request,
        send: { paginate: true },
        operations: { pagination: perItem(perform) },
      },
    })),
    default: defaultOperation,
  };
}

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
