/** The example workflows, imported as they ship and run on the real n8n, against the sandbox. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type INode, type INodeTypeDescription, NodeHelpers } from 'n8n-workflow';
import type { Execution, Json, Workflow } from '../../n8n/rest.mts';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { Campaign, connect, examplesFolder, importExample, itemsOf } from './examples.mts';
import { type ScriptedModel, startScriptedModel } from './scriptedModel.mts';

const files = readdirSync(examplesFolder).filter((name) => name.endsWith('.json'));

let n8n: N8n;
let sandbox: Sandbox;
let model: ScriptedModel | undefined;
let types: (INodeTypeDescription & Json)[];

beforeAll(async () => {
  sandbox = await startSandbox();
  // n8n 2 keeps files in its folder by itself, n8n 1 only when told so.
  n8n = await startN8n({ env: { N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' } });
  await connect(n8n, sandbox);
  types = (await n8n.rest.nodeTypes('')) as typeof types;
});

afterEach(async () => {
  await sandbox.clearFaults();
  const { contractViolations, keyLeaks } = await sandbox.stats();
  expect({ contractViolations, keyLeaks }).toEqual({ contractViolations: [], keyLeaks: [] });
});

afterAll(async () => {
  await model?.stop();
  await n8n?.stop();
  await sandbox?.stop();
});

const accepted = async () => (await sandbox.stats()).acceptedCount;

async function run(workflow: Workflow, status: Execution['status'] = 'success') {
  return await n8n.rest.executionReaching(await n8n.rest.run(workflow, 'Start'), [status]);
}

/** The executions of a workflow, newest first, once there are as many as that and all have ended. */
async function executionsOf({ id }: Workflow, count: number): Promise<Execution[]> {
  const list = async () => await n8n.rest.executions({ workflowId: id });
  const all = await until(`${count} executions have begun`, list, {
    isSo: ({ length }) => length >= count,
  });
  expect(all).toHaveLength(count);
  return await Promise.all(all.map((one) => n8n.rest.executionReaching(one.id)));
}

/** n8n registers and removes webhooks some time after it answers to (de)activation. */
async function hooksReaching(count: number): Promise<void> {
  const hooks = await until(`there are ${count} webhooks`, sandbox.hooks, {
    isSo: ({ length }) => length === count,
  });
  expect(hooks).toHaveLength(count);
}

describe.each(files)('%s', (file) => {
  const { nodes, ...workflow } = JSON.parse(readFileSync(join(examplesFolder, file), 'utf8')) as {
    nodes: INode[];
    pinData: Json;
    active: boolean;
  };

  test('carries nothing of the n8n that it was made in', () => {
    expect(workflow.pinData).toEqual({});
    expect(workflow.active).toBe(false);
    const credentials = nodes.flatMap((node) => Object.values(node.credentials ?? {}));
    expect(credentials.map(({ id }) => id)).toEqual(credentials.map(() => null));
  });

  test('has only nodes and parameters that n8n knows, each filled in', () => {
    for (const node of nodes) {
      const type = types.find(
        ({ name, version }) => name === node.type && [version].flat().includes(node.typeVersion),
      );
      expect(`${node.type} ${node.typeVersion}: ${type ? 'known' : 'unknown'}`).toContain('known');
      const { properties } = type!;
      const known = NodeHelpers.getNodeParameters(
        properties,
        node.parameters,
        true,
        false,
        node,
        type!,
      );
      expect(known).toMatchObject(node.parameters);
      expect(NodeHelpers.getNodeParametersIssues(properties, node, type!)).toBeNull();
    }
  });
});

test('first video: the first click ends with a video file', async () => {
  const execution = await run(await importExample(n8n, 'first-video'));
  const [{ binary }] = itemsOf(execution, 'Download video');
  const { mimeType, id } = binary!.data as { mimeType: string; id: string };
  expect(mimeType).toBe('video/mp4');
  const stored = readdirSync(n8n.folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith(basename(id)),
  );
  const sample = readFileSync(join(import.meta.dirname, '../../sandbox/media/sample.mp4'));
  expect(readFileSync(join(n8n.folder, stored!)).equals(sample)).toBe(true);
});

