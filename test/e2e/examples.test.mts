/** The example workflows, imported as they ship and run on the real n8n, against the sandbox. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type INode, type INodeTypeDescription, NodeHelpers } from 'n8n-workflow';
import type { Execution, Json, Workflow } from '../../n8n/rest.mts';
import { type N8n, startN8n, type WorkflowFile } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { betweenPolls } from '../shared/betweenPolls.mts';
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
    pinData: Record<string, { json: Json }[]>;
    active: boolean;
  };

  test('carries nothing of the n8n that it was made in', () => {
    const triggers = nodes.filter(({ type }) =>
      type.startsWith('n8n-nodes-iterabiz.iTeraBizTrigger'),
    );
    expect(Object.keys(workflow.pinData)).toEqual(triggers.map(({ name }) => name));
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

  const hopeless = { code: 'render_failed', message: 'The avatar has no face' };

  test('when a video is ready or fails, its row, its file and its reason are at hand', async () => {
    await sandbox.finish(); // What other tests left behind is to send no event.
    const ready = await n8n.rest.activate(await importExample(n8n, 'when-a-video-is-ready'));
    const fails = await n8n.rest.activate(await importExample(n8n, 'when-a-video-fails'));
    const failing = { containing: 'hopeless', times: 'always', ...hopeless } as const;
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

  test('of several events in one poll, each finds its own row and its own file', async () => {
    const videos = await sandbox.addVideos(8, { status: 'processing' });
    const [elsewhere, failed, otherFailed, again, ...finished] = videos.map(({ id }) => id);
    const rendering = (id: string) => ({
      script: id,
      job_id: id,
      status: 'rendering',
      attempts: 1,
    });
    await campaign.add([failed, otherFailed, again, ...finished].map(rendering));
    await campaign.edit(await campaign.row(again), { attempts: 2 });
    const ready = await importExample(n8n, 'when-a-video-is-ready', polling);
    const fails = await importExample(n8n, 'when-a-video-fails', polling);
    const polls = async () => (await sandbox.stats()).requests['GET /videos'] ?? 0;
    for (const workflow of [ready, fails]) {
      const before = await polls();
      await n8n.rest.activate(workflow);
      await until('its first poll is over', polls, { isSo: (now) => now > before });
    }
    // All videos are to be in one poll.
    await betweenPolls();
    await sandbox.finish([elsewhere, ...finished]);
    await sandbox.fail([failed, otherFailed, again], hopeless);

    const begun = async ({ id }: Workflow) =>
      (await n8n.rest.executions({ workflowId: id })).length > 0;
    await until('both have started', async () => (await begun(ready)) && (await begun(fails)), {
      ...{ seconds: 90, every: 1_000 },
    });
    const [success] = await executionsOf(ready, 1);
    const [failure] = await executionsOf(fails, 1);

    const handedOn = itemsOf(success, 'Hand on');
    expect(handedOn.map(({ json }) => json.id).sort()).toEqual([...finished].sort());
    expect(handedOn.map(({ binary }) => Boolean(binary?.data))).toEqual(finished.map(() => true));
    expect(itemsOf(success, 'Made elsewhere')).toHaveLength(1);
    for (const id of finished) {
      expect(await campaign.row(id)).toMatchObject({
        status: 'completed',
        video_url: expect.stringContaining(id),
      });
    }
    const alerts = itemsOf(failure, 'Alert').map(({ json }) => json.video_id);
    expect(alerts.sort()).toEqual([failed, otherFailed, again].sort());
    for (const id of [failed, otherFailed]) {
      expect(await campaign.row(id)).toMatchObject({
        status: 'ready',
        note: `Attempt 1 (${id}) failed: The avatar has no face`,
      });
    }
    expect(await campaign.row(again)).toMatchObject({ status: 'failed', job_id: again });
    await n8n.rest.deactivate(ready);
    await n8n.rest.deactivate(fails);
  });

  test.each([
    ['when-a-video-is-ready', 'Made elsewhere'],
    ['when-a-video-fails', 'Alert'],
  ])('%s runs at once, with a sample that looks like a real event', async (name, last) => {
    const workflow = await importExample(n8n, name);
    const requests = async () => (await sandbox.stats()).requests;
    const before = await requests();

    const id = await n8n.rest.run(workflow, 'iTeraBiz Trigger');
    const trial = await n8n.rest.executionReaching(id);

    expect(itemsOf(trial, last)).toHaveLength(1);
    expect(await requests()).toEqual(before);
    const [{ json: sample }] = itemsOf(trial, 'iTeraBiz Trigger');
    await n8n.rest.activate(workflow);
    await hooksReaching(1);
    const isFailure = name.endsWith('fails');
    const [video] = await sandbox.addVideos(1, { status: 'processing' });
    if (isFailure) await sandbox.fail(video.id, hopeless);
    else await sandbox.finish(video.id);
    await until('the real event has come', async () => {
      const all = await n8n.rest.executions({ workflowId: workflow.id });
      return all.length > 1;
    });
    const [newest] = await n8n.rest.executions({ workflowId: workflow.id });
    const real = await n8n.rest.executionReaching(newest.id);
    const [{ json: event }] = itemsOf(real, 'iTeraBiz Trigger');
    expect(Object.keys(event).sort()).toEqual(Object.keys(sample).sort());
    expect(Object.keys(event.video as Json)).toEqual(
      expect.arrayContaining(Object.keys(sample.video as Json)),
    );
    await n8n.rest.deactivate(workflow);
    await hooksReaching(0);
  });
});

/** Puts the polling trigger in the place of the webhook trigger, as the note in the example says. */
function polling({ nodes }: WorkflowFile): void {
  const trigger = nodes.find(({ name }) => name === 'iTeraBiz Trigger')!;
  const { events } = trigger.parameters;
  Object.assign(trigger, {
    type: 'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
    typeVersion: 1,
    parameters: { pollTimes: { item: [{ mode: 'everyMinute' }] }, events },
  });
}

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
  expect(text).toContain('You pay for it.\n\nFresh bread, every morning\n\nAvatar: avatar_maria01');
  expect(await sandbox.videos()).toHaveLength(before);
  const yes = buttons.find((button) => button.text === 'Yes, make it')!;
  // n8n behavior: a click counts only where a browser says that it is one.
  const headers = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' };
  expect((await fetch(yes.link, { headers })).status).toBe(200);
  // n8n behavior: the node that answers waits for a chat window, which is not open here.
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
