import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import axios from 'axios';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { createVideo } from '../shared/createVideo.mts';
import { until } from '../shared/until.mts';

let n8n: N8n;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
  n8n = await startN8n();
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

function groupIsGone(pid: number): boolean {
  try {
    return !process.kill(-pid, 0);
  } catch {
    return true;
  }
}

test('n8n loads our nodes under the name of the package', async () => {
  const names = (await n8n.rest.nodeTypes('n8n-nodes-iterabiz.')).map(({ name }) => name);
  expect(names.sort()).toEqual([
    'n8n-nodes-iterabiz.iTeraBiz',
    'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
    'n8n-nodes-iterabiz.iTeraBizTool',
    'n8n-nodes-iterabiz.iTeraBizTrigger',
  ]);
});

const start = {
  name: 'Start',
  type: 'n8n-nodes-base.manualTrigger',
  typeVersion: 1,
  position: [0, 0],
  parameters: {},
};

test('a workflow runs in it, against the sandbox, with a credential', async () => {
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'Avatars',
    nodes: [
      start,
      {
        name: 'Avatars',
        type: 'n8n-nodes-iterabiz.iTeraBiz',
        typeVersion: 1,
        position: [200, 0],
        parameters: { resource: 'avatar', operation: 'getAll', returnAll: true },
        credentials: { iTeraBizApi: credential },
      },
    ],
    connections: { Start: { main: [[{ node: 'Avatars', type: 'main', index: 0 }]] } },
  });
  const execution = await n8n.rest.executionReaching(await n8n.rest.run(workflow, 'Start'));
  const [items] = execution.data.resultData.runData.Avatars[0].data!.main;
  expect(items!.length).toBeGreaterThan(0);
  expect(items![0].json).toMatchObject({ id: expect.any(String), name: expect.any(String) });
});

test('the credential works in the HTTP Request node, for iTeraBiz and no other host', async () => {
  const [credential] = await n8n.rest.credentials();
  const request = (name: string, url: string, y: number) => ({
    name,
    type: 'n8n-nodes-base.httpRequest',
    typeVersion: 4.2,
    position: [200, y],
    onError: 'continueRegularOutput',
    parameters: {
      url,
      authentication: 'predefinedCredentialType',
      nodeCredentialType: 'iTeraBizApi',
    },
    credentials: { iTeraBizApi: { id: credential.id, name: credential.name } },
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'By hand',
    nodes: [
      start,
      request('Home', `${sandbox.url}/avatars`, 0),
      request('Elsewhere', `${sandbox.cdnUrl}/avatars`, 200),
    ],
    connections: {
      Start: { main: [['Home', 'Elsewhere'].map((node) => ({ node, type: 'main', index: 0 }))] },
    },
  });
  const execution = await n8n.rest.executionReaching(await n8n.rest.run(workflow, 'Start'));
  const outputOf = (node: string) =>
    execution.data.resultData.runData[node][0].data!.main[0]![0].json;
  expect(outputOf('Home')).toMatchObject({ data: expect.any(Array) });
  expect(JSON.stringify(outputOf('Elsewhere'))).toContain('is only sent to');
  expect((await sandbox.stats()).keyLeaks).toEqual([]);
});

test('a workflow that calls itself orders no more than the limit of the account', async () => {
  await sandbox.resetStats();
  const credential = await n8n.rest.createCredential('With a limit', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
    maxVideosPerDay: 5 + (await sandbox.videos()).length,
  });
  const node = (name: string, type: string, more: object) => ({
    ...{ name, type, typeVersion: 1, position: [0, 0], parameters: {} },
    ...more,
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'Loop',
    nodes: [
      node('Start', 'n8n-nodes-base.webhook', {
        typeVersion: 2,
        webhookId: randomUUID(),
        parameters: { path: 'loop', httpMethod: 'POST', responseMode: 'onReceived' },
      }),
      node('Order', 'n8n-nodes-iterabiz.iTeraBiz', {
        parameters: { ...createVideo, script: 'Round and round' },
        credentials: { iTeraBizApi: credential },
      }),
      node('Again', 'n8n-nodes-base.httpRequest', {
        typeVersion: 4.2,
        parameters: { method: 'POST', url: `${n8n.url}/webhook/loop` },
      }),
    ],
    connections: {
      Start: { main: [[{ node: 'Order', type: 'main', index: 0 }]] },
      Order: { main: [[{ node: 'Again', type: 'main', index: 0 }]] },
    },
  });
  await n8n.rest.activate(workflow);
  await until('it listens', async () => {
    return await axios.post(`${n8n.url}/webhook/loop`).catch(() => undefined);
  });
  const { id } = await until('the loop has ended', async () => {
    const [last] = await n8n.rest.executions({ workflowId: workflow.id, status: ['error'] });
    return last;
  });
  const stopped = await n8n.rest.execution(id);
  expect(stopped.data.resultData.error?.message).toContain(
    '"Max Videos per Day" in the credential',
  );
  expect(await n8n.rest.executions({ workflowId: workflow.id })).toHaveLength(6);
  expect((await sandbox.stats()).acceptedCount).toBe(5);
  await n8n.rest.deactivate(workflow);
});

test('what was saved is there after a hard stop, and the session goes on', async () => {
  const killed = n8n.pid;
  await n8n.kill();
  expect(groupIsGone(killed)).toBe(true);
  await n8n.restart();
  expect((await n8n.rest.workflows()).map(({ name }) => name)).toContain('Avatars');
});

test('n8n listens on 127.0.0.1 only', async () => {
  const elsewhere = n8n.url.replace('127.0.0.1', '127.0.0.2'); // on Linux this computer, too
  expect((await axios.get(`${n8n.url}/healthz`)).status).toBe(200);
  await expect(axios.get(`${elsewhere}/healthz`)).rejects.toThrow('ECONNREFUSED');
});

test('after the stop no process and no file is left', async () => {
  const { pid, folder } = n8n;
  await n8n.stop();
  expect(groupIsGone(pid)).toBe(true);
  expect(existsSync(folder)).toBe(false);
});
