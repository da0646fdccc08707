/** An event that comes while a workflow is published for the first time is not refused for good. */
import { startSandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { N8n } from '../triggers/n8n.mts';

test('an event that comes before n8n has stored the registration is to be sent again', async () => {
  const sandbox = await startSandbox({ hold: true });
  const n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
  try {
    const [{ id: videoId }] = await sandbox.addVideos(1);
    const deliver = async () => (await sandbox.sendEvent({ videoId }))[0].status;
    n8n.save('first-event', { Trigger: { type: 'iTeraBizTrigger' } });
    await sandbox.fault({ on: 'GET /webhooks', type: 'delay', ms: 1_000 });
    const activation = n8n.activate('first-event');
    await until('it is registered', async () => (await sandbox.hooks()).length === 1);
    expect(await deliver()).toBe(503);
    await activation;
    expect(await deliver()).toBe(200);
    expect(n8n.runs).toHaveLength(1);
  } finally {
    await n8n.stop();
    await sandbox.stop();
  }
});
