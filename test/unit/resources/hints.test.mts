/** What the editor makes of the conditions and the subtitle, evaluated as it does. */
import { type INodeExecutionData, type INodeParameters, Workflow } from 'n8n-workflow';

import { ITeraBiz } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';

const nodeType = new ITeraBiz();
const [oneFails] = nodeType.description.hints!;

function evaluate(expression: string, parameters: INodeParameters, items = 1): unknown {
  const workflow = new Workflow({
    nodes: [{ id: '1', name: 'N', type: 'n', typeVersion: 1, position: [0, 0], parameters }],
    connections: {},
    active: false,
    nodeTypes: {
      getByName: () => nodeType,
      getByNameAndVersion: () => nodeType,
      getKnownTypes: () => ({}),
    },
  });
  const input: INodeExecutionData[] = Array.from({ length: items }, () => ({ json: {} }));
  return workflow.expression.getParameterValue(expression, null, 0, 0, 'N', input, 'manual', {});
}

const create = { resource: 'video', operation: 'create' };
const generate = { resource: 'content', operation: 'generate' };
const get = { resource: 'video', operation: 'get' };
const waiting = { waitForCompletion: true };
const others = [
  get,
  { resource: 'video', operation: 'download' },
  { resource: 'video', operation: 'getAll' },
  { resource: 'avatar', operation: 'create' },
  { resource: 'avatar', operation: 'getAll' },
];

test.each<[INodeParameters, number, boolean]>([
  [{ ...create, ...waiting }, 2, true],
  [{ ...get, ...waiting }, 2, true],
  [{ ...create, ...waiting }, 1, false],
  [{ ...create, ...waiting, options: { failedVideos: 'output' } }, 2, false],
  [create, 2, false],
  ...others.map((parameters) => [parameters, 2, false] as [INodeParameters, number, boolean]),
])(
  'what a failed video does to the others is said for %j of %i: %s',
  (parameters, items, shown) => {
    expect(evaluate(oneFails.displayCondition!, parameters, items)).toBe(shown);
  },
);

test.each<[INodeParameters, string]>([
  [create, 'does not wait'],
  [generate, 'does not wait'],
  [{ ...create, ...waiting }, 'waits for completion'],
  [{ ...create, options: { previewOnly: true } }, 'orders nothing'],
  [{ ...create, ...waiting, options: { previewOnly: true } }, 'orders nothing'],
  [{ ...create, options: { previewOnly: false } }, 'does not wait'],
  [get, ''],
  [{ ...get, ...waiting }, 'waits for completion'],
  [{ resource: 'video', operation: 'download' }, ''],
  [{ resource: 'video', operation: 'getAll' }, 'up to 50'],
  [{ resource: 'video', operation: 'getAll', returnAll: true }, 'all'],
  [{ resource: 'avatar', operation: 'create' }, ''],
])('the subtitle of %j is "%s"', (parameters, subtitle) => {
  expect(evaluate(nodeType.description.subtitle!, parameters)).toBe(subtitle);
});
