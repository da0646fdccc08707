import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { N8n } from './n8n.mts';

let sandbox: Sandbox;
let n8n: N8n;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true, deliveryRetriesMs: [50, 100, 200] });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
  await sandbox.resetStats();
});
afterEach(async () => {
  await sandbox.clearFaults();
  for (const { id } of await sandbox.hooks()) await sandbox.dropHook(id);
  await n8n.stop();
  expect(n8n.crashes).toEqual([]);
  expect((await sandbox.stats()).contractViolations).toEqual([]);
});

const trigger = (parameters = {}) => ({ type: 'iTeraBizTrigger', parameters });
const runningVideo = async () => (await sandbox.addVideos(1, { status: 'queued' }))[0].id;
const runs = (count: number) =>
  until(`${count} runs have started`, () => n8n.runs, { isSo: ({ length }) => length === count });

describe('a workflow that is switched on', () => {
  it('starts once for each video that finishes or fails, and is not called after it is off', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    const [hook] = await sandbox.hooks();
    expect(hook.events).toEqual(['video.completed', 'video.failed']);
    expect(new URL(hook.url).searchParams.get('token')).toMatch(/^\w{8}-[\w-]{43}$/);

    const [good, bad] = [await runningVideo(), await runningVideo()];
    await sandbox.finish(good);
    await sandbox.fail(bad, { code: 'voice', message: 'The voice is gone' });
    await runs(2);
    const byVideo = Object.fromEntries(n8n.runs.map(({ event }) => [event.video.id, event]));
    expect(byVideo[good]).toEqual({
      event: 'video.completed',
      eventId: expect.stringMatching(/^evt_/),
      occurredAt: expect.stringMatching(/^\d{4}-.*Z$/),
      video: expect.objectContaining({ id: good, status: 'completed' }),
    });
    expect(byVideo[bad]).toMatchObject({
      event: 'video.failed',
      video: { error: { message: 'The voice is gone' } },
    });

    await n8n.deactivate('w1');
    expect(await sandbox.hooks()).toEqual([]);
    await sandbox.finish(await runningVideo());
    expect(n8n.runs).toHaveLength(2);
    expect(n8n.staticDataOf('w1', 'Trigger').registration).toBeUndefined();
  });

  it('registers only the chosen events', async () => {
    n8n.save('w1', { Trigger: trigger({ events: ['video.failed'] }) });
    await n8n.activate('w1');
    expect((await sandbox.hooks())[0].events).toEqual(['video.failed']);
  });

  it('keeps its webhook when it is activated again, as after a restart', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    const before = await sandbox.hooks();
    await n8n.activate('w1');
    expect(await sandbox.hooks()).toEqual(before);
    expect((await sandbox.stats()).requests['POST /webhooks']).toBe(1);
  });

  it('registers anew when its webhook was deleted in the dashboard', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    const [{ id }] = await sandbox.hooks();
    await sandbox.dropHook(id);
    await n8n.activate('w1');
    const [hook, ...more] = await sandbox.hooks();
    expect(more).toEqual([]);
    expect(hook.id).not.toBe(id);
    await sandbox.finish(await runningVideo());
    await runs(1);
  });

  it('moves with n8n to another address, as when WEBHOOK_URL is set', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    n8n.baseUrl = n8n.baseUrl.replace('127.0.0.1', 'localhost');
    await n8n.activate('w1');
    // The one before may be of another n8n, of which this is a copy.
    const hosts = (await sandbox.hooks()).map(({ url }) => new URL(url).hostname);
    expect(hosts.sort()).toEqual(['127.0.0.1', 'localhost']);
    expect(JSON.stringify(n8n.log)).toContain('belongs to another address');
  });

  it.each([
    ['has another ID, so that its secret is not known', { id: 'wh_other' }],
    ['points elsewhere', { url: 'https://example.com/elsewhere' }],
  ])('registers anew when the remote webhook %s', async (_case, fields) => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    await sandbox.fault({ on: 'GET /webhooks', type: 'rewrite', fields });
    await n8n.activate('w1');
    expect((await sandbox.stats()).requests['POST /webhooks']).toBe(2);
    expect(await sandbox.hooks()).toHaveLength(1);
  });

  it('registers anew when the events were changed, and leaves no other webhook', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    n8n.save('w1', { Trigger: trigger({ events: ['video.completed'] }) });
    await n8n.activate('w1');
    expect((await sandbox.hooks()).map(({ events }) => events)).toEqual([['video.completed']]);
  });

  it('does not adopt a webhook that somebody else made for its URL, nor delete it', async () => {
    n8n.save('w1', { Trigger: trigger() });
    const theirs = {
      url: `${n8n.productionUrl('w1', 'Trigger')}?token=theirs`,
      events: ['video.completed', 'video.failed'],
    };
    await axios.post(`${sandbox.url}/webhooks`, theirs, {
      headers: { Authorization: `Bearer ${sandbox.apiKey}` },
    });
    await n8n.activate('w1');
    expect(await sandbox.hooks()).toHaveLength(2);
    await n8n.deactivate('w1');
    expect((await sandbox.hooks()).map(({ url }) => url)).toEqual([theirs.url]);
  });

  it('may have two triggers, and another workflow beside it', async () => {
    const two = { One: trigger(), Two: trigger({ events: ['video.completed'] }) };
    n8n.save('w1', two);
    n8n.save('w2', { Trigger: trigger() });
    await n8n.activate('w1');
    await n8n.activate('w2');
    expect(new Set((await sandbox.hooks()).map(({ url }) => url)).size).toBe(3);

    await sandbox.finish(await runningVideo());
    await runs(3);
    await n8n.deactivate('w1');
    expect((await sandbox.hooks()).map(({ url }) => new URL(url).pathname)).toEqual([
      '/webhook/hook-w2-Trigger/webhook',
    ]);
  });
});

