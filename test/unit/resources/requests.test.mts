import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { useLittleApi } from '../../shared/littleApi.mts';
import { carryOut } from '../engine.mts';

const api = useLittleApi();
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

/** The requests that an operation sends for an item. The answer has what each of them looks for. */
async function sent(parameters: INodeParameters, item: IDataObject = {}) {
  api.reply = ({ path }) => {
    if (path === '/film') return { body: Buffer.from('\0\0\0\x18ftypmp42', 'latin1') };
    const id = path.split('/')[2];
    const video = { id: id ?? 'video_9', status: 'completed', video_url: `${api.url}/film` };
    return { body: id ? video : { ...video, data: [], has_more: false } };
  };
  await carryOut({
    parameters,
    items: [item],
    credential: { apiKey: 'sk_test', baseUrl: api.url },
  });
  return api.asked.map(({ method, path, query, body }) => ({ method, path, query, body }));
}

describe('The requests of', () => {
  const cases: [string, INodeParameters, object[]][] = [
    [
      'avatar: create',
      {
        resource: 'avatar',
        operation: 'create',
        name: 'Anna',
        imageUrl: 'https://example.com/a.jpg',
        voiceId: 'voice_1',
        additionalFields: { field: [{ name: 'gender', value: 'f' }] },
      },
      [
        {
          method: 'POST',
          path: '/avatars',
          query: {},
          body: {
            name: 'Anna',
            image_url: 'https://example.com/a.jpg',
            voice_id: 'voice_1',
            gender: 'f',
          },
        },
      ],
    ],
    [
      'avatar: get many',
      { resource: 'avatar', operation: 'getAll', returnAll: false, limit: 5 },
      [{ method: 'GET', path: '/avatars', query: { limit: '5' } }],
    ],
    [
      'content: generate',
      {
        resource: 'content',
        operation: 'generate',
        prompt: '={{ $json.topic }}',
        avatarId: byId('={{ $json.avatar }}'),
        language: '=fr-CH',
        duration: '={{ $json.seconds }}',
        additionalFields: { field: [{ name: 'tags', value: '["a"]' }] },
      },
      [
        {
          method: 'POST',
          path: '/content/generate',
          query: {},
          body: {
            prompt: 'Tea',
            avatar_id: 'avatar_1',
            language: 'fr-CH',
            duration: 45,
            tags: ['a'],
          },
        },
      ],
    ],
    [
      'video: create',
      {
        resource: 'video',
        operation: 'create',
        avatarId: { __rl: true, mode: 'list', value: 'avatar_2', cachedResultName: 'Anna' },
        script: 'Hello',
        language: 'en-US',
        duration: 60,
        waitForCompletion: true,
        options: { maxWait: 5, maxConcurrency: 2 },
      },
      [
        {
          method: 'POST',
          path: '/videos',
          query: {},
          body: { avatar_id: 'avatar_2', script: 'Hello', language: 'en-US', duration: 60 },
        },
      ],
    ],
    [
      'video: get',
      { resource: 'video', operation: 'get', videoId: byId('={{ $json.id }}') },
      [{ method: 'GET', path: '/videos/video_7', query: {} }],
    ],
    [
      'video: get many',
      {
        resource: 'video',
        operation: 'getAll',
        returnAll: true,
        filters: { status: 'completed' },
      },
      [{ method: 'GET', path: '/videos', query: { limit: '100' } }],
    ],
    [
      'video: download',
      {
        resource: 'video',
        operation: 'download',
        videoId: byId('video_8'),
        binaryPropertyName: 'data',
        options: { fileName: 'a.mp4' },
      },
      [
        { method: 'GET', path: '/videos/video_8', query: {} },
        { method: 'GET', path: '/film', query: {} },
      ],
    ],
  ];
  const item = { topic: 'Tea', avatar: 'avatar_1', seconds: '45', id: 'video_7' };

  test('are tested for every operation', () => {
    const tested = cases.map(([, { resource, operation }]) => `${resource}: ${operation}`);
    const offered = resources.flatMap(({ value, operations }) =>
      operations.map((operation) => `${value}: ${operation.value}`),
    );
    expect(tested.sort()).toEqual(offered.sort());
  });

  test.each(cases)('%s', async (_, parameters, requests) => {
    expect(await sent(parameters, item)).toEqual(requests);
  });

  test.each([
    ['an expression that finds nothing', '={{ $json.missing }}'],
    ['an expression that finds null', '={{ null }}'],
    ['an empty box', ''],
  ])('%s still counts as a field, so that it is missed', async (_, script) => {
    const parameters = {
      ...{ resource: 'video', operation: 'create', script },
      avatarId: byId('avatar_1'),
    };
    await expect(sent(parameters)).rejects.toThrow('"Script" is empty');
    expect(api.asked).toEqual([]);
  });
});
