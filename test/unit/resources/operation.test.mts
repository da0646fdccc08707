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
const resource = (value: string, operations: Operation[]) => ({ name: value, value, operations });

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

  test.each(
    resources.flatMap(({ value, operations }) => operations.map((one) => [value, one] as const)),
  )('offer for %s its own options, sorted', (resource, { value, options }) => {
    const shown = visible(properties, { resource, operation: value });
    const [offered, ...others] = shown.filter(({ name }) => name === 'options');
    expect(others).toEqual([]);
    expect(names(offered.options as INodeProperties[])).toEqual(names(options).sort());
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