test('a failed execution that is run again from the list sends nothing twice', async () => {
  const workflow = await importExample(n8n, 'first-video');
  const before = await accepted();
  const reason = { code: 'render_failed', message: 'The avatar has no face' };
  await sandbox.fault({ on: 'POST /videos', type: 'failVideo', ...reason });
  const failed = await run(workflow, 'error');
  const [{ id }] = (await sandbox.videos()).slice(-1);

  const retried = await n8n.rest.executionReaching(await n8n.rest.retryExecution(failed.id), [
    'error',
  ]);

  expect(retried.data.resultData.error?.message).toContain(`${id}: The avatar has no face`);
  expect(await accepted()).toBe(before + 1);
});

test('of a failed execution, only the row that was refused is sent again', async () => {
  const node = (name: string, type: string, typeVersion: number, parameters: Json) => ({
    ...{ name, type, typeVersion, parameters, position: [0, 0] },
  });
  const [credential] = await n8n.rest.credentials();
  const jsCode = 'return [0, 1, 2, 3, 4].map((n) => ({ json: { script: `retry row ${n}` } }))';
  const workflow = await n8n.rest.createWorkflow({
    name: 'Five rows',
    nodes: [
      node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
      node('Rows', 'n8n-nodes-base.code', 2, { jsCode }),
      {
        ...node('Create', 'n8n-nodes-iterabiz.iTeraBiz', 1, {
          resource: 'video',
          operation: 'create',
          avatarId: { __rl: true, mode: 'id', value: 'avatar_james01' },
          script: '={{ $json.script }}',
          language: 'en-US',
          duration: 20,
        }),
        credentials: { iTeraBizApi: { id: credential.id, name: credential.name } },
      },
    ],
    connections: {
      Start: { main: [[{ node: 'Rows', type: 'main', index: 0 }]] },
      Rows: { main: [[{ node: 'Create', type: 'main', index: 0 }]] },
    },
  });
  const [refused, found, lost] = ['retry row 1', 'retry row 2', 'retry row 4'];
  await sandbox.fault({ on: 'POST /videos', containing: refused, type: 'refuse', status: 400 });
  await sandbox.fault({ on: 'POST /videos', containing: found, type: 'reset', when: 'after' });
  await sandbox.fault({ on: 'POST /videos', containing: lost, type: 'reset', when: 'before' });
  const scripts = async () =>
    (await sandbox.videos()).map(({ script }) => script).filter((one) => one?.startsWith('retry'));

  const failed = await run(workflow, 'error');
  expect((await scripts()).sort()).toEqual(['retry row 0', found, 'retry row 3']);

  const retryId = await n8n.rest.retryExecution(failed.id);
  const retried = await n8n.rest.executionReaching(retryId, ['error']);
  expect((await scripts()).sort()).toEqual(['retry row 0', refused, found, 'retry row 3']);
  expect(retried.data.resultData.error?.message).toContain('Check this one');
});

