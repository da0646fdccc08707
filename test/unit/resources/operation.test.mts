import type { INode, INodeParameters, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { toProperties, type Operation } from '../../../nodes/ITeraBiz/resources/operation.ts';

const field = (name: string): INodeProperties => ({
  displayName: name.toUpperCase(),
  name,
  type: 'string',
  default: '',
});
const operation = (
  value: string,
  fields: INodeProperties[],
  options: INodeProperties[] = [],
): Operation => ({
  name: value,
  value,
  action: `Do ${value}`,
  description: `Does ${value}`,
  tool: `Does ${value} for a model`,
  request: { method: 'GET', url: `/${value}` },
  perform: async () => [],
  fields,
  options,
});
const resource = (value: string, operations: Operation[]) => ({
  name: value,
  value,
  defaultOperation: operations[0].value,
  operations,
});

/** What n8n shows for an operation. */
function visible(properties: INodeProperties[], parameters: INodeParameters): INodeProperties[] {
  return properties.filter((property) =>
    NodeHelpers.displayParameter(
      parameters,
      property,
      { typeVersion: 1 } as INode,
      null,
      parameters,
    ),
  );
}

const carriedOut = {
  send: { paginate: true },
  operations: { pagination: expect.any(Function) },
};

const names = (properties: INodeProperties[]) => properties.map(({ name }) => name);

describe('The parameters of a node', () => {
  const [who, what, when, more] = ['who', 'what', 'when', 'more'].map(field);
  const [speed, size] = ['speed', 'size'].map(field);
  const resources = [
    resource('cat', [operation('make', [what, more], [speed, size]), operation('list', [])]),
    resource('dog', [operation('make', [who, what, when, more], [speed]), operation('get', [who])]),
  ];
  const properties = toProperties(resources, 'dog');

  test('begin with the resource and its operations', () => {
    expect(properties[0]).toMatchObject({ name: 'resource', default: 'dog' });
    expect(properties[2]).toMatchObject({
      name: 'operation',
      default: 'make',
      options: [{ value: 'make', action: 'Do make' }, { value: 'get' }],
    });
  });

  test('have every operation carried out by its action', () => {
    expect(properties[2].options).toMatchObject([
      { routing: { request: { method: 'GET', url: '/make' }, ...carriedOut } },
      { routing: { request: { method: 'GET', url: '/get' }, ...carriedOut } },
    ]);
  });

  test.each(
    resources.flatMap(({ value, operations }) => operations.map((one) => [value, one] as const)),
  )('show for %s its own fields, in its own order', (resource, { value, fields }) => {
    const shown = names(visible(properties, { resource, operation: value }));
    expect(shown.filter((name) => !['resource', 'operation', 'options'].includes(name))).toEqual(
      names(fields),
    );
  });

  test('have a shared field once where that is possible', () => {
    const count = (name: string) => names(properties).filter((one) => one === name).length;
    expect(count('what')).toBe(1);
    expect(count('more')).toBe(1);
  });

  test('have a shared field per resource where one rule would show it too often', () => {
    const shared = field('shared');
    const split = toProperties(
      [
        resource('cat', [operation('make', [shared]), operation('get', [])]),
        resource('dog', [operation('make', [shared]), operation('get', [shared])]),
      ],
      'cat',
    );
    expect(names(split).filter((name) => name === 'shared')).toHaveLength(2);
    const shows = (resource: string, operation: string) =>
      names(visible(split, { resource, operation })).includes('shared');
    expect([shows('cat', 'make'), shows('cat', 'get')]).toEqual([true, false]);
    expect([shows('dog', 'make'), shows('dog', 'get')]).toEqual([true, true]);
  });

  test('keep the options in one collection, sorted, each shown to its operations', () => {
    const { options } = properties[properties.length - 1] as { options: INodeProperties[] };
    expect(names(options)).toEqual(['size', 'speed']);
    expect(options[0].displayOptions).toEqual({
      show: { '/resource': ['cat'], '/operation': ['make'] },
    });
    expect(options[1].displayOptions).toEqual({
      show: { '/resource': ['cat', 'dog'], '/operation': ['make'] },
    });
  });

  test("keep a field's own rule", () => {
    const limited = { ...field('limit'), displayOptions: { show: { returnAll: [false] } } };
    const properties = toProperties([resource('cat', [operation('list', [limited])])], 'cat');
    const limit = properties.find(({ name }) => name === 'limit')!;
    expect(limit.displayOptions).toEqual({
      show: { returnAll: [false], resource: ['cat'], operation: ['list'] },
    });
  });
});