describe('test listening', () => {
  it('leaves nothing behind after an event, and production goes on beside it', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    const production = await sandbox.hooks();
    await n8n.listen('w1');
    expect(await sandbox.hooks()).toHaveLength(2);
    await sandbox.finish(await runningVideo());
    await runs(2);
    expect(n8n.runs.map(({ mode }) => mode).sort()).toEqual(['manual', 'webhook']);
    await until('one webhook is left', sandbox.hooks, { isSo: ({ length }) => length === 1 });
    expect(await sandbox.hooks()).toEqual(production);
  });

  it('leaves nothing behind when it is given up', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.listen('w1');
    expect(await sandbox.hooks()).toHaveLength(1);
    await n8n.stopListening('w1');
    expect(await sandbox.hooks()).toEqual([]);
  });
});

describe('a registration that is refused', () => {
  const refuse = (status: number, on = 'POST /webhooks') =>
    sandbox.fault({ on, type: 'refuse', status, times: 'always' });

  it.each([
    [401, /does not accept the API key/],
    [404, /Set Registration to Manual/],
    [405, /Set Registration to Manual/],
    [503, /too busy to register this trigger/],
  ])('with %i says what to do', async (status, message) => {
    await refuse(status);
    n8n.save('w1', { Trigger: trigger() });
    await expect(n8n.activate('w1')).rejects.toThrow(message);
    expect((await sandbox.stats()).requests['POST /webhooks']).toBe(5);
    expect(await sandbox.hooks()).toEqual([]);
  });

  it.each([404, 405])('with %i for every request on webhooks says the same', async (status) => {
    await refuse(status);
    await refuse(status, 'GET /webhooks');
    n8n.save('w1', { Trigger: trigger() });
    await expect(n8n.activate('w1')).rejects.toThrow(/Set Registration to Manual/);
  });

  it('leaves no webhook when five attempts were accepted and their answers lost', async () => {
    await sandbox.fault({ on: 'POST /webhooks', type: 'reset', when: 'after', times: 'always' });
    n8n.save('w1', { Trigger: trigger() });
    await expect(n8n.activate('w1')).rejects.toThrow(/was lost/);
    expect((await sandbox.stats()).requests['POST /webhooks']).toBe(5);
    expect(await sandbox.hooks()).toEqual([]);
  });

  it('leaves no webhook of a lost answer that could not be tidied up at once', async () => {
    await sandbox.fault({ on: 'POST /webhooks', type: 'reset', when: 'after' });
    await sandbox.fault({ on: 'GET /webhooks', type: 'refuse', status: 503 });
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    const { registration } = n8n.staticDataOf('w1', 'Trigger') as {
      registration: { hookId: string };
    };
    expect((await sandbox.hooks()).map(({ id }) => id)).toEqual([registration.hookId]);
  });

  it('with an answer that is no webhook says so, and leaves none', async () => {
    await sandbox.fault({
      on: 'POST /webhooks',
      type: 'rewrite',
      fields: { id: null },
      times: 'always',
    });
    n8n.save('w1', { Trigger: trigger() });
    await expect(n8n.activate('w1')).rejects.toThrow(/does not look like one from iTeraBiz/);
    expect(await sandbox.hooks()).toEqual([]);
  });

  it('at an address in the own network is refused before anything is sent', async () => {
    await n8n.stop();
    n8n = await N8n.start({ apiKey: 'sk_test_never_sent', baseUrl: 'https://api.iterabiz.com/v1' });
    n8n.baseUrl = 'http://192.168.1.20:5678';
    n8n.save('w1', { Trigger: trigger() });
    await expect(n8n.create('w1')).rejects.toThrow(/192\.168\.1\.20.*Polling Trigger.*WEBHOOK_URL/);
  });
});

