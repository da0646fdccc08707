import { itemsOf, jsonOf, runNode } from '../support.mts';
import { byId } from './byId.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox({ queuedMs: 100, processingMs: 300 });

const generate = {
  resource: 'content',
  operation: 'generate',
  prompt: '={{ $json.topic }}',
  avatarId: { __rl: true, mode: 'list', value: 'avatar_yuki01', cachedResultName: 'Yuki' },
  language: 'ja-JP',
  duration: 45,
};

test('sends the prompt and gives out the job that was started', async () => {
  const run = await runNode(sandbox, generate, { items: [{ topic: 'Green tea' }] });
  const { accepted, requests } = await sandbox.stats();
  expect(requests).toEqual({ 'POST /content/generate': 1 });
  expect(accepted[0].body).toEqual({
    prompt: 'Green tea',
    avatar_id: 'avatar_yuki01',
    language: 'ja-JP',
    duration: 45,
  });
  expect(itemsOf(run)).toEqual([
    {
      json: expect.objectContaining({ id: accepted[0].id, status: 'queued', prompt: 'Green tea' }),
      pairedItem: { item: 0 },
    },
  ]);
});

test('takes avatar, language and duration from the item, and further fields', async () => {
  await runNode(
    sandbox,
    {
      ...generate,
      avatarId: byId('={{ $json.avatar }}'),
      language: '={{ $json.language }}',
      duration: '={{ $json.seconds }}',
      additionalFields: { field: [{ name: 'tone', value: 'friendly' }] },
    },
    { items: [{ topic: 'Tea', avatar: 'avatar_maria01', language: 'pt_br', seconds: '20' }] },
  );
  expect((await sandbox.stats()).accepted[0].body).toEqual({
    prompt: 'Tea',
    avatar_id: 'avatar_maria01',
    language: 'pt-BR',
    duration: 20,
    tone: 'friendly',
  });
});

test('waits for the finished video where that is wished for', async () => {
  const run = await runNode(
    sandbox,
    { ...generate, waitForCompletion: true, options: { pollInterval: 2 } },
    { items: [{ topic: 'Tea' }] },
  );
  expect(jsonOf(run)).toEqual([
    expect.objectContaining({
      status: 'completed',
      video_url: expect.stringContaining(sandbox.cdnUrl),
    }),
  ]);
  const { requests, acceptedCount } = await sandbox.stats();
  expect(acceptedCount).toBe(1);
  expect(requests).toEqual({ 'POST /content/generate': 1, 'GET /videos/{id}': 1 });
});