// n8n's Data Table node makes a table from 2.3 on.
describe('with the table that the campaign makes', () => {
  let campaign: Campaign;
  beforeAll(async () => {
    campaign = await Campaign.install(n8n);
  });

  test('campaign: every row ends with a video or a reason, and is sent once', async () => {
    const before = await accepted();
    await sandbox.fault({ on: 'POST /videos', containing: 'lost', type: 'reset', when: 'before' });
    await sandbox.fault({ on: 'POST /videos', containing: 'found', type: 'reset', when: 'after' });
    const reason = { code: 'render_failed', message: 'The avatar has no face' };
    await sandbox.fault({
      on: 'POST /videos',
      containing: 'faceless',
      type: 'failVideo',
      ...reason,
    });
    await campaign.add([
      { script: 'good' },
      { script: 'nobody', avatar_id: 'avatar_nobody' },
      { script: 'faceless' },
      { script: '' },
      { script: 'bare', language: null, duration: null },
      { script: 'lost' },
      { script: 'found' },
      { script: 'draft', status: null },
      { script: 'capital', status: 'Ready ' },
      { script: 'zero', duration: 0 },
      { script: 'typo', status: 'redy' },
      ...Array.from({ length: 5 }, (_, n) => ({ script: `more ${n}` })),
    ]);

    const first = await campaign.run();

    const rendered = { job_id: expect.stringMatching(/^video_/), attempts: 1 };
    const done = {
      ...rendered,
      status: 'completed',
      note: '',
      video_url: expect.stringMatching(/^http/),
    };
    const notMade = { status: 'failed', job_id: '', attempts: 1 };
    const rows = [
      { script: 'good', ...done },
      { script: 'nobody', ...notMade, note: expect.stringContaining('no avatar avatar_nobody') },
      { script: 'faceless', ...rendered, status: 'failed', note: 'The avatar has no face' },
      { script: '', ...notMade, note: expect.stringContaining('"Script" is empty') },
      { script: 'bare', ...done },
      { script: 'lost', ...notMade, status: 'check this one', note: expect.any(String) },
      { script: 'found', ...done },
      { script: 'draft', status: null, job_id: null },
      { script: 'capital', ...done },
      { script: 'zero', ...notMade, note: expect.stringContaining('"Duration": "0" is not') },
      { script: 'typo', status: 'redy', job_id: null },
      ...Array.from({ length: 5 }, (_, n) => ({ script: `more ${n}`, ...done })),
    ];
    expect(await campaign.rows()).toEqual(rows.map((row) => expect.objectContaining(row)));
    expect(await accepted()).toBe(before + 10);
    expect(
      (await sandbox.stats()).accepted.find(({ body }) => body.script === 'bare')?.body,
    ).toMatchObject({ language: 'en-US', duration: 60 });
    const counted = {
      'of these finished': 9,
      'of these failed': 1,
      'refused, nothing paid': 3,
      'to check (lane 3)': 1,
      'not sent, as status is not ready': 2,
    };
    expect(itemsOf(first, 'Count').map(({ json }) => json)).toEqual([
      { 'ordered in this run': 10, 'ordered before': 0, ...counted },
    ]);
    expect(itemsOf(first, 'Look at these rows').map(({ json }) => json.script)).toEqual(['lost']);

    const second = await campaign.run();
    expect(await campaign.rows()).toEqual(rows.map((row) => expect.objectContaining(row)));
    expect(await accepted()).toBe(before + 10);
    expect(itemsOf(second, 'Count').map(({ json }) => json)).toEqual([
      { 'ordered in this run': 0, 'ordered before': 10, ...counted },
    ]);
  });

  test('campaign: what would be too much stops it before a row is claimed or paid for', async () => {
    const before = await accepted();
    await campaign.add([
      { script: 'wide', duration: 0 },
      { script: 'too wide' },
      { script: 'far' },
    ]);
    const tight = await importExample(n8n, 'campaign', (workflow) => {
      const look = workflow.nodes.find(({ name }) => name === 'Look first')!;
      expect(look.parameters.options).toEqual({
        maxVideos: 100,
        maxSeconds: 6_000,
        previewOnly: true,
      });
      look.parameters.options = { maxVideos: 1, previewOnly: true };
    });
    const stopped = await run(tight, 'error');
    expect(stopped.data.resultData.error?.message).toMatch(
      /^This would order 2 videos, 40 seconds in all, but "Max Videos" allows only 1\. Nothing was sent/,
    );
    expect(await accepted()).toBe(before);
    for (const script of ['wide', 'too wide', 'far']) {
      const row = await campaign.row(script);
      expect(row.status).toBe('ready');
      await campaign.edit(row, { status: 'seen' });
    }
  });

  test('campaign: two runs at the same time share the rows', async () => {
    const before = await accepted();
    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 500, times: 'always' });
    await campaign.add(Array.from({ length: 23 }, (_, n) => ({ script: `shared ${n}` })));

    const two = [await campaign.start(), await campaign.start()];
    const executions = await Promise.all(two.map((id) => n8n.rest.executionReaching(id)));

    const shares = executions.map((execution) => itemsOf(execution, 'Create videos').length);
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(shares[0] + shares[1]).toBe(23);
    expect(await accepted()).toBe(before + 23);
    const shared = (await campaign.rows()).filter(({ script }) => script?.startsWith('shared'));
    expect(shared.map(({ status }) => status)).toEqual(shared.map(() => 'completed'));
  });

  test('when a video is ready or fails, its row, its file and its reason are at hand', async () => {
    const ready = await n8n.rest.activate(await importExample(n8n, 'when-a-video-is-ready'));
    const fails = await n8n.rest.activate(await importExample(n8n, 'when-a-video-fails'));
    const reason = { code: 'render_failed', message: 'The avatar has no face' };
    const failing = { containing: 'hopeless', times: 'always', ...reason } as const;
    await sandbox.fault({ on: 'POST /videos', type: 'failVideo', ...failing });
    await hooksReaching(2);
    await campaign.add([{ script: 'wanted' }, { script: 'hopeless' }]);

    await campaign.run();
    const [success] = await executionsOf(ready, 1);
    const [failure] = await executionsOf(fails, 1);

    const wanted = await campaign.row('wanted');
    expect(wanted.status).toBe('completed');
    expect(itemsOf(success, 'Hand on')).toEqual([
      expect.objectContaining({
        json: expect.objectContaining({ id: wanted.job_id }),
        binary: { data: expect.objectContaining({ mimeType: 'video/mp4' }) },
      }),
    ]);
    const [{ json: alert }] = itemsOf(failure, 'Alert');
    expect(alert.alert).toContain(`${alert.video_id}: The avatar has no face`);
    expect(alert.alert).toContain('hopeless');
    expect(await campaign.row('hopeless')).toMatchObject({
      status: 'ready',
      attempts: 1,
      job_id: '',
      note: `Attempt 1 (${alert.video_id}) failed: The avatar has no face`,
    });

    await campaign.run();
    await executionsOf(fails, 2);
    expect(await campaign.row('hopeless')).toMatchObject({
      status: 'failed',
      attempts: 2,
      note: 'The avatar has no face',
    });

    const [elsewhere] = await sandbox.addVideos(1);
    await sandbox.sendEvent({ videoId: elsewhere.id });
    const [newest] = await executionsOf(ready, 2);
    expect(itemsOf(newest, 'Made elsewhere')).toHaveLength(1);

    await n8n.rest.deactivate(ready);
    await n8n.rest.deactivate(fails);
    await hooksReaching(0);
  });
});

