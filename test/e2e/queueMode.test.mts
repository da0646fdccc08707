/**
 * A campaign in n8n's queue mode, shared by two workers. n8n does not run again what a killed worker
 * ran, and nothing else must do so either: its videos are paid for.
 */
import { readFileSync } from 'node:fs';
import axios from 'axios';
import { missingForQueueMode, type QueueMode, startQueueMode } from '../../n8n/queueMode.mts';
import type { Execution, ExecutionStatus, ExecutionSummary, Workflow } from '../../n8n/rest.mts';
import type { N8nProcess } from '../../n8n/server.mts';
import { type Sandbox, startSandbox, type Video } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { createVideo } from '../shared/createVideo.mts';
import { createAndWait, n8nTakesOverWaits, outputOf } from './campaigns.mts';
import { eventTrigger } from './eventTrigger.mts';

const MINUTES = 60_000;
const CAMPAIGNS = 10;
const ROWS = 30;

const missing = n8nTakesOverWaits()
  ? missingForQueueMode()
  : 'an n8n that can be trusted with a wait (2.41)';
if (missing) console.warn(`Queue mode is not tested here: ${missing} is not installed.`);
const testInQueueMode = missing ? test.skip : test;

let queue: QueueMode;
let sandbox: Sandbox;
let credential: { id: string; name: string };

beforeAll(async () => {
  if (missing) return;
  sandbox = await startSandbox({
    hold: true,
    deliveriesPerEvent: 2,
    deliveryJitterMs: 10_000,
    deliveryRetriesMs: [1_000, 5_000, 10_000, 20_000, 40_000],
  });
  queue = await startQueueMode();
  credential = await queue.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
}, 15 * MINUTES);

afterAll(async () => {
  await queue?.stop();
  await sandbox?.stop();
});

function node(name: string, type: string, more: Record<string, unknown>) {
  return { name, type, typeVersion: 1, position: [0, 0], parameters: {}, ...more };
}

const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });

/** Webhook → a row per item → Video: Create, waiting → After. */
async function activateCampaigns(): Promise<Workflow> {
  const workflow = await queue.rest.createWorkflow({
    name: 'Campaigns',
    nodes: [
      node('Order', 'n8n-nodes-base.webhook', {
        typeVersion: 2,
        webhookId: '5b7ad3f0-8d04-4f5e-9d3c-6b3c6a2f0c01',
        parameters: { path: 'campaign', httpMethod: 'POST' },
      }),
      node('Rows', 'n8n-nodes-base.splitOut', { parameters: { fieldToSplitOut: 'body.rows' } }),
      node('iTeraBiz', 'n8n-nodes-iterabiz.iTeraBiz', {
        credentials: { iTeraBizApi: credential },
        parameters: { ...createAndWait, options: { whenVideoExists: 'reuse', pollInterval: 2 } },
      }),
      node('After', 'n8n-nodes-base.noOp', {}),
    ],
    connections: { Order: to('Rows'), Rows: to('iTeraBiz'), iTeraBiz: to('After') },
  });
  return await queue.rest.activate(workflow);
}

async function activateEvents(): Promise<Workflow> {
  const workflow = await queue.rest.createWorkflow({
    name: 'Events',
    nodes: [
      eventTrigger(credential, '5b7ad3f0-8d04-4f5e-9d3c-6b3c6a2f0c02'),
      node('After', 'n8n-nodes-base.noOp', {}),
    ],
    connections: { Event: to('After') },
  });
  return await queue.rest.activate(workflow);
}

/**
 * All executions that an outside service started, oldest first. (The small workflows that wait for
 * parked executions are listed under the same workflow, as `integrated`.)
 */
async function executionsOf({ id }: Workflow): Promise<ExecutionSummary[]> {
  return (await queue.rest.executions({ workflowId: id }))
    .filter(({ mode }) => mode === 'webhook')
    .sort((one, other) => Number(one.id) - Number(other.id));
}

async function executionsInFull(summaries: ExecutionSummary[]): Promise<Execution[]> {
  const full: Execution[] = [];
  for (const { id } of summaries) full.push(await queue.rest.execution(id));
  return full;
}

/** Orders campaigns as an outside service would. */
async function order(numbers: number[]): Promise<void> {
  await Promise.all(
    numbers.map(async (campaign) => {
      const rows = Array.from({ length: ROWS }, (_, row) => ({
        script: `Campaign ${campaign}, row ${row}`,
      }));
      // n8n takes a moment to tell its webhook process of a new address; until then nothing starts.
      const post = async () =>
        await axios.post(
          `${queue.webhookUrl}/webhook/campaign`,
          { rows },
          { validateStatus: null },
        );
      await until('the webhook is there', async () => (await post()).status === 200, within(1));
    }),
  );
}

const within = (minutes: number) => ({ seconds: 60 * minutes, every: 250 });

async function accepted(): Promise<number> {
  return (await sandbox.stats()).acceptedCount;
}

