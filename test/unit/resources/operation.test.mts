import type { INode, INodeParameters, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import {
  toCustomOperations,
  toProperties,
  type Operation,
} from '../../../nodes/ITeraBiz/resources/operation.ts';
import type { Perform } from '../../../nodes/ITeraBiz/run/run.ts';
import { executeContext, singleContext } from '../engine.mts';

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
  const [speed, time, size] = ['speed', 'time', 'size'].map(field);
  const resources = [
    resource('cat', [operation('make', [what, more], [speed, time, size]), operation('list', [])]),
    resource('dog', [operation('make', [who, what, when, more], [speed]), operation('get', [who])]),
  ];
  const made = () => toProperties(resources, 'dog');

  test('begin with the resource and its operations', () => {
    const [resource, , operation] = made();
    const pickers = { type: 'options', noDataExpression: true };
    expect(resource).toEqual({
      ...pickers,
      displayName: 'Resource',
      name: 'resource',
      default: 'dog',
      options: ['cat', 'dog'].map((value) => ({ name: value, value })),
    });
    expect(operation).toMatchObject({
      ...pickers,
      displayName: 'Operation',
      name: 'operation',
      displayOptions: { show: { resource: ['dog'] } },
      default: 'make',
      options: [
        { name: 'make', value: 'make', action: 'Do make', description: 'Does make' },
        { value: 'get' },
      ],
    });
  });

  test('have every operation carried out by its action', () => {
    expect(made()[2].options).toMatchObject([
      { routing: { request: { method: 'GET', url: '/make' }, ...carriedOut } },
      { routing: { request: { method: 'GET', url: '/get' }, ...carriedOut } },
    ]);
  });

  test.each(
    resources.flatMap(({ value, operations }) => operations.map((one) => [value, one] as const)),
  )('show for %s its own fields, in its own order', (resource, { value, fields }) => {
    const shown = names(visible(made(), { resource, operation: value }));
    expect(shown.filter((name) => !['resource', 'operation', 'options'].includes(name))).toEqual(
      names(fields),
    );
  });

  test.each(
    resources.flatMap(({ value, operations }) => operations.map((one) => [value, one] as const)),
  )('offer for %s its own options, sorted', (resource, { value, options }) => {
    const shown = visible(made(), { resource, operation: value });
    const [offered, ...others] = shown.filter(({ name }) => name === 'options');
    expect(others).toEqual([]);
    expect(names(offered.options as INodeProperties[])).toEqual(names(options).sort());
  });

  test('tell a model, and only a model, what each operation does', () => {
    const texts = made().filter(({ name }) => name === 'toolDescription');
    expect(texts).toHaveLength(4);
    expect(texts[1]).toEqual({
      displayName: 'Tool Description',
      name: 'toolDescription',
      type: 'string',
      typeOptions: { rows: 4 },
      displayOptions: { show: { '@tool': [true], resource: ['cat'], operation: ['list'] } },
      default: 'Does list for a model',
      description: 'What the AI model is told about this tool',
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

describe('An operation is carried out', () => {
  const perform: Perform = async ({ size }, template) => [{ json: { size, ...template } as never }];
  const fields = [field('what')];
  const make = { ...operation('make', fields), perform };
  const cat = { ...resource('cat', [make]), hidden: { nap: perform } };
  const output = { doing: 'make the cat', url: '/make', fields };

  test('for all items of a run at once', async () => {
    const { cat: operations } = toCustomOperations([cat])!;
    const context = executeContext({ items: [{}, {}] });
    expect(await operations.make.call(context)).toEqual([[{ json: { size: 2, ...output } }]]);
    const hidden = { size: 2, doing: '', url: '', fields: [] };
    expect(await operations.nap.call(context)).toEqual([[{ json: hidden }]]);
    expect(Object.keys(toCustomOperations([resource('dog', [make])])!.dog)).toEqual(['make']);
  });

  test('for a single item where n8n asks for that', async () => {
    const [, { options = [] }] = toProperties([cat], 'cat');
    const { pagination } = (options[0] as INodePropertyOptions).routing!.operations!;
    const carryOut = pagination as (this: unknown) => Promise<unknown>;
    expect(await carryOut.call(singleContext({ items: [{}, {}] }, 1))).toEqual([
      { json: { size: 1, ...output } },
    ]);
  });
});
