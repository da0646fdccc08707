/**
 * n8n is killed in the middle of polls, over and over, and then it is counted how many runs each video
 * started: with n8n's durable scheduler, which stores a poll's progress and its run together, and
 * without it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workflow } from '../../../n8n/rest.mts';
import { type N8n, startN8n } from '../../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';

const MINUTES = 60_000;
const KILLS = Number(process.env.PROOF_KILLS ?? 20);
const VIDEOS = 10 * KILLS;

const durable = {
  N8N_SCHEDULER_ENABLED: 'true',
  N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
  N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
  N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
};

let n8n: N8n;
let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ hold: true });
});

afterEach(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

async function activePoller(): Promise<Workflow> {
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await n8n.rest.createWorkflow({
    name: 'Poller',
    nodes: [
      {
        name: 'Event',
        type: 'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
        typeVersion: 1,
        position: [0, 0],
        credentials: { iTeraBizApi: credential },
        parameters: {
          pollTimes: {
            item: [
              { mode: 'custom', cronExpression: '0,5,10,15,20,25,30,35,40,45,50,55 * * * * *' },
            ],
          },
          events: ['video.completed', 'video.failed'],
        },
      },
    ],
    connections: {},
  });
  return await n8n.rest.activate(workflow);
}

const polls = async () => (await sandbox.stats()).requests['GET /videos'] ?? 0;

/** How many runs each video started. */
async function runsByVideo({ id }: Workflow, videos: string[]): Promise<Map<string, number>> {
  const counts = new Map(videos.map((video) => [video, 0]));
  for (const execution of await n8n.rest.executions({ workflowId: id })) {
    const started = JSON.stringify(await n8n.rest.execution(execution.id));
    for (const video of videos) {
      if (started.includes(video)) counts.set(video, counts.get(video)! + 1);
    }
  }
  return counts;
}

test.each<[string, Record<string, string>, boolean]>([
  ['with the durable scheduler', durable, true],
  ['without it', {}, false],
])(
  'polls that are killed, %s',
  async (how, env, isExact) => {
    n8n = await startN8n({ env });
    const workflow = await activePoller();
    await until('it has begun', async () => (await polls()) > 0, { seconds: 120 });
    const made: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await sandbox.fault({ on: 'GET /videos', type: 'delay', ms: 300, times: 'always' });
      const before = await polls();
      made.push(...(await sandbox.addVideos(VIDEOS / KILLS)).map(({ id }) => id));
      await until('a poll is on', async () => (await polls()) > before, { seconds: 120, every: 5 });
      await sleep(kill * 40); // from the request to well after its answer
      await n8n.kill();
      await sandbox.clearFaults();
      await n8n.restart();
    }
    const end = await polls();
    await until('two polls more', async () => (await polls()) > end + 2, { seconds: 120 });
    await sleep(5_000);

    const counts = [...(await runsByVideo(workflow, made)).values()];
    const times = (runs: number) => counts.filter((count) => count === runs).length;
    console.table({
      how,
      kills: KILLS,
      videos: made.length,
      'one run': times(1),
      'no run': times(0),
      'more runs': counts.filter((count) => count > 1).length,
    });
    if (isExact) expect(counts).toEqual(made.map(() => 1));
    else expect(times(1)).toBeGreaterThan(0);
  },
  60 * MINUTES,
);
