/** What stands in n8n's editor and what a model reads, held to n8n's rules for it. */
import type { INodeProperties, INodePropertyCollection, INodeType } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { ITeraBiz, resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';

const nodes: INodeType[] = [new ITeraBiz(), new ITeraBizTrigger(), new ITeraBizPollingTrigger()];

function withInner(property: INodeProperties): INodeProperties[] {
  const inner = (property.options ?? []) as (INodeProperties | INodePropertyCollection)[];
  const fields = inner.flatMap((one) =>
    'values' in one ? one.values : 'type' in one ? [one] : [],
  );
  return [property, ...fields.flatMap(withInner)];
}

const properties = nodes.flatMap(({ description }) => description.properties.flatMap(withInner));
const notices = nodes.flatMap(({ description }) => description.hints ?? []);

test('hints have at most 120 characters', () => {
  const texts = [
    ...properties.flatMap(({ hint, modes = [] }) => [hint, ...modes.map((mode) => mode.hint)]),
    ...notices.map(({ message }) => message),
  ].filter((text) => text !== undefined);
  expect(texts.length).toBeGreaterThan(3);
  expect(texts.filter((text) => text.length > 120)).toEqual([]);
});

const operations = resources.flatMap(({ value, operations }) =>
  operations.map((operation) => ({ resource: value, ...operation })),
);

/** OpenAI refuses a longer description of a tool. */
test.each(operations)('a model reads what $resource: $value does, in 1,024 characters', (one) => {
  const tool = { ...new ITeraBiz().description, name: 'iTeraBizTool', outputs: ['ai_tool'] };
  const parameters = NodeHelpers.getNodeParameters(
    tool.properties,
    { resource: one.resource, operation: one.value },
    true,
    false,
    null,
    tool as never,
  );
  expect(parameters?.toolDescription).toBe(one.tool);
  expect(one.tool.length).toBeLessThanOrEqual(1024);
  const ordersSomething = one.request.method === 'POST';
  expect(/list the (videos|avatars) first/.test(one.tool)).toBe(ordersSomething);
});

test('only the tool has a description for models', () => {
  const { description } = new ITeraBiz();
  const parameters = NodeHelpers.getNodeParameters(
    description.properties,
    {},
    true,
    false,
    null,
    description,
  );
  expect(parameters).not.toHaveProperty('toolDescription');
  expect(parameters).toHaveProperty('script');
});

test("n8n's AI builder reads how to wait, and which trigger there is", () => {
  const { builderHint, properties: own } = new ITeraBiz().description;
  expect(builderHint?.searchHint).toContain('waitForCompletion');
  expect(builderHint?.relatedNodes?.map(({ nodeType }) => nodeType)).toEqual([
    'n8n-nodes-iterabiz.iTeraBizTrigger',
    'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
  ]);
  const hinted = own.filter((property) => property.builderHint).map(({ name }) => name);
  expect(hinted).toEqual(expect.arrayContaining(['avatarId', 'duration', 'waitForCompletion']));
});
