/**
 * The short campaign is killed while it sends, loses answers, and is run again until it is done: one
 * video per row, and nothing that a person has to look up.
 */
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { Campaign, connect } from './examples.mts';

const MINUTES = 60_000;
const ROWS = 30;
const POST = 'POST /videos';

let n8n: N8n;
let sandbox: Sandbox;
let campaign: Campaign;
const figures: Record<string, unknown>[] = [];

beforeAll(async () => {
  sandbox = await startSandbox();
  n8n = await startN8n();
  await connect(n8n, sandbox);
  campaign = await Campaign.install(n8n, 'short-campaign');
});

afterAll(async () => {
  console.table(figures);
  await n8n?.stop();
  await sandbox?.stop();
});

const accepted = async () => (await sandbox.stats()).acceptedCount;

async function record(moment: string): Promise<void> {
  const rows = await campaign.rows();
  const unnamed = (await sandbox.videos()).filter(
    ({ id }) => !rows.some(({ job_id }) => job_id === id),
  );
  figures.push({
    moment,
    accepted: await accepted(),
    completed: rows.filter(({ status }) => status === 'completed').length,
    'to check': rows.filter(({ note }) => note?.includes('Check this one')).length,
    unnamed: unnamed.length,
  });
}

/** Starts it, and kills n8n as soon as the API has accepted that many in all. */
async function killedAt(submissions: number): Promise<void> {
  await campaign.start();
  await until(`${submissions} submissions are accepted`, accepted, {
    isSo: (count) => count >= submissions,
    seconds: 180,
  });
  await n8n.kill();
  await n8n.restart();
  await record(`killed after ${submissions}`);
}

test(
  'run again until it is done, whatever happened: one video per row',
  async () => {
    // Two rows say the same, and both are wanted.
    const scripts = Array.from({ length: ROWS }, (_, n) => `row ${n === 1 ? 0 : n}`);
    await campaign.add(scripts.map((script) => ({ script })));

    await sandbox.fault({ on: POST, type: 'delay', ms: 700, when: 'after', times: 'always' });
    await killedAt(7);
    await killedAt(15);
    await sandbox.clearFaults();

    // One answer is lost, and one request never arrives.
    await sandbox.fault({ on: POST, type: 'reset', when: 'after', skip: 2 });
    await sandbox.fault({ on: POST, type: 'reset', skip: 4 });
    await campaign.run(6 * MINUTES);
    await record('run to its end, an answer and a request lost');
    expect(await accepted()).toBe(ROWS - 1);

    await campaign.run(6 * MINUTES);
    await record('run again');
    const rows = await campaign.rows();
    expect(rows.map(({ status }) => status)).toEqual(rows.map(() => 'completed'));
    const videos = await sandbox.videos();
    expect(rows.map(({ job_id }) => job_id).sort()).toEqual(videos.map(({ id }) => id).sort());
    for (const { job_id, script } of rows) {
      expect(videos.find(({ id }) => id === job_id)).toMatchObject({ script });
    }
    expect(await accepted()).toBe(ROWS);

    await campaign.run(2 * MINUTES);
    expect(await accepted()).toBe(ROWS);
  },
  25 * MINUTES,
);
