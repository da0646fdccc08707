/** Events that come while a workflow is published for the first time, or n8n starts, are not lost. */
import { type Sandbox, startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { N8n } from '../triggers/n8n.mts';

let sandbox: Sandbox;
let n8n: N8n;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
});
afterAll(async () => {
  await n8n.stop();
  await sandbox.stop();
});

test('one that comes before n8n has stored the registration is to be sent again', async () => {
  const [{ id: videoId }] = await sandbox.addVideos(1);
  const deliver = async () => (await sandbox.sendEvent({ videoId }))[0].status;
  n8n.save('first', { Trigger: { type: 'iTeraBizTrigger' } });
  await sandbox.fault({ on: 'GET /webhooks', type: 'delay', ms: 1_000 });
  const activation = n8n.activate('first');
  await until('it is registered', async () => (await sandbox.hooks()).length === 1);
  expect(await deliver()).toBe(503);
  await activation;
  expect(await deliver()).toBe(200);
  expect(n8n.runs).toHaveLength(1);
  await n8n.deactivate('first');
});

test('the webhook, and with it what is to be delivered again, survives a start of n8n at which iTeraBiz is busy', async () => {
  n8n.save('start', { Trigger: { type: 'iTeraBizTrigger' } });
  await n8n.activate('start');
  const before = await sandbox.hooks();
  await sandbox.fault({ on: 'GET /webhooks', type: 'refuse', status: 503 });
  await n8n.activate('start', 'init');
  expect(await sandbox.hooks()).toEqual(before);
  expect(JSON.stringify(n8n.log)).toContain('whether the webhook is still there');
  // By the user, it is an error: what is registered may no longer be what the workflow says.
  await sandbox.fault({ on: 'GET /webhooks', type: 'refuse', status: 503 });
  await n8n.activate('start');
  expect((await sandbox.hooks())[0].id).not.toBe(before[0].id);
});
