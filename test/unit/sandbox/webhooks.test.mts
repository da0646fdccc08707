import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AxiosInstance } from 'axios';
import { startSandbox, type Hook, type Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { clientOf, newVideo } from './http.mts';

interface Received {
  body: string;
  headers: IncomingMessage['headers'];
}

/** A receiver of events that answers with these statuses, and with 200 when they are used up. */
async function startReceiver(): Promise<{
  url: string;
  got: Received[];
  next: number[];
  server: Server;
}> {
  const got: Received[] = [];
  const next: number[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    got.push({ body, headers: request.headers });
    response.writeHead(next.shift() ?? 200).end('taken');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook?token=abc`, got, next, server };
}

let sandbox: Sandbox;
let api: AxiosInstance;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true, deliveryRetriesMs: [20, 40] });
  api = clientOf(sandbox);
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const { id } of await sandbox.hooks()) await sandbox.dropHook(id);
  receiver.server.close();
  receiver.server.closeAllConnections();
});

const register = async (events = ['video.completed', 'video.failed']): Promise<Hook> =>
  (await api.post('/webhooks', { url: receiver.url, events })).data;
const submit = async (): Promise<string> => (await api.post('/videos', newVideo)).data.id;
const received = (count: number) =>
  until(`${count} events have come`, () => receiver.got, { isSo: (got) => got.length >= count });
const isSignedBy = (secret: string, { body, headers }: Received) => {
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-iterabiz-signature'] as string)!;
  return createHmac('sha256', secret).update(`${t}.${body}`).digest('hex') === v1;
};

it('are registered, listed without their secret, and deleted', async () => {
  const hook = await register();
  expect(hook).toMatchObject({ url: receiver.url, events: ['video.completed', 'video.failed'] });
  expect(hook.secret).toMatch(/^whsec_/);
  const { id, url, events, created_at } = hook;
  expect((await api.get('/webhooks')).data).toEqual({
    data: [{ id, url, events, created_at }],
    has_more: false,
  });
  expect((await sandbox.stats()).hooksRegistered).toBe(1);
  expect((await api.delete(`/webhooks/${hook.id}`)).status).toBe(204);
  expect((await api.delete(`/webhooks/${hook.id}`)).status).toBe(404);
  expect(await sandbox.hooks()).toEqual([]);
});

it('refuse an address or an event that is none', async () => {
  const bad = [
    { url: 'ftp://example.com', events: ['video.completed'] },
    { url: receiver.url, events: ['video.started'] },
    { url: receiver.url, events: [] },
  ];
  for (const body of bad) expect((await api.post('/webhooks', body)).status).toBe(400);
});

it('are told of a finished video, signed, with the video as the API answers it', async () => {
  const { secret } = await register();
  const id = await submit();
  await sandbox.finish(id);
  const [event] = await received(1);
  expect(JSON.parse(event.body)).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    type: 'video.completed',
    data: { id, status: 'completed', video_url: expect.stringContaining(id) },
  });
  expect(isSignedBy(secret!, event)).toBe(true);
  expect(isSignedBy('whsec_other', event)).toBe(false);
});

it('are told only of the events that they asked for', async () => {
  await register(['video.failed']);
  const [good, bad] = [await submit(), await submit()];
  await sandbox.finish(good);
  await sandbox.fail(bad);
  await received(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(receiver.got.map(({ body }) => JSON.parse(body).data.id)).toEqual([bad]);
});

it('have no secret and no signature when the sandbox is set so', async () => {
  await sandbox.settings({ webhookSecrets: false });
  const hook = await register();
  await sandbox.settings({ webhookSecrets: true });
  expect(hook).not.toHaveProperty('secret');
  await sandbox.finish(await submit());
  const [event] = await received(1);
  expect(event.headers).not.toHaveProperty('x-iterabiz-signature');
});

it('are told again until they take the event, and given up after the last try', async () => {
  await register();
  receiver.next.push(500, 404, 200, 500, 500, 500);
  const outcomeOf = (videoId: string) =>
    until(
      'its event is delivered or given up',
      async () => (await sandbox.deliveries()).find((delivery) => delivery.videoId === videoId)!,
      { isSo: (delivery) => delivery && delivery.state !== 'pending' },
    );
  for (const [state, statuses] of [
    ['delivered', [500, 404, 200]],
    ['given up', [500, 500, 500]],
  ] as const) {
    const id = await submit();
    await sandbox.finish(id);
    const delivery = await outcomeOf(id);
    expect(delivery.state).toBe(state);
    expect(delivery.attempts.map(({ status }) => status)).toEqual(statuses);
  }
});

it('are told nothing more once they are deleted', async () => {
  await sandbox.settings({ deliveryRetriesMs: [500, 0] });
  const { id } = await register();
  receiver.next.push(500);
  await sandbox.finish(await submit());
  await received(1);
  await api.delete(`/webhooks/${id}`);
  await until('it is given up', async () => (await sandbox.deliveries()).at(-1)!.state, {
    isSo: (state) => state === 'given up',
  });
  await sandbox.settings({ deliveryRetriesMs: [20, 40] });
  expect(receiver.got).toHaveLength(1);
});

it('get each event several times, in any order, when the sandbox is set so', async () => {
  await sandbox.settings({ deliveriesPerEvent: 3, deliveryJitterMs: 200 });
  await register();
  const ids = await Promise.all(Array.from({ length: 20 }, submit));
  await sandbox.finish(ids);
  await received(60);
  await sandbox.settings({ deliveriesPerEvent: 1, deliveryJitterMs: 0 });
  const order = receiver.got.map(({ body }) => JSON.parse(body).data.id);
  expect(order).toHaveLength(60);
  expect([...new Set(order)].sort()).toEqual([...ids].sort());
  expect(order).not.toEqual(ids.flatMap((id) => [id, id, id]));
});

describe('events by hand', () => {
  it('can be repeated, and carry a valid signature', async () => {
    const { secret, id: hookId } = await register();
    const [{ id: videoId }] = await sandbox.addVideos(1);
    const answers = await sandbox.sendEvent({ hookId, videoId, eventId: 'evt_1', times: 3 });
    expect(answers).toEqual(Array(3).fill({ status: 200, body: 'taken' }));
    expect(receiver.got.map(({ body }) => JSON.parse(body).id)).toEqual(Array(3).fill('evt_1'));
    expect(receiver.got.every((event) => isSignedBy(secret!, event))).toBe(true);
  });

  it('can be forged, unsigned, stale, malformed and sent elsewhere', async () => {
    const { secret } = await register();
    const [{ id: videoId }] = await sandbox.addVideos(1);
    await sandbox.sendEvent({ videoId, signature: 'wrong' });
    await sandbox.sendEvent({ videoId, signature: 'none', type: 'video.deleted' });
    await sandbox.sendEvent({ videoId, timestamp: 1_000 });
    const url = receiver.url.replace('token=abc', '');
    await sandbox.sendEvent({ url, body: '[1', headers: { 'Content-Type': 'text/plain' } });
    const [wrong, unsigned, stale, malformed] = receiver.got;
    expect(isSignedBy(secret!, wrong)).toBe(false);
    expect(unsigned.headers).not.toHaveProperty('x-iterabiz-signature');
    expect(JSON.parse(unsigned.body).type).toBe('video.deleted');
    expect(stale.headers['x-iterabiz-signature']).toMatch(/^t=1000,/);
    expect(isSignedBy(secret!, stale)).toBe(true);
    expect([malformed.body, malformed.headers['content-type']]).toEqual(['[1', 'text/plain']);
  });

  it('say when nobody is there to take them', async () => {
    await expect(sandbox.sendEvent({ body: '{}' })).rejects.toThrow('There is no such webhook');
    const url = receiver.url;
    receiver.server.close();
    receiver.server.closeAllConnections();
    expect(await sandbox.sendEvent({ url, body: '{}' })).toMatchObject([{ status: null }]);
  });
});
