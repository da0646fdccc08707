/**
 * Workflows are published again while their events come in. n8n stores what a trigger keeps from the
 * copy that each delivery began with, so an old copy comes back; the trigger must not go deaf by it.
 */
import type { Workflow } from '../../n8n/rest.mts';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { eventTrigger } from './eventTrigger.mts';

const MINUTES = 60_000;
const PUBLICATIONS = 10;
const IN_FLIGHT = 3;

let n8n: N8n;
let sandbox: Sandbox;
let credential: { id: string; name: string };

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await startN8n();
  credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
}, 10 * MINUTES);

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

afterEach(async () => {
  for (const { id } of await sandbox.hooks()) await sandbox.dropHook(id);
});

let count = 0;
async function activeTrigger(): Promise<Workflow> {
  const workflow = await n8n.rest.createWorkflow({
    name: 'Events',
    nodes: [eventTrigger(credential, `events-${++count}`)],
    connections: {},
  });
  await n8n.rest.activate(workflow);
  await until('it is registered', async () => (await sandbox.hooks()).length === 1);
  return workflow;
}

/** n8n registers and removes webhooks some time after it answers. */
async function registeredAnew(publish: () => Promise<void>): Promise<void> {
  const [before] = await sandbox.hooks();
  await publish();
  await until('it is registered anew', async () => {
    const [hook, ...more] = await sandbox.hooks();
    return more.length === 0 && hook !== undefined && hook.id !== before.id;
  });
}

/** Deletes a workflow. n8n goes on unpublishing it for a moment after its webhook is gone. */
async function deleted({ id }: Workflow): Promise<void> {
  await n8n.rest.request('POST', `/workflows/${id}/archive`);
  await until('n8n has unpublished it', async () => {
    const error = await n8n.rest.request('DELETE', `/workflows/${id}`).catch((e: Error) => e);
    if (error instanceof Error && !error.message.includes('still being unpublished')) throw error;
    return !(error instanceof Error);
  });
}

const reads = async () => (await sandbox.stats()).requests['GET /videos/{id}'] ?? 0;
const finishedVideos = async (count: number) =>
  (await sandbox.addVideos(count)).map(({ id }) => id);

async function deliver(videoIds: string[]): Promise<(number | null)[]> {
  const attempts = await Promise.all(
    videoIds.map(async (videoId) => await sandbox.sendEvent({ videoId })),
  );
  return attempts.flat().map(({ status }) => status);
}

async function runs({ id }: Workflow, count: number): Promise<void> {
  const started = async () => (await n8n.rest.executions({ workflowId: id })).length;
  await until(`${count} runs`, started, { isSo: (seen) => seen === count });
}

test.each<[string, (workflow: Workflow) => Promise<void>]>([
  [
    'deactivated and activated',
    async (workflow) => {
      await n8n.rest.deactivate(workflow);
      await until('nothing is registered', async () => (await sandbox.hooks()).length === 0);
      await n8n.rest.activate(workflow);
    },
  ],
  [
    'published anew with a change',
    async (workflow) => {
      const { id, versionId } = workflow;
      const [trigger] = workflow.nodes as { parameters: { events: string[] } }[];
      trigger.parameters.events.reverse(); // no change in what it does, but n8n cannot know
      const changes = { nodes: [trigger], versionId };
      const saved = await n8n.rest.request<Workflow>('PATCH', `/workflows/${id}`, changes);
      expect(saved.versionId).not.toBe(versionId);
      await n8n.rest.activate(saved);
      Object.assign(workflow, saved);
    },
  ],
])(
  'every event gets in after a workflow was %s ten times, each with deliveries under way',
  async (_how, publish) => {
    const workflow = await activeTrigger();
    // n8n stores what was registered some time after it was.
    const first = async () => await deliver(await finishedVideos(1));
    await until('the first event gets in', first, { isSo: ([status]) => status === 200 });
    let started = 1;
    for (let time = 0; time < PUBLICATIONS; time++) {
      const before = await reads();
      // The deliveries wait for their confirmation, and are stored when the workflow is published again.
      await sandbox.fault({
        on: 'GET /videos/{id}',
        type: 'delay',
        ms: 6_000,
        times: IN_FLIGHT,
      });
      const inFlight = await finishedVideos(IN_FLIGHT);
      const delivered = deliver(inFlight);
      await until('they are under way', async () => (await reads()) === before + IN_FLIGHT);
      await registeredAnew(() => publish(workflow));
      expect(await delivered).toEqual(inFlight.map(() => 200));
      await runs(workflow, (started += IN_FLIGHT));
      expect(await deliver(await finishedVideos(1))).toEqual([200]);
      await runs(workflow, ++started);
    }
    await n8n.rest.deactivate(workflow);
    await until('nothing is registered', async () => (await sandbox.hooks()).length === 0);
    await deleted(workflow);
  },
  5 * MINUTES,
);

test(
  'an event that comes again after n8n was restarted starts nothing',
  async () => {
    const workflow = await activeTrigger();
    const [videoId, another] = await finishedVideos(2);
    const send = async (eventId: string, video = videoId) =>
      (await sandbox.sendEvent({ videoId: video, eventId })).map(({ status }) => status);
    const accepted = async (eventId: string, video = videoId) =>
      await until('it gets in', async () => await send(eventId, video), {
        isSo: ([it]) => it === 200,
      });
    await accepted('evt_before');
    await runs(workflow, 1);
    await n8n.restart();
    await accepted('evt_before');
    // By another name, it is the same event: the API confirms one end of one video.
    await accepted('evt_again');
    await accepted('evt_after', another);
    await runs(workflow, 2);
    expect(await send('evt_after', another)).toEqual([200]);
    await runs(workflow, 2);
  },
  2 * MINUTES,
);
