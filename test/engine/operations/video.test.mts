import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { createVideo, errorOf, itemsOf, jsonOf, rows, runNode } from '../support.mts';
import { byId } from './byId.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox({ queuedMs: 100, processingMs: 300 });

const waiting = { waitForCompletion: true, options: { pollInterval: 2 } };

describe('Video: Create', () => {
  test('sends each row once and gives out its job, in order and paired', async () => {
    const run = await runNode(sandbox, createVideo(), { items: rows(7) });
    const { accepted, requests, maxInFlight } = await sandbox.stats();
    expect(requests).toEqual({ 'POST /videos': 7 });
    expect(maxInFlight['POST /videos']).toBeLessThanOrEqual(5);
    expect(accepted.map(({ body }) => body)).toContainEqual({
      avatar_id: 'avatar_james01',
      script: 'Script number 3',
      language: 'en-US',
      duration: 30,
    });
    expect(itemsOf(run).map(({ json, pairedItem }) => [json.script, pairedItem])).toEqual(
      rows(7).map(({ script }, item) => [script, { item }]),
    );
  });

  test('takes an avatar from the list, a language that no list has, and further fields', async () => {
    await runNode(
      sandbox,
      createVideo({
        avatarId: { __rl: true, mode: 'list', value: 'avatar_maria01', cachedResultName: 'Maria' },
        language: 'gsw-CH',
        additionalFields: { field: [{ name: 'background', value: '{"color":"#fff"}' }] },
      }),
      { items: rows(1) },
    );
    expect((await sandbox.stats()).accepted[0].body).toMatchObject({
      avatar_id: 'avatar_maria01',
      language: 'gsw-CH',
      background: { color: '#fff' },
    });
  });

  test('waits for all its videos together', async () => {
    const run = await runNode(sandbox, createVideo(waiting), { items: rows(6) });
    expect(jsonOf(run).map(({ status, script }) => [status, script])).toEqual(
      rows(6).map(({ script }) => ['completed', script]),
    );
    const { requests, acceptedCount } = await sandbox.stats();
    expect(acceptedCount).toBe(6);
    expect(requests).toEqual({ 'POST /videos': 6, 'GET /videos': 1 });
  });
});

describe('Video: Get', () => {
  const get: INodeParameters = {
    resource: 'video',
    operation: 'get',
    videoId: byId('={{ $json.id }}'),
  };

  test.each([
    ['by ID', byId('={{ $json.id }}')],
    ['picked from the list', { __rl: true, mode: 'list', value: '={{ $json.id }}' }],
    ['as plain text', '={{ $json.id }}'],
  ])('gives out a video %s', async (_, videoId) => {
    const [video] = await sandbox.addVideos(1, { script: 'Hello' });
    const run = await runNode(sandbox, { ...get, videoId }, { items: [{ id: video.id }] });
    expect(itemsOf(run)).toEqual([
      {
        json: expect.objectContaining({ id: video.id, script: 'Hello', status: 'completed' }),
        pairedItem: { item: 0 },
      },
    ]);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1 });
  });

  test('waits until the video is finished', async () => {
    await sandbox.settings({ hold: true });
    const created = await runNode(sandbox, createVideo(), { items: rows(1) });
    await sandbox.settings({ hold: false });
    const [{ id }] = jsonOf(created);
    const waited = runNode(sandbox, { ...get, ...waiting }, { items: [{ id }] });
    await sandbox.finish(String(id));
    expect(jsonOf(await waited)).toEqual([expect.objectContaining({ id, status: 'completed' })]);
  });

  test.each<[string, INodeParameters, IDataObject | string]>([
    ['fails the item', {}, 'iTeraBiz could not make video {id}: The script is not allowed'],
    [
      'gives it out like a finished one where that is wished for',
      { failedVideos: 'output' },
      {
        status: 'failed',
        failure: { code: 'script_rejected', message: 'The script is not allowed' },
      },
    ],
  ])('a video that failed %s', async (_, options, expected) => {
    const error = { code: 'script_rejected', message: 'The script is not allowed' };
    const [{ id }] = await sandbox.addVideos(1, { status: 'failed', error });
    const run = await runNode(
      sandbox,
      { ...get, waitForCompletion: true, options },
      { items: [{ id }] },
    );
    if (typeof expected === 'string') {
      expect(errorOf(run).message).toBe(expected.replace('{id}', id));
    } else {
      expect(jsonOf(run)).toEqual([expect.objectContaining(expected)]);
    }
  });
});

test.each(['data', 'job'])(
  'A video that is answered inside "%s" is read all the same',
  async (nestedIn) => {
    await sandbox.settings({ nestedIn });
    const [video] = jsonOf(await runNode(sandbox, createVideo(waiting), { items: rows(1) }));
    expect(video).toMatchObject({ id: expect.any(String), status: 'completed' });
    const get = { resource: 'video', operation: 'get', videoId: byId(String(video.id)) };
    const [read] = jsonOf(await runNode(sandbox, get));
    await sandbox.settings({ nestedIn: '' });
    expect(read).toMatchObject({ id: video.id, script: video.script, status: 'completed' });
  },
);