test('AI agent: what the model decides becomes a video, once a person has said yes', async () => {
  model = await startScriptedModel('Create_a_video', {
    toolParameters: {
      Avatar: 'avatar_maria01',
      Script: 'Fresh bread, every morning',
      Language: 'en-GB',
      Duration: 20,
    },
    hitlParameters: {},
  });
  await n8n.rest.createCredential('OpenAI account', 'openAiApi', {
    apiKey: 'not needed',
    url: model.url,
  });
  const workflow = await importExample(n8n, 'ai-agent');
  const trigger = 'When chat message received';
  const chat = { sessionId: 'one', action: 'sendMessage', chatInput: 'A video for my bakery' };
  const { executionId } = await n8n.rest.request<{ executionId: string }>(
    'POST',
    `/workflows/${workflow.id}/run`,
    {
      triggerToStartFrom: {
        name: trigger,
        data: {
          startTime: Date.now(),
          executionTime: 0,
          executionIndex: 0,
          source: [],
          data: { main: [[{ json: chat }]] },
        },
      },
    },
  );
  const before = (await sandbox.videos()).length;
  const asking = await n8n.rest.executionReaching(executionId, ['waiting']);
  const [question] = asking.data.resultData.runData['Ask me first'][0].data!.ai_tool![0]!;
  const { text, buttons } = question.sendMessage as {
    text: string;
    buttons: { text: string; link: string }[];
  };
  expect(text).toContain('It is paid for.\n\nFresh bread, every morning\n\nAvatar: avatar_maria01');
  expect(await sandbox.videos()).toHaveLength(before);
  const yes = buttons.find((button) => button.text === 'Yes, make it')!;
  // n8n behaviour: a click counts only where a browser says that it is one.
  const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' };
  expect((await fetch(yes.link, { headers })).status).toBe(200);
  // n8n behaviour: the node that answers waits for a chat window, which is not open here.
  const answered = async () => {
    const execution = await n8n.rest.execution(executionId);
    return execution.data.resultData.runData.Answer ? execution : undefined;
  };
  const execution = (await until('the agent has answered', answered, { seconds: 60 }))!;

  const [video] = (await sandbox.videos()).slice(-1);
  expect(video).toMatchObject({
    avatar_id: 'avatar_maria01',
    script: 'Fresh bread, every morning',
    language: 'en-GB',
    duration: 20,
  });
  const [{ json }] = itemsOf(execution, 'AI Agent');
  expect(json.output).toContain(video.id);
  expect(model.tools().sort()).toEqual(['Create_a_video', 'List_avatars', 'Look_at_a_video']);
});
