/**
 * A workflow that is started for each row of a form, on an n8n that runs two executions at a time: no
 * wait holds up the others, and a hard stop in the middle costs nothing that a second start would not
 * make good.
 */
import { type N8n, startN8n } from '../../n8n/server.mts';
import type { Execution, Workflow } from '../../n8n/rest.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { createAndWait, outputOf, testWhereN8nWaits } from './campaigns.mts';

const MINUTES = 60_000;
const CROWD = 20;

let n8n: N8n;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await startN8n({ env: { N8N_CONCURRENCY_PRODUCTION_LIMIT: '2' } });
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

/** Webhook → Video: Create of what was posted, waiting. */
async function publishForm(): Promise<Workflow> {
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'Form',
    nodes: [
      {
        id: 'form',
        name: 'Form',
        type: 'n8n-nodes-base.webhook',
        typeVersion: 2,
        position: [0, 0],
        webhookId: 'form',
        parameters: { httpMethod: 'POST', path: 'form', responseMode: 'onReceived' },
      },
      {
        id: 'iTeraBiz',
        name: 'iTeraBiz',
        type: 'n8n-nodes-iterabiz.iTeraBiz',
        typeVersion: 1,
        position: [200, 0],
        credentials: { iTeraBizApi: credential },
        parameters: {
          ...createAndWait,
          script: '={{ $json.body.script }}',
          options: { whenVideoExists: 'reuse' },
        },
      },
    ],
    connections: { Form: { main: [[{ node: 'iTeraBiz', type: 'main', index: 0 }]] } },
  });
  return await n8n.rest.activate(workflow);
}

const SCRIPTS = Array.from({ length: CROWD }, (_, row) => `row ${row}`);

/** Starts an execution for a row, as a form does. */
async function start(script: string): Promise<boolean> {
  const { ok } = await fetch(`${n8n.url}/webhook/form`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ script }),
  });
  return ok;
}

async function untilAccepted(count: number): Promise<void> {
  // Before the first wait, which holds one of the two places, is over its minute in memory.
  await until(`${count} videos are ordered`, async () => (await sandbox.stats()).acceptedCount, {
    isSo: (accepted) => accepted >= count,
    seconds: 50,
    every: 50,
  });
}

const executions = async () =>
  (await n8n.rest.executions()).filter(({ mode }) => mode === 'webhook');

const withStatus = async (...statuses: Execution['status'][]) =>
  (await executions()).filter(({ status }) => statuses.includes(status));

testWhereN8nWaits(
  'a crowd gets through, is killed in the middle, and is started again: one video per row',
  async () => {
    await publishForm();
    const [first, ...others] = SCRIPTS;
    // n8n answers 404 until it has taken up a workflow that was just published.
    await until('the form is there', async () => await start(first), { seconds: 30, every: 500 });
    // None of these has to be answered: n8n is killed meanwhile.
    const started = Promise.allSettled(others.map(start));
    await untilAccepted(8);
    await n8n.kill();
    await started;
    await n8n.restart();
    const parked = await withStatus('waiting');
    expect(parked.length).toBeGreaterThan(0);
    const { acceptedCount } = await sandbox.stats();
    expect(acceptedCount).toBeLessThan(CROWD);

    expect(await Promise.all(SCRIPTS.map(start))).toEqual(SCRIPTS.map(() => true));
    await untilAccepted(CROWD);
    const scripts = (await sandbox.videos()).map(({ script }) => script);
    expect(scripts.sort()).toEqual([...SCRIPTS].sort());

    await sandbox.finish();
    await until('none waits any more', async () => await withStatus('new', 'running', 'waiting'), {
      isSo: (all) => all.length === 0,
      seconds: 240,
      every: 2_000,
    });
    const given = new Map<unknown, number>();
    for (const { id } of await withStatus('success')) {
      const [video] = outputOf(await n8n.rest.execution(id), 'iTeraBiz');
      expect(video).toMatchObject({ status: 'completed' });
      given.set(video.script, (given.get(video.script) ?? 0) + 1);
    }
    expect([...given.keys()].sort()).toEqual([...SCRIPTS].sort());
    for (const { id } of parked) expect((await n8n.rest.execution(id)).status).toBe('success');
    expect((await sandbox.stats()).acceptedCount).toBe(CROWD);
  },
  10 * MINUTES,
);
