/**
 * A wait that n8n has taken over, on an instance whose environment variables would end or lose one, and what
 * is known of it when it is stopped.
 */
import { type N8n, startN8n } from '../../n8n/server.mts';
import { startSandbox, type Sandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import {
  createAndWait,
  outputOf,
  startByWebhook,
  testWhereN8nWaits,
  webhook,
} from './campaigns.mts';

const MINUTES = 60_000;

let n8n: N8n;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await startN8n({
    env: {
      // Shorter than the pause before the first look of a poller.
      EXECUTIONS_TIMEOUT: '60',
      EXECUTIONS_TIMEOUT_MAX: '60',
      EXECUTIONS_DATA_SAVE_ON_PROGRESS: 'true',
      EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none',
      EXECUTIONS_DATA_SAVE_ON_ERROR: 'none',
      N8N_WORKFLOW_CALLER_POLICY_DEFAULT_OPTION: 'none',
    },
  });
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

/** Webhook → Video: Create, waiting, in a workflow that has settings of its own. */
async function publish(name: string) {
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await n8n.rest.createWorkflow({
    name,
    settings: {
      executionOrder: 'v1',
      executionTimeout: -1,
      saveDataSuccessExecution: 'all',
      saveDataErrorExecution: 'all',
    },
    nodes: [
      { id: 'start', name: 'Start', position: [0, 0], ...webhook(name) },
      {
        id: 'iTeraBiz',
        name: 'iTeraBiz',
        type: 'n8n-nodes-iterabiz.iTeraBiz',
        typeVersion: 1,
        position: [200, 0],
        credentials: { iTeraBizApi: credential },
        parameters: { ...createAndWait, script: name },
      },
    ],
    connections: { Start: { main: [[{ node: 'iTeraBiz', type: 'main', index: 0 }]] } },
  });
  return await n8n.rest.activate(workflow);
}

async function videoOf(script: string) {
  return (await sandbox.videos()).find((video) => video.script === script)!;
}

testWhereN8nWaits(
  "a wait outlives the instance's time limit, and keeps to none of its settings",
  async () => {
    const names = ['in memory', 'handed over', 'stopped'];
    const workflows = [];
    for (const name of names) workflows.push(await publish(name));
    // It waits in memory for a minute, so that the others are handed over at once.
    await startByWebhook(n8n, workflows[0], names[0]);
    await until('it is ordered', async () => (await sandbox.stats()).acceptedCount === 1);
    const [id, stopped] = [
      await startByWebhook(n8n, workflows[1], names[1]),
      await startByWebhook(n8n, workflows[2], names[2]),
    ];
    for (const one of [id, stopped])
      await n8n.rest.executionReaching(one, ['waiting'], MINUTES / 2);

    await n8n.rest.stopExecution(stopped);
    const { customData } = await n8n.rest.execution(stopped);
    expect(customData).toEqual({ iTeraBiz_orders: (await videoOf('stopped')).id });

    await sandbox.finish();
    const { id: videoId } = await videoOf('handed over');
    const execution = await n8n.rest.executionReaching(id, ['success'], 3 * MINUTES);
    expect(outputOf(execution, 'iTeraBiz')).toMatchObject([{ id: videoId, status: 'completed' }]);
  },
  5 * MINUTES,
);
