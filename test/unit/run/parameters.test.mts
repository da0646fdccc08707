import type { IDataObject, IExecutePaginationFunctions, INodeParameters } from 'n8n-workflow';

import {
  idParameter,
  inputItems,
  isToolCall,
  optionsFor,
  optionsOf,
  parameterFor,
  textParameter,
} from '../../../nodes/ITeraBiz/run/parameters.ts';

interface Given {
  /** As the node was saved */
  written?: INodeParameters;
  /** As n8n hands them out for this item */
  values?: IDataObject;
  data?: object;
  runs?: object;
}

/** What n8n's context says; an expression is its own text and the item that it was worked out for. */
function contextOf({ written = {}, values = {}, data = { main: [[]] }, runs = {} }: Given = {}) {
  const asked: unknown[] = [];
  const context = {
    getNode: () => ({ name: 'iTeraBiz', parameters: written }),
    getNodeParameter: (name: string, fallback: unknown, how?: object) => {
      asked.push([name, fallback, how]);
      return name in values ? values[name] : fallback;
    },
    getInputData: () => ({ json: { call: true } }),
    getExecuteData: () => ({ data, node: { name: 'iTeraBiz', ...runs } }),
    evaluateExpression: (expression: string, item: number) => `${expression} of ${item}`,
  } as unknown as IExecutePaginationFunctions;
  return { context, asked };
}

const items = [{ json: { row: 0 } }, { json: { row: 1 } }];

test.each<[string, Given, boolean, object[]]>([
  ['of its own', { data: { main: [items] } }, false, items],
  ['with no input', { data: { main: [null] } }, false, []],
  [
    'that is to run once',
    { data: { main: [items] }, runs: { executeOnce: true } },
    false,
    [items[0]],
  ],
  ['as a tool', { data: { ai_tool: [[]] } }, true, [{ json: { call: true } }]],
  [
    'as a tool of an older agent',
    { data: { main: [items] }, runs: { name: 'AI Agent' } },
    true,
    [{ json: { call: true } }],
  ],
])('the items of a run %s', (_, given, isTool, expected) => {
  const { context } = contextOf(given);
  expect(isToolCall(context)).toBe(isTool);
  expect(inputItems(context)).toEqual(expected);
});

test.each([
  [' a ', 'a'],
  [7, '7'],
  [null, ''],
  [undefined, ''],
])('%j as text is %j', (value, text) => {
  expect(textParameter(contextOf({ values: { name: value } }), 'name')).toBe(text);
});

test('a parameter that is not there is an empty text, and no options are chosen', () => {
  expect(textParameter(contextOf(), 'name')).toBe('');
  expect(optionsOf(contextOf())).toEqual({});
});

test('an ID is what was picked, as it came', () => {
  const given = contextOf({ values: { videoId: 7 } });
  expect(idParameter(given, 'videoId')).toBe(7);
  expect(given.asked).toEqual([['videoId', '', { extractValue: true }]]);
  expect(idParameter(contextOf(), 'videoId')).toBe('');
});

describe('The options of another item', () => {
  const values = { options: { maxVideos: 3 } };

  test.each<[string, INodeParameters]>([
    ['without any', {}],
    ['where none is an expression', { options: { maxVideos: 3, fileName: 'a=b' } }],
    ['that are no options', { options: 'all' }],
  ])('are those of all, %s', (_, written) => {
    expect(optionsFor(contextOf({ written, values }).context, 1)).toEqual({ maxVideos: 3 });
  });

  test('are worked out for it where one is an expression', () => {
    const written = { options: { maxVideos: '={{ $json.most }}', lookBack: 7, fileName: 'a=' } };
    expect(optionsFor(contextOf({ written, values }).context, 4)).toEqual({
      maxVideos: '{{ $json.most }} of 4',
      lookBack: 7,
      fileName: 'a=',
    });
  });
});

test.each<[string, INodeParameters[string], unknown]>([
  ['an expression', '={{ $json.a }}', { value: '{{ $json.a }} of 2' }],
  [
    'one that was picked',
    { __rl: true, mode: 'id', value: '={{ $json.a }}' },
    { value: '{{ $json.a }} of 2' },
  ],
  ['a text', 'a=', undefined],
  ['a number', 7, undefined],
  ['a picked one that is fixed', { __rl: true, mode: 'id', value: 'a' }, undefined],
  ['what only looks like a picked one', { value: '={{ $json.a }}' }, undefined],
  ['nothing', undefined as never, undefined],
])('a parameter for another item: %s', (_, parameter, expected) => {
  const { context } = contextOf({ written: { avatarId: parameter } });
  expect(parameterFor(context, 'avatarId', 2)).toEqual(expected);
});