/** An API of its own making: its IDs are numbers, as text only in addresses. */
describe('an API that gives a webhook a number for its ID', () => {
  let api: Server;
  let hooks: { id: number; url: string; events: string[] }[];
  const asked: string[] = [];

  beforeEach(async () => {
    [hooks, asked.length] = [[], 0];
    api = createServer((request, response) => {
      const { method, url = '' } = request;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push(`${method} ${url.split('?')[0]}`);
        response.setHeader('Content-Type', 'application/json');
        if (method === 'POST') {
          const hook = { id: 41 + hooks.length, ...JSON.parse(String(Buffer.concat(chunks))) };
          hooks.push(hook);
          response.writeHead(201).end(JSON.stringify(hook));
        } else if (method === 'GET') {
          response.end(JSON.stringify({ data: hooks, has_more: false }));
        } else {
          const left = hooks.filter(({ id }) => url !== `/v1/webhooks/${id}`);
          response.writeHead(left.length < hooks.length ? 204 : 404).end();
          hooks = left;
        }
      });
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    await n8n.stop();
    const { port } = api.address() as AddressInfo;
    n8n = await N8n.start({ apiKey: 'sk_test', baseUrl: `http://127.0.0.1:${port}/v1` });
  });
  afterEach(() => {
    api.closeAllConnections();
    api.close();
  });

  it('has the webhook once while the workflow is active, and not afterwards', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    await n8n.activate('w1'); // as after a restart
    expect(hooks.map(({ id }) => id)).toEqual([41]);
    await n8n.deactivate('w1');
    expect(hooks).toEqual([]);
    expect(asked.filter((line) => !line.startsWith('GET'))).toEqual([
      'POST /v1/webhooks',
      'DELETE /v1/webhooks/41',
    ]);
  });
});

describe('switching off', () => {
  it('accepts that the webhook is gone, and that there never was one', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.deactivate('w1');
    await n8n.activate('w1');
    await sandbox.dropHook((await sandbox.hooks())[0].id);
    await n8n.deactivate('w1');
    expect(n8n.staticDataOf('w1', 'Trigger').registration).toBeUndefined();
  });

  it.each([
    ['is out of reach', { type: 'refuse', status: 503 }],
    ['is hidden by a web page', { type: 'answer', status: 404, body: '<html></html>' }],
  ] as const)('does not fail when iTeraBiz %s, and tidies up the next time', async (_, fault) => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    await sandbox.fault({ on: 'DELETE /webhooks/{id}', ...fault });
    await n8n.deactivate('w1');
    const [left, ...more] = await sandbox.hooks();
    expect(more).toEqual([]);
    expect(n8n.staticDataOf('w1', 'Trigger').registration).toMatchObject({ hookId: left.id });
    n8n.save('w1', { Trigger: trigger({ events: ['video.failed'] }) });
    await n8n.activate('w1');
    expect(await sandbox.hooks()).toHaveLength(1);
    await n8n.deactivate('w1');
    expect(await sandbox.hooks()).toEqual([]);
  });
});

describe('manual registration', () => {
  const secretToken = 'a-token-chosen-by-the-user';
  const manual = (more = {}) => trigger({ registration: 'manual', secretToken, ...more });

  it('asks iTeraBiz for nothing, and takes only calls with the token', async () => {
    n8n.save('w1', { Trigger: manual() });
    await n8n.activate('w1');
    expect((await sandbox.stats()).requests).toEqual({});

    const [{ id: videoId }] = await sandbox.addVideos(1);
    const endpoint = n8n.productionUrl('w1', 'Trigger');
    const [refused] = await sandbox.sendEvent({ url: endpoint, videoId });
    expect(refused.status).toBe(401);
    const [taken] = await sandbox.sendEvent({ url: `${endpoint}?token=${secretToken}`, videoId });
    expect(taken.status).toBe(200);
    expect(n8n.runs.map(({ event }) => event.video.id)).toEqual([videoId]);

    await n8n.deactivate('w1');
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1 });
  });

  it.each(['', 'short', 'long enough but with spaces', 'long-enough-but-with-&-in-it'])(
    'is refused with the token "%s"',
    async (token) => {
      n8n.save('w1', { Trigger: manual({ secretToken: token }) });
      await expect(n8n.activate('w1')).rejects.toThrow(/Secret Token needs at least 20/);
    },
  );

  it('removes what was registered before it was chosen', async () => {
    n8n.save('w1', { Trigger: trigger() });
    await n8n.activate('w1');
    n8n.save('w1', { Trigger: manual() });
    await n8n.activate('w1');
    expect(await sandbox.hooks()).toEqual([]);
  });
});
