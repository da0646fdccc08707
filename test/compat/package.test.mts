/** The built package on the engine of n8n 1: what someone gets who has not updated n8n. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import { type Kit, loadPackage, outputOf, run, type WorkflowJson } from '../../n8n/embedded.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';

type Node = WorkflowJson['nodes'][number];

const root = join(import.meta.dirname, '../..');
const avatarId = { __rl: true, mode: 'id', value: 'avatar_james01' };
const createVideo = {
  resource: 'video',
  operation: 'create',
  avatarId,
  script: '={{ $json.script }}',
  language: 'en-US',
  duration: 30,
};

let sandbox: Sandbox;
let kit: Kit;

beforeAll(async () => {
  kit = await loadPackage(root);
  sandbox = await startSandbox({ queuedMs: 0, processingMs: 500 });
});

afterEach(async () => {
  await sandbox.clearFaults();
  await sandbox.resetStats();
});

afterAll(async () => await sandbox?.stop());

/** Runs the action node alone, for rows with a script each. */
async function runNode(
  parameters: Node['parameters'],
  rows = 1,
  settings: Partial<Node> = {},
  other = {},
) {
  const node = {
    id: 'iTeraBiz',
    name: 'iTeraBiz',
    type: 'n8n-nodes-iterabiz.iTeraBiz',
    typeVersion: 1,
    position: [0, 0] as [number, number],
    parameters,
    ...settings,
  };
  const { apiKey, url: baseUrl } = sandbox;
  return await run(
    { nodes: [node], connections: {} },
    {
      kit,
      secrets: { iTeraBizApi: { apiKey, baseUrl, ...other } },
      items: Array.from({ length: rows }, (_, row) => ({ json: { script: `Row ${row}` } })),
    },
  );
}

async function itemsOf(parameters: Node['parameters'], rows?: number) {
  return outputOf(await runNode(parameters, rows), 'iTeraBiz');
}

test('the engine is the one that is named here', () => {
  const { dependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys(dependencies)) {
    const folder = join(import.meta.dirname, 'node_modules', name);
    expect(require.resolve(name)).toContain(folder);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(version).toBe(dependencies[name]);
    expect(version).toMatch(/^1\./);
  }
});

test('all nodes and the credential load', () => {
  expect(Object.keys(kit.nodes)).toEqual([
    'n8n-nodes-iterabiz.iTeraBiz',
    'n8n-nodes-iterabiz.iTeraBizTrigger',
    'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
  ]);
  expect(Object.keys(kit.credentials)).toEqual(['iTeraBizApi']);
});

test('every operation works', async () => {
  const picture = 'https://example.com/photo.jpg';
  const [avatar] = await itemsOf({
    resource: 'avatar',
    operation: 'create',
    name: 'Ada',
    imageUrl: picture,
    voiceId: 'voice_1',
  });
  const avatars = await itemsOf({ resource: 'avatar', operation: 'getAll', returnAll: true });
  expect(avatars.map(({ json }) => json.id)).toContain(avatar.json.id);

  const [content] = await itemsOf({
    resource: 'content',
    operation: 'generate',
    prompt: 'A product review',
    avatarId,
    language: 'en-US',
    duration: 30,
    waitForCompletion: true,
    options: { pollInterval: 2 },
  });
  expect(content.json.status).toBe('completed');

  const [video] = await itemsOf(createVideo);
  const videoId = { __rl: true, mode: 'id', value: String(video.json.id) };
  const [read] = await itemsOf({
    resource: 'video',
    operation: 'get',
    videoId,
    waitForCompletion: true,
    options: { pollInterval: 2 },
  });
  expect(read.json).toMatchObject({ id: video.json.id, status: 'completed' });

  const videos = await itemsOf({ resource: 'video', operation: 'getAll', limit: 1 });
  expect(videos.map(({ json }) => json.id)).toEqual([video.json.id]);

  const [{ binary }] = await itemsOf({
    resource: 'video',
    operation: 'download',
    videoId,
    binaryPropertyName: 'data',
  });
  expect(binary?.data.mimeType).toBe('video/mp4');
  const file = await buffer(
    await Container.get(BinaryDataService).getAsStream(binary?.data.id ?? ''),
  );
  expect(file).toEqual(readFileSync(join(root, 'sandbox/media/sample.mp4')));
});

test('refused rows are sent again, accepted ones are not, and all are waited for', async () => {
  await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 503, times: 8, skip: 10 });
  const items = await itemsOf(
    { ...createVideo, waitForCompletion: true, options: { pollInterval: 2 } },
    50,
  );
  expect(items.map(({ json }) => json.script)).toEqual(
    Array.from({ length: 50 }, (_, row) => `Row ${row}`),
  );
  expect(items.every(({ json }) => json.status === 'completed')).toBe(true);
  expect((await sandbox.stats()).acceptedCount).toBe(50);
});

test('what lost its answer is found in the list, and Retry On Fail sends nothing twice', async () => {
  await sandbox.fault({ on: 'POST /videos', type: 'reset', when: 'after', containing: 'Row 0' });
  await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 400, containing: 'Row 1' });
  const retry = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
  const items = outputOf(await runNode(createVideo, 3, retry), 'iTeraBiz');
  expect(items.map(({ json }) => json.script)).toEqual(['Row 0', 'Row 1', 'Row 2']);
  const { acceptedCount, requests } = await sandbox.stats();
  expect(acceptedCount).toBe(3);
  expect(requests['POST /videos']).toBe(4);
});

test('nothing is sent where no connection comes about, and the message says so', async () => {
  const { url } = sandbox;
  sandbox.url = 'http://127.0.0.1:1/v1';
  const { data } = await runNode(createVideo);
  sandbox.url = url;
  expect(data.resultData.error?.message).toMatch(
    /^iTeraBiz could not be reached to create the video/,
  );
});

test.each([
  ['a Base URL over which a key may not go', { baseUrl: 'http://api.iterabiz.com/v1' }, 'http://'],
  ['a key that no key can be', { apiKey: 'key 1' }, 'contains a character that keys never contain'],
])('nothing is sent with %s, and the message says why', async (_, wrong, why) => {
  const { data } = await runNode(createVideo, 2, {}, wrong);
  expect(data.resultData.error?.message).toContain(why);
  expect((await sandbox.stats()).requests).toEqual({});
});

test('a row that is refused takes the error output, the others go on', async () => {
  await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 400, containing: 'Row 1' });
  const result = await runNode(createVideo, 3, { onError: 'continueErrorOutput' });
  expect(outputOf(result, 'iTeraBiz', 0)).toHaveLength(2);
  expect(outputOf(result, 'iTeraBiz', 1)).toHaveLength(1);
});

// n8n before 2.34 takes an item for a good one when it has other fields than `error` and `message`, and
// ours has `details`.
test.failing('a video that fails takes the error output', async () => {
  const reason = { code: 'render_failed', message: 'The avatar has no face' };
  await sandbox.fault({ on: 'POST /videos', type: 'failVideo', containing: 'Row 1', ...reason });
  const result = await runNode(
    { ...createVideo, waitForCompletion: true, options: { pollInterval: 2 } },
    3,
    { onError: 'continueErrorOutput' },
  );
  expect(outputOf(result, 'iTeraBiz', 0)).toHaveLength(2);
  expect(outputOf(result, 'iTeraBiz', 1)).toHaveLength(1);
});
