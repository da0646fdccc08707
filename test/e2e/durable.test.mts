/**
 * The wait that n8n takes over after a minute, on the real server: executions that nothing runs,
 * over a hard stop, to the same output as a wait in memory.
 */
import { setTimeout } from 'node:timers/promises';

import type { N8n } from '../../n8n/server.mts';
import { startN8n } from '../../n8n/server.mts';
import type { Execution, Workflow } from '../../n8n/rest.mts';
import { startSandbox, type Sandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import {
  createAndWait,
  n8nTakesOverWaits,
  outputOf,
  startByWebhook,
  testWhereN8nWaits,
  webhook,
} from './campaigns.mts';

const MINUTES = 60_000;

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
});

afterAll(async () => {
  await n8n?.stop();
  await sandbox?.stop();
});

interface Campaign {
  name: string;
  rows: number;
  onError?: string;
  options?: Record<string, unknown>;
  account?: { id: string; name: string };
  /** Timeout in the workflow's settings, in seconds */
  timeout?: number;
}

/** Start → rows → Video: Create, waiting → After (on each output). */
async function createCampaign(campaign: Campaign): Promise<Workflow> {
  const { name, rows, onError, options, account = credential, timeout } = campaign;
  const node = (name: string, type: string, more: Record<string, unknown>) => ({
    name,
    type,
    typeVersion: 1,
    position: [0, 0],
    parameters: {},
    ...more,
  });
  const after = { node: 'After', type: 'main', index: 0 };
  const failed = { node: 'Failed', type: 'main', index: 0 };
  return await n8n.rest.createWorkflow({
    name,
    settings: { executionOrder: 'v1', ...(timeout && { executionTimeout: timeout }) },
    nodes: [
      { ...node('Start', '', {}), ...webhook(name) },
      node('Rows', 'n8n-nodes-base.code', {
        typeVersion: 2,
        parameters: {
          jsCode: `return Array.from({ length: ${rows} }, (_, row) => ({ json: { row, script: '${name} ' + row } }))`,
        },
      }),
      node('iTeraBiz', 'n8n-nodes-iterabiz.iTeraBiz', {
        credentials: { iTeraBizApi: account },
        onError,
        parameters: { ...createAndWait, options: { pollInterval: 5, ...options } },
      }),
      node('After', 'n8n-nodes-base.noOp', {}),
      node('Failed', 'n8n-nodes-base.noOp', {}),
    ],
    connections: {
      Start: { main: [[{ node: 'Rows', type: 'main', index: 0 }]] },
      Rows: { main: [[{ node: 'iTeraBiz', type: 'main', index: 0 }]] },
      iTeraBiz: { main: onError === 'continueErrorOutput' ? [[after], [failed]] : [[after]] },
    },
  });
}

async function start(campaign: Campaign): Promise<string> {
  const workflow = await n8n.rest.activate(await createCampaign(campaign));
  return await startByWebhook(n8n, workflow, campaign.name);
}

/** The IDs of the videos of one campaign, in the order of its rows. */
async function videosOf(campaign: string): Promise<string[]> {
  const row = (script = '') => Number(script.split(' ').pop());
  return (await sandbox.videos())
    .filter(({ script }) => script?.startsWith(`${campaign} `))
    .sort((one, other) => row(one.script) - row(other.script))
    .map(({ id }) => id);
}

/** Runs campaigns until every one is parked. */
async function park(campaigns: Campaign[]): Promise<Map<string, string>> {
  const executions = new Map<string, string>();
  for (const campaign of campaigns) {
    executions.set(campaign.name, await start(campaign));
  }
  for (const id of executions.values()) {
    await n8n.rest.executionReaching(id, ['waiting'], 2 * MINUTES);
  }
  return executions;
}

/** How many requests of a kind the sandbox got. */
async function countOf(kind: string): Promise<number> {
  return (await sandbox.stats()).requests[kind] ?? 0;
}

async function untilAsked(kind: string, count: number): Promise<void> {
  await until(`there were ${count} requests ${kind}`, async () => await countOf(kind), {
    isSo: (made) => made >= count,
    // A pause of 66 seconds, and n8n's timer of another 60: on a busy computer, twice.
    seconds: 300,
    every: 250,
  });
}

const RACE = { name: 'race', rows: 2, options: { pollInterval: 50 } };

/**
 * Two videos that are looked at after 50 seconds, and once more after 60: before n8n takes over. By another
 * address, since the looks of others with the same account would see them earlier.
 */
