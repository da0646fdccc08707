import { type Sandbox, startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { N8n } from './n8n.mts';

let sandbox: Sandbox;
let n8n: N8n;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
  await sandbox.resetStats();
});
afterEach(async () => {
  await sandbox.clearFaults();
  await sandbox.settings({ webhookSecrets: true });
  for (const { id } of await sandbox.hooks()) await sandbox.dropHook(id);
  await n8n.stop();
  expect(n8n.crashes).toEqual([]);
});

let count = 0;
async function activeTrigger(): Promise<string> {
  const id = `republish-${++count}`;
  n8n.save(id, { Trigger: { type: 'iTeraBizTrigger' } });
  await n8n.activate(id);
  return id;
}

async function publishAnew(id: string): Promise<void> {
  await n8n.deactivate(id);
  await n8n.activate(id);
}

const finishedVideo = async () => (await sandbox.addVideos(1))[0].id;
const reads = async () => (await sandbox.stats()).requests['GET /videos/{id}'] ?? 0;

/** n8n stores what it read when the delivery came in, and what the trigger has written into it since. */
async function deliverDuring(task: () => Promise<void>): Promise<number | null> {
  const before = await reads();
  await sandbox.fault({ on: 'GET /videos/{id}', type: 'delay', ms: 500 });
  const delivery = sandbox.sendEvent({ videoId: await finishedVideo() });
  await until('it is under way', async () => (await reads()) > before);
  await task();
  const [{ status }] = await delivery;
  return status;
}

/** What every later event is answered with. */
async function deliver(): Promise<number | null> {
  return (await sandbox.sendEvent({ videoId: await finishedVideo() }))[0].status;
}

describe.each([true, false])('where iTeraBiz gives out a secret: %s', (webhookSecrets) => {
  beforeEach(() => sandbox.settings({ webhookSecrets }));

  it('lets every event in after ten publications, each with a delivery under way', async () => {
    const id = await activeTrigger();
    for (let time = 0; time < 10; time++) {
      expect(await deliverDuring(() => publishAnew(id))).toBe(200);
      expect(await deliver()).toBe(200);
    }
    expect(n8n.runs).toHaveLength(20);
    await n8n.deactivate(id);
    expect(await sandbox.hooks()).toEqual([]);
  });

  it('lets every event in after somebody listened in the editor', async () => {
    const id = await activeTrigger();
    const listenAndStop = async () => {
      await n8n.listen(id);
      await n8n.stopListening(id);
    };
    expect(await deliverDuring(listenAndStop)).toBe(200);
    expect(await deliver()).toBe(200);
    expect(await sandbox.hooks()).toHaveLength(1);
  });
});
