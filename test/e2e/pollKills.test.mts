/**
 * n8n is killed in the middle of the looks of a polling trigger: where it stores a look's progress and
 * its run in one step, each video has to start exactly one run.
 *
 * A look comes once a minute, so this is no part of `npm run test:e2e`: `npm run test:polls`, some 25
 * minutes. `DURABLE=no` leaves out that setting of n8n, and tells what can happen then.
 */
import { setTimeout } from 'node:timers/promises';

import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';

const MINUTES = 60_000;
const KILLS = Number(process.env.KILLS ?? 20);
const VIDEOS_PER_KILL = 10;
const IS_DURABLE = process.env.DURABLE !== 'no';

const durable = {
  N8N_SCHEDULER_ENABLED: 'true',
  N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
  N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
  N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
};

let n8n: N8n;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
  n8n = await startN8n({ env: IS_DURABLE ? durable : {} });
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

/** Looks every minute: n8n allows no less. */
async function publish(): Promise<string> {
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'Ready',
    nodes: [
      {
        id: 'trigger',
        name: 'Ready',
        type: 'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
        typeVersion: 1,
        position: [0, 0],
        credentials: { iTeraBizApi: credential },
        parameters: {
          pollTimes: { item: [{ mode: 'everyMinute' }] },
          events: ['video.completed'],
        },
      },
      {
        id: 'after',
        name: 'After',
        type: 'n8n-nodes-base.noOp',
        typeVersion: 1,
        position: [200, 0],
        parameters: {},
      },
    ],
    connections: { Ready: { main: [[{ node: 'After', type: 'main', index: 0 }]] } },
  });
  await n8n.rest.activate(workflow);
  return workflow.id;
}

const looks = async () => (await sandbox.stats()).requests['GET /videos'] ?? 0;

async function untilLooked(): Promise<void> {
  const before = await looks();
  await until('it has looked', looks, { isSo: (now) => now > before, seconds: 150, every: 20 });
}

/** Until a look has been stored: what is finished before the first one is history. */
async function untilBegun(workflowId: string): Promise<void> {
  await untilLooked();
  const [{ id }] = await sandbox.addVideos(1, { created_at: new Date().toISOString() });
  const runs = async () => (await runsPerVideo(workflowId, [id])).get(id);
  await until('the first video has started a run', runs, { seconds: 150, every: 1_000 });
}

/** How many runs each video is in, whatever became of them. */
async function runsPerVideo(workflowId: string, ids: string[]): Promise<Map<string, number>> {
  const runs = await n8n.rest.executions({ workflowId });
  const texts: string[] = [];
  for (const { id } of runs) texts.push(JSON.stringify((await n8n.rest.execution(id)).data));
  const count = (id: string) => texts.filter((text) => text.includes(`"${id}"`)).length;
  return new Map(ids.map((id) => [id, count(id)]));
}

test(
  `killed ${KILLS} times in the middle of a look`,
  async () => {
    const workflowId = await publish();
    await untilBegun(workflowId);
    const ids: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const created_at = new Date().toISOString();
      const videos = await sandbox.addVideos(VIDEOS_PER_KILL, { created_at });
      ids.push(...videos.map(({ id }) => id));
      // At another moment each time: while it asks, while n8n stores what it has found, or a little later.
      await untilLooked();
      await setTimeout((kill * 37) % 400);
      await n8n.kill();
      await n8n.restart();
    }
    const settled = async () => [...(await runsPerVideo(workflowId, ids)).values()];
    if (IS_DURABLE) {
      const all = (counts: number[]) => counts.every((count) => count > 0);
      await until('every video has started a run', settled, {
        isSo: all,
        seconds: 60,
        every: 1_000,
      });
    }
    // Whatever is repeated would be by now.
    await untilLooked();
    await untilLooked();
    const counts = await settled();
    const times = (wanted: number) => counts.filter((count) => count === wanted).length;
    console.table({
      videos: ids.length,
      'in one run': times(1),
      'in no run': times(0),
      'in several': ids.length - times(0) - times(1),
    });
    if (IS_DURABLE) expect(counts).toEqual(ids.map(() => 1));
  },
  60 * MINUTES,
);