async function startRace(): Promise<{ id: string; startedAt: number }> {
  const account = await n8n.rest.createCredential('By another name', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url.replace('127.0.0.1', 'localhost'),
  });
  const id = await start({ ...RACE, account });
  await until('both are ordered', async () => (await videosOf('race')).length === RACE.rows);
  return { id, startedAt: Date.now() };
}

/** One of them fails before that last look: the node stops, and n8n has nothing to take over. */
async function loseRace({ id, startedAt }: { id: string; startedAt: number }): Promise<void> {
  const [failing, running] = await videosOf('race');
  await setTimeout(startedAt + 53_000 - Date.now());
  await sandbox.fail(failing, { code: 'render_failed', message: 'The avatar has no face' });
  await n8n.rest.executionReaching(id, ['error']);
  for (const other of await n8n.rest.executions()) {
    if (other.id === id) continue;
    expect(JSON.stringify(await n8n.rest.execution(other.id))).not.toContain(running);
  }
}

async function end(executions: Map<string, string>, name: string, status = 'success') {
  return await n8n.rest.executionReaching(
    executions.get(name)!,
    [status as Execution['status']],
    6 * MINUTES,
  );
}

testWhereN8nWaits(
  'parked executions outlive a hard stop and end like any other wait',
  async () => {
    const twenty = Array.from({ length: 20 }, (_, n) => ({ name: `twenty${n}`, rows: 2 }));
    const race = await startRace();
    const parking = park([
      { name: 'laps', rows: 50 },
      { name: 'stop', rows: 3 },
      { name: 'regular', rows: 3, onError: 'continueRegularOutput' },
      { name: 'split', rows: 3, onError: 'continueErrorOutput' },
      { name: 'returned', rows: 3, options: { failedVideos: 'output' } },
      { name: 'late', rows: 2, options: { maxWait: 2 } },
      { name: 'canceled', rows: 2 },
      { name: 'timeout', rows: 1, onError: 'continueErrorOutput', timeout: 400 },
      ...twenty,
    ]);
    await loseRace(race);
    const executions = await parking;
    expect(await n8n.rest.runningExecutions()).toEqual([]);
    const rows = 2 + 50 + 3 * 4 + 2 * 2 + 1 + 20 * 2;
    expect((await sandbox.stats()).acceptedCount).toBe(rows);

    await n8n.rest.stopExecution(executions.get('canceled')!);
    const laps = await videosOf('laps');
    await sandbox.finish(laps.slice(0, 20));
    // In the middle of a look that many share: those that woke up during the one before.
    await sandbox.fault({ on: 'GET /videos', type: 'delay', ms: 30_000, times: 'always' });
    await untilAsked('GET /videos', (await countOf('GET /videos')) + 2);
    await n8n.kill();
    await sandbox.clearFaults();
    await sandbox.finish(laps.slice(20, 40));
    await n8n.restart();

    for (const name of ['stop', 'regular', 'split', 'returned']) {
      const [first, second, third] = await videosOf(name);
      await sandbox.finish([first, third]);
      await sandbox.fail(second, { code: 'render_failed', message: 'The avatar has no face' });
    }
    for (const { name } of twenty) await sandbox.finish(await videosOf(name));

    const finished = async (name: string) =>
      (await videosOf(name)).map((id) => expect.objectContaining({ id, status: 'completed' }));

    for (const { name } of twenty) {
      const execution = await end(executions, name);
      expect(outputOf(execution, 'After')).toEqual(await finished(name));
    }

    const stopped = await end(executions, 'stop', 'error');
    const [first, second, third] = await videosOf('stop');
    const error = stopped.data.resultData.error as { message: string; description: string };
    expect(error.message).toBe(`iTeraBiz could not make video ${second}: The avatar has no face`);
    expect(error.description).toContain(`\nFinished:\nItem 1: ${first}.\nItem 3: ${third}.\n`);
    expect(error.description).toContain(`\nFailed:\nItem 2: ${second}.\n`);

    const regular = outputOf(await end(executions, 'regular'), 'After');
    const regularIds = await videosOf('regular');
    expect(regular.map(({ id }) => id)).toEqual([regularIds[0], undefined, regularIds[2]]);
    expect(regular[1]).toMatchObject({
      row: 1,
      error: expect.stringContaining('The avatar has no face'),
      details: { videoId: regularIds[1] },
    });

    const split = await end(executions, 'split');
    const splitIds = await videosOf('split');
    expect(outputOf(split, 'After').map(({ id }) => id)).toEqual([splitIds[0], splitIds[2]]);
    expect(outputOf(split, 'Failed')).toEqual([
      expect.objectContaining({ row: 1, details: { videoId: splitIds[1] } }),
    ]);

    const returned = outputOf(await end(executions, 'returned'), 'After');
    expect(returned.map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);

    const late = await end(executions, 'late', 'error');
    for (const id of await videosOf('late')) {
      expect(JSON.stringify(late.data.resultData.error)).toContain(id);
    }
    expect(late.data.resultData.error?.message).toContain('was not finished after 2 minutes');

    const [cut] = await videosOf('timeout');
    expect(outputOf(await end(executions, 'timeout'), 'Failed')).toMatchObject([
      {
        error: expect.stringContaining(
          `Video ${cut} was not finished before this workflow's Timeout`,
        ),
        details: { videoId: cut },
      },
    ]);

    await sandbox.finish(laps.slice(40));
    const lapped = await end(executions, 'laps');
    expect(outputOf(lapped, 'After')).toEqual(await finished('laps'));
    const pairs = lapped.data.resultData.runData.iTeraBiz[0].data?.main[0] ?? [];
    expect(pairs.map(({ pairedItem }) => pairedItem)).toEqual(
      laps.map((_, item) => expect.objectContaining({ item })),
    );

    expect((await n8n.rest.execution(executions.get('canceled')!)).status).toBe('canceled');
    expect((await sandbox.stats()).acceptedCount).toBe(rows);
  },
  15 * MINUTES,
);

