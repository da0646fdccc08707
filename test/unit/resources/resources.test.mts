import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeProperties } from 'n8n-workflow';

import { events } from '../../../nodes/ITeraBiz/fields/events.ts';
import { BadInput, checkBody } from '../../../nodes/ITeraBiz/fields/validate.ts';
import { ITeraBiz, resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { LABELS } from '../../../nodes/ITeraBiz/messages/message.ts';
import { durableOperations } from '../../../nodes/ITeraBiz/waiting/durableOperations.ts';

const operations = resources.flatMap(({ value, operations }) =>
  operations.map((operation) => ({ resource: value, ...operation })),
);
const folder = join(import.meta.dirname, '../../../nodes/ITeraBiz');

/** The fields that go into a body, by their name in the API. */
const bodyFields = operations
  .flatMap(({ fields }) => fields)
  .filter(({ routing }) => routing?.send?.type === 'body')
  .map((property) => [property.routing!.send!.property!, property] as [string, INodeProperties]);

test('The names that saved workflows rest on', () => {
  const fixed = Object.fromEntries(
    operations.map(({ resource, value, request, fields, options }) => [
      `${resource}:${value}`,
      [request.method, request.url, names(fields), names(options)],
    ]),
  );
  const waiting = ['failedVideos', 'holdWhileWaiting', 'maxWait', 'pollInterval'];
  const limits = ['maxVideos', 'maxSeconds', 'previewOnly'];
  expect(fixed).toEqual({
    'avatar:create': [
      'POST',
      '/avatars',
      ['name', 'imageUrl', 'voiceId', 'additionalFields'],
      ['maxConcurrency', 'resubmitUnknown'],
    ],
    'avatar:getAll': ['GET', '/avatars', ['returnAll', 'limit'], ['maxConcurrency']],
    'content:generate': [
      'POST',
      '/content/generate',
      ['prompt', 'avatarId', 'language', 'duration', 'waitForCompletion', 'additionalFields'],
      [...waiting, ...limits, 'maxConcurrency', 'resubmitUnknown', 'whenVideoExists', 'lookBack'],
    ],
    'video:create': [
      'POST',
      '/videos',
      ['avatarId', 'script', 'language', 'duration', 'waitForCompletion', 'additionalFields'],
      [...waiting, ...limits, 'maxConcurrency', 'resubmitUnknown', 'whenVideoExists', 'lookBack'],
    ],
    'video:download': [
      'GET',
      '/videos',
      ['videoId', 'binaryPropertyName'],
      ['fileName', 'maxConcurrency'],
    ],
    'video:get': [
      'GET',
      '/videos',
      ['videoId', 'waitForCompletion'],
      [...waiting, 'maxConcurrency'],
    ],
    'video:getAll': ['GET', '/videos', ['returnAll', 'limit', 'filters'], ['maxConcurrency']],
  });
});

test('The operations that saved workflows leave out', () => {
  const defaults = resources.map(({ value, operations }) => [value, operations[0].value]);
  expect(defaults).toEqual([
    ['avatar', 'create'],
    ['content', 'generate'],
    ['video', 'create'],
  ]);
});

test('The operations of a wait that n8n has taken over are carried out, and offered to no user', () => {
  const hidden = Object.keys(durableOperations);
  expect(Object.keys(new ITeraBiz().customOperations!.video)).toEqual([
    ...['create', 'download', 'get', 'getAll'],
    ...hidden,
  ]);
  const offered = operations.map(({ value }) => value);
  expect(offered.filter((value) => hidden.includes(value))).toEqual([]);
});

test.each(operations)('$resource: $value has a preview of its output', ({ resource, value }) => {
  const path = join(folder, '__schema__', 'v1.0.0', resource, `${value}.json`);
  expect(existsSync(path)).toBe(true);
  const schema = JSON.parse(readFileSync(path, 'utf8'));
  expect(schema).toMatchObject({ type: 'object', properties: { id: { type: 'string' } } });
});

test.each([...bodyFields, ['events', events] as const])(
  '%s has the label that messages use',
  (field, { displayName }) => {
    expect(LABELS[field]).toBe(displayName);
  },
);

test.each(bodyFields)('%s is checked before it is sent', (field) => {
  expect(() => checkBody({ [field]: '' })).toThrow(BadInput);
});

function names(properties: INodeProperties[]): string[] {
  return properties.map(({ name }) => name);
}