/** How often the list of all videos was asked for. */
async function looks(): Promise<number> {
  return (await sandbox.stats()).requests['GET /videos'] ?? 0;
}

async function countOf(workflow: Workflow, ...statuses: ExecutionStatus[]): Promise<number> {
  return (await executionsOf(workflow)).filter(({ status }) => statuses.includes(status)).length;
}

/** IDs of the executions that a worker began, from its own log. */
function begunBy(worker: N8nProcess): string[] {
  const log = readFileSync(worker.log, 'utf8');
  return [...log.matchAll(/Worker started execution (\d+)/g)].map(([, id]) => id);
}

/** How many of the list there are of each kind. */
function countBy(list: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of list) counts[entry] = (counts[entry] ?? 0) + 1;
  return counts;
}

/** Webhook → Video: Create, under a limit of the account. */
async function activateLimited({ apiKey, url }: Sandbox, limit: number): Promise<Workflow> {
  const limited = await queue.rest.createCredential('With a limit', 'iTeraBizApi', {
    apiKey,
    baseUrl: url,
    maxVideosPerDay: limit,
  });
  const workflow = await queue.rest.createWorkflow({
    name: 'Limited',
    nodes: [
      node('Order', 'n8n-nodes-base.webhook', {
        typeVersion: 2,
        webhookId: '5b7ad3f0-8d04-4f5e-9d3c-6b3c6a2f0c03',
        parameters: { path: 'limited', httpMethod: 'POST' },
      }),
      node('iTeraBiz', 'n8n-nodes-iterabiz.iTeraBiz', {
        credentials: { iTeraBizApi: limited },
        parameters: { ...createVideo, script: 'Limited' },
      }),
    ],
    connections: { Order: to('iTeraBiz') },
  });
  return await queue.rest.activate(workflow);
}

testInQueueMode(
  'of 60 executions at once under a limit, two workers order no more than each may see free',
  async () => {
    const LIMIT = 20;
    // Of its own, so that none of its videos is one of the campaign's.
    const own = await startSandbox({ hold: true });
    const limited = await activateLimited(own, LIMIT);
    const post = async () =>
      await axios.post(`${queue.webhookUrl}/webhook/limited`, {}, { validateStatus: null });
    await until('the webhook is there', async () => (await post()).status === 200, within(1));
    await Promise.all(Array.from({ length: 59 }, post));
    await until('all have ended', async () => (await countOf(limited, 'success', 'error')) === 60, {
      ...within(3),
    });
    const made = (await own.stats()).acceptedCount;
    await own.stop();
    console.log(`Limit ${LIMIT}, 2 workers, 60 executions at once: ${made} videos`);
    expect(made).toBeGreaterThanOrEqual(LIMIT);
    expect(made).toBeLessThanOrEqual(2 * LIMIT);
    await queue.rest.deactivate(limited);
  },
  5 * MINUTES,
);

