/**
 * Two webhook processes of n8n behind the load balancer of docker-compose.yml: how many runs each event
 * starts that comes three times, at once or over a minute, and with one of the two killed on the way.
 *
 * No part of `npm run test:e2e`: `npm run test:balanced`, some six minutes.
 */
import { missingForQueueMode, type QueueMode, startQueueMode } from '../../n8n/queueMode.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { outputOf } from './campaigns.mts';
import { eventTrigger } from './eventTrigger.mts';

const MINUTES = 60_000;
const EVENTS = 200;

const missing = missingForQueueMode({ balanced: true });
if (missing)
  console.warn(`Two webhook processes are not tested here: ${missing} is not installed.`);
const testBalanced = missing ? describe.skip : describe;

let queue: QueueMode;
let sandbox: Sandbox;
let workflowId: string;
const figures: Record<string, Record<string, number | string>> = {};

beforeAll(async () => {
  if (missing) return;
  sandbox = await startSandbox({
    hold: true,
    deliveriesPerEvent: 3,
    deliveryRetriesMs: [1_000, 5_000, 10_000, 20_000, 40_000],
  });
  queue = await startQueueMode({ balanced: true, workers: 1 });
  workflowId = await publish();
}, 15 * MINUTES);

afterAll(async () => {
  console.table(figures);
  await queue?.stop();
  await sandbox?.stop();
});

async function publish(): Promise<string> {
  const credential = await queue.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const workflow = await queue.rest.createWorkflow({
    name: 'Events',
    nodes: [
      eventTrigger(credential, '5b7ad3f0-8d04-4f5e-9d3c-6b3c6a2f0c03', ['video.completed']),
      {
        name: 'After',
        type: 'n8n-nodes-base.noOp',
        typeVersion: 1,
        position: [200, 0],
        parameters: {},
      },
    ],
    connections: { Event: { main: [[{ node: 'After', type: 'main', index: 0 }]] } },
  });
  await queue.rest.activate(workflow);
  await until('the trigger has registered its address', async () => {
    return (await sandbox.hooks()).length === 1;
  });
  return workflow.id;
}

const pending = async () =>
  (await sandbox.deliveries()).filter(({ state }) => state === 'pending').length;

/**
 * How many runs each of these videos is in.
 *
 * @param known runs of before
 */
async function runsOf(videoIds: string[], known: Set<string>): Promise<number[]> {
  const runs = (await queue.rest.executions({ workflowId })).filter(({ id }) => !known.has(id));
  const counts = new Map(videoIds.map((id) => [id, 0]));
  for (const { id } of runs) {
    const [event] = outputOf(await queue.rest.execution(id), 'Event');
    const { id: video } = event.video as { id: string };
    expect(videoIds).toContain(video);
    counts.set(video, counts.get(video)! + 1);
  }
  return [...counts.values()];
}

/** Each event is sent three times, each time at another moment within this many milliseconds. */
async function send(way: string, deliveryJitterMs: number, meanwhile?: () => Promise<void>) {
  await sandbox.settings({ deliveryJitterMs });
  const known = new Set((await queue.rest.executions({ workflowId })).map(({ id }) => id));
  const videos = await sandbox.addVideos(EVENTS, { status: 'processing' });
  const ids = videos.map(({ id }) => id);
  const before = (await sandbox.deliveries()).length;
  await sandbox.finish(ids);
  await meanwhile?.();
  const within = { isSo: (count: number) => count === 0, seconds: 300, every: 500 };
  await until('all deliveries are answered', pending, within);
  const unfinished = async () =>
    (await queue.rest.executions({ workflowId, status: ['new', 'running'] })).length;
  await until('what they started has ended', unfinished, within);

  const counts = await runsOf(ids, known);
  const deliveries = (await sandbox.deliveries()).slice(before);
  const times = (wanted: number) => counts.filter((count) => count === wanted).length;
  figures[way] = {
    'events, three times each': counts.length,
    'in one run': times(1),
    'in no run': times(0),
    'in two': times(2),
    'in three': times(3),
    'deliveries answered at the first try': deliveries.filter(({ attempts }) => !attempts[1])
      .length,
    'given up': deliveries.filter(({ state }) => state === 'given up').length,
  };
  return counts;
}

testBalanced('200 events, three times each', () => {
  test.each([
    ['at once', 0],
    ['over a minute', MINUTES],
  ])(
    '%s: each starts one run',
    async (way, jitter) => {
      const counts = await send(way, jitter);
      expect(counts).toEqual(counts.map(() => 1));
    },
    12 * MINUTES,
  );

  test.each(['first', 'second'])(
    'over a minute, and the %s process is killed on the way: none is lost',
    async (which) => {
      const victim = queue.webhooks[which === 'first' ? 0 : 1];
      const counts = await send(`over a minute, ${which} process killed`, MINUTES, async () => {
        const half = (3 * EVENTS) / 2;
        await until('half of it is delivered', pending, {
          isSo: (count) => count <= half,
          seconds: 300,
        });
        await victim.kill();
      });
      await victim.restart();
      expect(counts).not.toContain(0);
    },
    12 * MINUTES,
  );
});
