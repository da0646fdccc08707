import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { checkBody } from '../../../nodes/ITeraBiz/orders/validate.ts';
import { resources } from '../../../nodes/ITeraBiz/resources/index.ts';
import { toProperties } from '../../../nodes/ITeraBiz/resources/operation.ts';
import { preparedRequests } from '../engine.mts';

const properties = toProperties(resources, 'video');
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

async function prepared(parameters: INodeParameters, item: IDataObject = {}) {
  const [{ method, url, body, qs }] = await preparedRequests(properties, parameters, [item]);
  return { method, url, body, qs };
}

describe('The request that n8n prepares for', () => {
  const cases: [string, INodeParameters, object][] = [
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
      {
        method: 'POST',
        url: '/avatars',
        body: {
          name: 'Anna',
          image_url: 'https://example.com/a.jpg',
          voice_id: 'voice_1',
          gender: 'f',
        },
        qs: {},
      },
    ],
    [
      'avatar: get many',
      { resource: 'avatar', operation: 'getAll', returnAll: false, limit: 5 },
      { method: 'GET', url: '/avatars', body: {}, qs: {} },
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
      {
        method: 'POST',
        url: '/content/generate',
        body: {
          prompt: 'Tea',
          avatar_id: 'avatar_1',
          language: 'fr-CH',
          duration: '45',
          tags: ['a'],
        },
        qs: {},
      },
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
      {
        method: 'POST',
        url: '/videos',
        body: { avatar_id: 'avatar_2', script: 'Hello', language: 'en-US', duration: 60 },
        qs: {},
      },
    ],
    [
      'video: get',
      { resource: 'video', operation: 'get', videoId: byId('={{ $json.id }}') },
      { method: 'GET', url: '/videos', body: {}, qs: {} },
    ],
    [
      'video: get many',
      {
        resource: 'video',
        operation: 'getAll',
        returnAll: true,
        filters: { status: 'completed' },
      },
      { method: 'GET', url: '/videos', body: {}, qs: {} },
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
      { method: 'GET', url: '/videos', body: {}, qs: {} },
    ],
  ];
  const item = { topic: 'Tea', avatar: 'avatar_1', seconds: '45', id: 'video_7' };

  test.each(cases)('%s', async (_, parameters, request) => {
    expect(await prepared(parameters, item)).toEqual(request);
  });

  test.each([
    ['an expression that finds nothing', '={{ $json.missing }}'],
    ['an expression that finds null', '={{ null }}'],
    ['an empty box', ''],
  ])('%s still counts as a field, so that it is missed', async (_, script) => {
    const { body } = await prepared({
      resource: 'video',
      operation: 'create',
      avatarId: byId('avatar_1'),
      script,
    });
    expect(body).toHaveProperty('script');
    expect(() => checkBody(body as IDataObject)).toThrow('"Script" is empty');
  });
});