testInQueueMode(
  'a campaign outlives the hard stop of each process, and every paid video is accounted for',
  async () => {
    const events = await activateEvents();
    const campaigns = await activateCampaigns();
    await order([0, 1, 2, 3, 4, 5]);
    await until(
      'six campaigns wait',
      async () => (await countOf(campaigns, 'waiting')) === 6 && (await accepted()) === 6 * ROWS,
      within(5),
    );

    // From here on a submission is accepted at once, but its answer takes a while: whoever is killed
    // now leaves jobs behind that were paid for, and of which it was never told.
    await sandbox.fault({
      on: 'POST /videos',
      type: 'delay',
      ms: 1_500,
      when: 'after',
      times: 'always',
    });
    await order([6, 7, 8, 9]);
    await until('a half of it is submitted', accepted, {
      isSo: (count) => count >= 8 * ROWS,
      ...within(2),
    });
    const submitting = (await executionsOf(campaigns)).slice(6).map(({ id }) => id);
    const shareOf = (worker: N8nProcess) =>
      begunBy(worker).filter((id) => submitting.includes(id)).length;
    const [survivor, victim] = queue.workers.toSorted(
      (one, other) => shareOf(one) - shareOf(other),
    );
    const lost = begunBy(victim).filter((id) => submitting.includes(id));
    await victim.kill();
    expect(lost.length).toBeGreaterThan(0);
    expect(await accepted()).toBeLessThan(CAMPAIGNS * ROWS);

    await until(
      'what the killed worker ran has failed, and all the rest waits',
      async () =>
        (await countOf(campaigns, 'error', 'crashed')) === lost.length &&
        (await countOf(campaigns, 'waiting')) === CAMPAIGNS - lost.length,
      within(8),
    );
    const paid = await accepted();
    for (const id of lost) await queue.rest.retryExecution(id);
    await victim.restart();

    // All wait: no process has anything of theirs in its memory.
    await until('nothing runs', async () => await queue.rest.runningExecutions(), {
      isSo: ({ length }) => length === 0,
      ...within(2),
    });
    // But for the moments in which a worker looks after the videos. Every worker is stopped in one of
    // these: each look takes longer than it takes to see that some have begun.
    await sandbox.fault({ on: 'GET /videos', type: 'delay', ms: 60_000, times: 'always' });
    const before = await looks();
    await until('several look after their videos', looks, {
      isSo: (count) => count >= before + 3,
      ...within(5),
    });
    await victim.kill();
    await survivor.kill();
    await sandbox.clearFaults();
    await queue.main.restart();
    await survivor.restart();
    await victim.restart();

    // The videos become ready in groups; a delivery that n8n turns away is made again.
    const made = (await sandbox.videos()).map(({ id }) => id);
    for (let first = 0; first < made.length; first += ROWS) {
      await sandbox.finish(made.slice(first, first + ROWS));
      await until(
        'their events are delivered',
        async () => (await sandbox.deliveries()).every(({ state }) => state !== 'pending'),
        within(5),
      );
    }
    await until(
      'all that waited ends',
      async () => countBy((await executionsOf(campaigns)).map(({ status }) => status)),
      { isSo: ({ success }) => success === CAMPAIGNS - lost.length, ...within(8) },
    );
    await until(
      'what the events started has ended',
      async () => (await countOf(events, 'new', 'running')) === 0,
      within(5),
    );

    const videos = await sandbox.videos();
    const { acceptedCount } = await sandbox.stats();
    const deliveries = await sandbox.deliveries();
    const ended = await executionsOf(campaigns);
    const successful = ended.filter(({ status }) => status === 'success');
    const completed = (await executionsInFull(successful)).map((one) => outputOf(one, 'After'));
    const started = await executionsInFull(await executionsOf(events));
    const announced = started.map((one) => (outputOf(one, 'Event')[0].video as Video).id);
    console.table({
      rows: CAMPAIGNS * ROWS,
      'submissions accepted': acceptedCount,
      'rows completed': completed.flat().length,
      'accepted for a killed worker': acceptedCount - completed.flat().length,
      'events sent': deliveries.length,
      'workflow runs': started.length,
      ...countBy(
        deliveries.map(
          ({ state, attempts }) => `events: ${state}, ${attempts.map(({ status }) => status)}`,
        ),
      ),
      ...countBy(ended.map(({ status }) => `executions: ${status}`)),
    });

    // Nothing is paid twice, neither by n8n nor by the retries of what was lost.
    expect(Object.values(countBy(videos.map(({ script }) => script!)))).not.toContain(2);
    expect(acceptedCount).toBe(paid);
    expect(videos).toHaveLength(paid);
    for (const id of lost) {
      expect(queue.workers.flatMap(begunBy).filter((begun) => begun === id)).toEqual([id]);
    }

    // Nothing is lost: each row of the other campaigns is there, in order, and finished.
    const campaignOf = (script: unknown) => Number(/Campaign (\d+)/.exec(String(script))?.[1]);
    for (const rows of completed) {
      const campaign = campaignOf(rows[0].script);
      expect(rows).toEqual(
        Array.from({ length: ROWS }, (_, row) =>
          expect.objectContaining({
            script: `Campaign ${campaign}, row ${row}`,
            status: 'completed',
          }),
        ),
      );
    }
    // What was accepted for the others is known by its event, and n8n shows them as failed.
    const failed = ended.filter(({ status }) => status === 'error').map(({ id }) => id);
    expect(failed).toEqual(lost.toSorted((one, other) => Number(one) - Number(other)));
    expect(countBy(deliveries.map(({ state }) => state))).toEqual({ delivered: 2 * paid });
    expect(announced.sort()).toEqual(videos.map(({ id }) => id).sort());

    // Ordered again, what was lost uses what was accepted for it, and orders the rest.
    await sandbox.settings({ hold: false, queuedMs: 0, processingMs: 0 });
    const done = completed.map((rows) => campaignOf(rows[0].script));
    await order(
      Array.from({ length: CAMPAIGNS }, (_, campaign) => campaign).filter(
        (one) => !done.includes(one),
      ),
    );
    await until(
      'every campaign has ended well once',
      async () => (await countOf(campaigns, 'success')) === CAMPAIGNS,
      within(6),
    );
    const good = (await executionsOf(campaigns)).filter(({ status }) => status === 'success');
    const given = (await executionsInFull(good)).flatMap((one) => outputOf(one, 'After'));
    const bought = await sandbox.videos();
    console.table({
      'ordered again': given.length - completed.flat().length,
      'there already': acceptedCount - completed.flat().length,
      'videos in all': bought.length,
      'named by no execution': bought.filter(({ id }) => !given.some((row) => row.id === id))
        .length,
    });
    expect(new Set(given.map(({ script }) => script)).size).toBe(CAMPAIGNS * ROWS);
    expect(bought.map(({ id }) => id).sort()).toEqual(given.map(({ id }) => id).sort());
    expect((await sandbox.stats()).acceptedCount).toBe(CAMPAIGNS * ROWS);
  },
  40 * MINUTES,
);