testWhereN8nWaits.each<Campaign>([
  { name: 'split1', rows: 1, onError: 'continueErrorOutput' },
  { name: 'stop1', rows: 1 },
])(
  'killed between the last look and the result, n8n still gives out an item for each row, with its ID: $name',
  async (campaign) => {
    const { name, onError } = campaign;
    const executions = await park([campaign]);
    expect(await n8n.rest.runningExecutions()).toEqual([]);
    await sandbox.finish();
    // It asks for its only video by its ID: from afar at first, and then for the result.
    const kind = 'GET /videos/{id}';
    await sandbox.fault({ on: kind, type: 'delay', ms: 20_000, times: 'always' });
    await untilAsked(kind, (await countOf(kind)) + 2);
    await n8n.kill();
    await sandbox.clearFaults();
    await n8n.restart();

    const [videoId] = await videosOf(name);
    const error = `n8n was stopped before it got the result of video ${videoId}`;
    const unknown = [
      expect.objectContaining({ error: expect.stringContaining(error), details: { videoId } }),
    ];
    const execution = await end(executions, name);
    if (onError === undefined) return expect(outputOf(execution, 'After')).toEqual(unknown);
    expect(outputOf(execution, 'After')).toEqual([]);
    expect(outputOf(execution, 'Failed')).toEqual(unknown);
    expect(outputOf(execution, 'Failed')).toMatchObject([{ row: 0, script: `${name} 0` }]);
  },
  10 * MINUTES,
);

test(
  'a wait that n8n is not to take over, or cannot, stays in memory for longer than a minute',
  async () => {
    const options = n8nTakesOverWaits() ? { holdWhileWaiting: true } : {};
    const held = { name: 'held', rows: 2, options };
    const id = await start(held);
    // n8n would cancel it in the middle of its wait, and nothing would say that the video is paid for.
    const short = { name: 'short', rows: 1, onError: 'continueErrorOutput', timeout: 60 };
    const shortId = await start(short);
    await until('both are ordered', async () => (await videosOf('held')).length === held.rows);
    await setTimeout(75_000);
    const ended = await n8n.rest.executionReaching(shortId);
    const [video] = await videosOf('short');
    expect(outputOf(ended, 'Failed')).toMatchObject([
      { error: expect.stringMatching(`^Video ${video} was not finished before .*Timeout`) },
    ]);
    expect((await n8n.rest.runningExecutions()).map((one) => one.id)).toContain(id);
    await sandbox.finish(await videosOf('held'));
    const execution = await n8n.rest.executionReaching(id);
    expect(outputOf(execution, 'After')).toMatchObject([
      { status: 'completed' },
      { status: 'completed' },
    ]);
  },
  3 * MINUTES,
);
