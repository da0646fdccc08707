/** n8n is killed while the examples send and while they wait: nothing is paid twice, nothing is lost. */
import type { Workflow } from '../../n8n/rest.mts';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { byWebhook, startByWebhook, testWhereN8nWaits } from './campaigns.mts';
import { Campaign, connect, importExample, itemsOf } from './examples.mts';

const MINUTES = 60_000;
const ROWS = 30;
const BATCH = 5;

let n8n: N8n;
let sandbox: Sandbox;
let campaign: Campaign;
let published: Record<'campaign' | 'first-video', Workflow>;
const figures: Record<string, unknown>[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await startN8n();
  await connect(n8n, sandbox);
  campaign = await Campaign.install(n8n);
  published = { campaign: await publish('campaign'), 'first-video': await publish('first-video') };
});

afterAll(async () => {
  console.table(figures);
  await n8n?.stop();
  await sandbox?.stop();
});

async function publish(example: string): Promise<Workflow> {
  return await n8n.rest.activate(await importExample(n8n, example, byWebhook(example)));
}

async function start(example: keyof typeof published): Promise<string> {
  return await startByWebhook(n8n, published[example], example);
}

const accepted = async () => (await sandbox.stats()).acceptedCount;

async function rowsSaying(status: string): Promise<string[]> {
  const rows = await campaign.rows();
  return rows.filter((row) => row.status === status).map(({ script }) => script!);
}

/** SIGKILL as soon as the API has accepted that many, then a start with the same data. */
async function stopHard(submissions: number): Promise<void> {
  await until(`${submissions} submissions are accepted`, accepted, {
    isSo: (count) => count >= submissions,
  });
  await n8n.kill();
  await n8n.restart();
}

/**
 * Each video that the API accepted is known to its row, or the row is one to check; none was
 * accepted twice.
 */
async function expectNothingLost(): Promise<void> {
  const rows = await campaign.rows();
  const videos = (await sandbox.videos()).filter(({ script }) => script?.startsWith('row '));
  expect(new Set(videos.map(({ script }) => script)).size).toBe(videos.length);
  for (const { id, script } of videos) {
    const { status, job_id } = rows.find((row) => row.script === script)!;
    const isToCheck = status === 'submitting' || status === 'check this one';
    expect(isToCheck ? id : job_id).toBe(id);
  }
}

/** Adds a line to the table that is printed at the end. */
async function record(moment: string): Promise<void> {
  const count = (list: { status: string | null }[]) => {
    const counts = new Map<string | null, number>();
    for (const { status } of list) counts.set(status, (counts.get(status) ?? 0) + 1);
    return [...counts].map(([status, number]) => `${number} ${status}`).join(', ');
  };
  const rows = count(await campaign.rows());
  const executions = count(await n8n.rest.executions());
  figures.push({ moment, accepted: await accepted(), rows, executions });
}

/** Does with each row to check what the note in the example tells its user to do. */
async function checkByHand(): Promise<void> {
  const videos = await sandbox.videos();
  for (const script of await rowsSaying('check this one')) {
    const video = videos.find((one) => one.script === script);
    const found = video ? { job_id: video.id, status: 'rendering' } : { status: 'ready' };
    await campaign.edit(await campaign.row(script), found);
  }
}

testWhereN8nWaits(
  'a campaign and a first video outlive hard stops',
  async () => {
    const scripts = Array.from({ length: ROWS }, (_, n) => `row ${String(n).padStart(2, '0')}`);
    await campaign.add(scripts.map((script) => ({ script })));
    const second = scripts.slice(BATCH, 2 * BATCH);

    // Of the second batch, one row never arrives, and the answer to another one never comes.
    const silence = { on: 'POST /videos', type: 'silence' } as const;
    await sandbox.fault({ ...silence, containing: second[2], when: 'after' });
    await sandbox.fault({ ...silence, containing: second[3] });
    const interrupted = await campaign.start();
    await stopHard(2 * BATCH - 1);
    await record('killed while it sends the second five');
    expect(await rowsSaying('submitting')).toEqual(second);
    expect((await n8n.rest.execution(interrupted)).status).toBe('crashed');
    await expect(n8n.rest.retryExecution(interrupted)).rejects.toThrow('cannot be retried');
    await expectNothingLost();

    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 300, times: 'always' });
    await campaign.start();
    await stopHard(3 * BATCH + 3);
    await record('run again, killed while it sends');
    expect(await rowsSaying('check this one')).toEqual(second);
    expect((await rowsSaying('submitting')).length).toBeLessThanOrEqual(BATCH);
    await expectNothingLost();
    await sandbox.clearFaults();

    // In the editor, they would stay in memory.
    const firstVideo = await start('first-video');
    const campaignRun = await start('campaign');
    for (const id of [firstVideo, campaignRun]) {
      await n8n.rest.executionReaching(id, ['waiting'], 3 * MINUTES);
    }
    await record('run again with "first video", both put aside');
    expect(await n8n.rest.runningExecutions()).toEqual([]);
    expect(await rowsSaying('ready')).toEqual([]);
    const toCheck = await rowsSaying('check this one');
    const accountedFor = await rowsSaying('rendering');
    await expectNothingLost();

    await n8n.kill();
    await sandbox.finish();
    await n8n.restart();
    const ended = await campaign.ended(campaignRun, 4 * MINUTES);
    const film = await n8n.rest.executionReaching(firstVideo, ['success'], 4 * MINUTES);
    await record('killed while both wait');
    expect(itemsOf(ended, 'Look at these rows').map(({ json }) => json.script)).toEqual(toCheck);
    expect(await rowsSaying('completed')).toEqual(accountedFor);
    expect(itemsOf(film, 'Download video')).toHaveLength(1);
    expect(itemsOf(film, 'Download video')[0].binary).toBeDefined();

    await sandbox.settings({ hold: false });
    await checkByHand();
    await campaign.run();
    await record('checked by hand, run again');
    await expectNothingLost();
    expect(await rowsSaying('completed')).toEqual(scripts);
    expect(await accepted()).toBe(ROWS + 1); // one is the first video
  },
  15 * MINUTES,
);
