import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { parse } from 'yaml';

import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { createVideo, errorOf, itemsOf, runNode } from '../support.mts';
import { byId } from './byId.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

interface Contract {
  paths: Record<string, Record<string, unknown>>;
}

/** What the API offers, as in `POST /videos`. Webhooks are the trigger's, tested in test/engine/triggers. */
function offered(): string[] {
  const file = join(import.meta.dirname, '../../../sandbox/openapi.yaml');
  const { paths } = parse(readFileSync(file, 'utf8')) as Contract;
  return Object.entries(paths)
    .filter(([path]) => !path.startsWith('/webhooks'))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
}

/** What makes each operation succeed, given the ID of a finished video. */
const parameters: Record<string, (videoId: string) => INodeParameters> = {
  'avatar: create': () => ({
    name: 'Anna',
    imageUrl: 'https://example.com/a.jpg',
    voiceId: 'voice_1',
  }),
  'avatar: getAll': () => ({ limit: 1 }),
  'content: generate': () => ({
    prompt: 'Tea',
    avatarId: byId('avatar_james01'),
    language: 'en-US',
    duration: 30,
  }),
  'video: create': () => createVideo({ script: 'Hello' }),
  'video: download': (videoId) => ({ videoId: byId(videoId) }),
  'video: get': (videoId) => ({ videoId: byId(videoId) }),
  'video: getAll': () => ({ returnAll: true }),
};

test('every operation of the node works, and together they use all that the API offers', async () => {
  const [{ id }] = await sandbox.addVideos(1);
  for (const { value: resource, operations } of resources) {
    for (const { value: operation } of operations) {
      const name = `${resource}: ${operation}`;
      expect(Object.keys(parameters)).toContain(name);
      const fields = parameters[name](id);
      const run = await runNode(sandbox, { ...fields, resource, operation });
      expect(errorOf(run).message).toBe('');
      expect(itemsOf(run).length).toBeGreaterThan(0);
    }
  }
  const { requests, refused, unknownFields } = await sandbox.stats();
  expect(Object.keys(requests).sort()).toEqual([...offered(), 'GET file'].sort());
  expect(refused).toEqual({});
  expect(unknownFields).toEqual([]);
});
