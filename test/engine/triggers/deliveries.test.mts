import axios from 'axios';
import type { INodeParameters } from 'n8n-workflow';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { N8n } from './n8n.mts';

let sandbox: Sandbox;
let n8n: N8n;

beforeAll(async () => {
  sandbox = await startSandbox({
    hold: true,
    // A busy machine answers some deliveries too late, again and again.
    deliveryRetriesMs: [100, 200, 400, 800, 1_600, ...Array<number>(40).fill(3_200)],
  });
});
afterAll(() => sandbox.stop());

const credential = () => ({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });

beforeEach(async () => {
  n8n = await N8n.start(credential());
  await sandbox.resetStats();
});
afterEach(async () => {
  await sandbox.clearFaults();
  await sandbox.settings({ deliveriesPerEvent: 1, deliveryJitterMs: 0, webhookSecrets: true });
  for (const { id } of await sandbox.hooks()) await sandbox.dropHook(id);
  await n8n.stop();
  expect(n8n.crashes).toEqual([]);
});

/** A workflow of its own for each test, since the memory of repeats outlives a deactivation. */
let count = 0;
async function activeTrigger(parameters = {}): Promise<string> {
  const id = `deliveries-${++count}`;
  n8n.save(id, { Trigger: { type: 'iTeraBizTrigger', parameters } });
  await n8n.activate(id);
  return id;
}
const video = async (status: 'queued' | 'completed' | 'failed' = 'queued') =>
  (await sandbox.addVideos(1, { status }))[0].id;
const reads = async () => (await sandbox.stats()).requests['GET /videos/{id}'] ?? 0;
const statuses = (attempts: { status: number | null }[]) => attempts.map(({ status }) => status);

describe('each event once', () => {
  it('starts 200 runs for 200 events that come three times each, shuffled and at once', async () => {
    await sandbox.settings({ deliveriesPerEvent: 3, deliveryJitterMs: 1_000 });
    // Slow enough that a burst of questions to the API would show.
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'delay', ms: 50, times: 'always' });
    const id = await activeTrigger();
    const videos = await sandbox.addVideos(200, { status: 'queued' });
    await sandbox.finish(videos.map((each) => each.id));

    const done = async () => {
      const deliveries = await sandbox.deliveries();
      return deliveries.length === 600 && deliveries.every(({ state }) => state === 'delivered');
    };
    await until('all 600 deliveries are taken', done, { seconds: 150 });
    expect(n8n.runs).toHaveLength(200);
    expect(new Set(n8n.runs.map(({ event }) => event.video.id)).size).toBe(200);
    // On a busy machine, an answer may come too late, for the trigger or for the sender.
    const attempts = (await sandbox.deliveries()).flatMap((delivery) => delivery.attempts);
    const late = attempts.filter(({ status }) => status !== 200).length;
    expect(await reads()).toBeGreaterThanOrEqual(200);
    expect(await reads()).toBeLessThanOrEqual(200 + late);
    const { all, ...byKind } = (await sandbox.stats()).maxInFlight;
    expect(byKind['GET /videos/{id}']).toBeLessThanOrEqual(10);
    expect(all).toBeLessThanOrEqual(10);
    // Those that were being started at the same moment vouch for themselves only; the next for all.
    await sandbox.sendEvent({ videoId: await video('completed') });
    expect(n8n.staticDataOf(id, 'Trigger').recentEvents).toHaveLength(201);
  }, 180_000);

  it('knows a repeat after a restart', async () => {
    const id = await activeTrigger();
    const videoId = await video('completed');
    await sandbox.sendEvent({ videoId, eventId: 'evt_before' });
    expect(n8n.runs).toHaveLength(1);

    await jest.isolateModulesAsync(async () => {
      const fresh = (await import('./n8n.mts')) as { N8n: typeof N8n };
      const restarted = await fresh.N8n.start(credential(), n8n.database);
      const [{ id: hookId, url }] = await sandbox.hooks();
      const here = `${restarted.productionUrl(id, 'Trigger')}${new URL(url).search}`;
      const repeat = { hookId, url: here, videoId, eventId: 'evt_before' };
      expect(statuses(await sandbox.sendEvent(repeat))).toEqual([200]);
      expect(restarted.runs).toEqual([]);
      await sandbox.sendEvent({ ...repeat, videoId: await video('completed') });
      expect(restarted.runs).toHaveLength(1);
      await restarted.stop();
    });
  });

  it('is not lost when n8n cannot start its run: it is delivered again', async () => {
    await activeTrigger();
    n8n.failingRuns = 2;
    const videoId = await video();
    await sandbox.finish([videoId]);
    const delivered = async () =>
      (await sandbox.deliveries()).filter((each) => each.videoId === videoId);
    const [delivery] = await until('it is taken', delivered, {
      isSo: (found) => found[0]?.state === 'delivered',
      seconds: 20,
    });
    expect(statuses(delivery.attempts)).toEqual([500, 500, 200]);
    expect(n8n.runs).toHaveLength(1);
  });

  it('starts a run for each delivery where the user wants repeats', async () => {
    await activeTrigger({ options: { ignoreDuplicates: false } });
    await sandbox.sendEvent({ videoId: await video('completed'), eventId: 'evt_1', times: 3 });
    expect(n8n.runs).toHaveLength(3);
  });

  it('takes two events with the same ID for two when they are of two videos', async () => {
    await activeTrigger();
    await sandbox.sendEvent({ videoId: await video('completed'), eventId: 'evt_1' });
    await sandbox.sendEvent({ videoId: await video('completed'), eventId: 'evt_1' });
    expect(n8n.runs).toHaveLength(2);
  });
});

describe('the same event', () => {
  const eventIds = ['evt_1', 'evt_2', 'evt_3', 'evt_4'];
  const kinds = () => n8n.runs.map(({ event }) => event.event);

  it.each([
    ['one after the other', false],
    ['at once', true],
  ])('is one finished video, delivered with four event IDs %s', async (_case, isAtOnce) => {
    await activeTrigger();
    const videoId = await video('completed');
    const deliver = async (eventId: string) => await sandbox.sendEvent({ videoId, eventId });
    if (isAtOnce) await Promise.all(eventIds.map(deliver));
    else for (const eventId of eventIds) await deliver(eventId);
    expect(kinds()).toEqual(['video.completed']);
    expect(await reads()).toBe(1);
  });

  it('is not a video that failed and the same one once it is finished', async () => {
    await activeTrigger();
    const videoId = await video('failed');
    const say = async (type: string, id: string) =>
      await sandbox.sendEvent({ body: JSON.stringify({ id, type, data: { id: videoId } }) });
    await say('video.failed', 'evt_1');
    await sandbox.fault({
      on: 'GET /videos/{id}',
      type: 'rewrite',
      fields: { status: 'completed' },
      times: 'always',
    });
    // Said to have failed, twice, but rendered again since: what the API says now is what counts.
    await Promise.all([say('video.completed', 'evt_2'), say('video.failed', 'evt_3')]);
    for (const id of ['evt_4', 'evt_5']) await say('video.completed', id);
    expect(kinds()).toEqual(['video.failed', 'video.completed']);
  });

  it('is not used up by a sender who says something else than the API', async () => {
    await activeTrigger();
    const videoId = await video('failed');
    const said = { type: 'video.completed', data: { id: videoId } };
    await sandbox.sendEvent({ body: JSON.stringify(said) });
    await sandbox.fault({
      on: 'GET /videos/{id}',
      type: 'rewrite',
      fields: { status: 'done', video_url: 'https://a.example/b' },
    });
    await sandbox.sendEvent({ body: JSON.stringify(said) });
    expect(kinds()).toEqual(['video.failed', 'video.completed']);
  });

  it('is what the sender says where the API is not asked', async () => {
    await activeTrigger({ options: { confirmWithApi: false } });
    const videoId = await video('completed');
    for (const eventId of ['evt_1', 'evt_2', 'evt_1']) {
      await sandbox.sendEvent({ videoId, eventId });
    }
    expect(n8n.runs.map(({ event }) => event.eventId)).toEqual(['evt_1', 'evt_2']);
  });
});

describe('confirmation by the API', () => {
  it.each([
    ['refuses', { type: 'refuse', status: 503 }],
    ['limits the rate', { type: 'refuse', status: 429 }],
    ['does not take the key', { type: 'refuse', status: 401 }],
    ['breaks off', { type: 'reset' }],
    ['answers with a web page', { type: 'answer', status: 200, body: '<html></html>' }],
    ['is hidden by a web page', { type: 'answer', status: 404, body: '<html></html>' }],
    ['answers with another video', { type: 'rewrite', fields: { id: 'vid_other' } }],
    // Each delivery asks four times.
    ['is behind its own events', { type: 'rewrite', fields: { status: 'processing' }, times: 8 }],
  ] as const)('has the event sent again while the API %s', async (_case, fault) => {
    await activeTrigger();
    await sandbox.fault({ on: 'GET /videos/{id}', times: 2, ...fault });
    const id = await video();
    await sandbox.finish(id);
    await until('its event is taken', async () =>
      (await sandbox.deliveries()).some((one) => one.videoId === id && one.state === 'delivered'),
    );
    const [{ attempts }] = (await sandbox.deliveries()).filter((one) => one.videoId === id);
    expect(statuses(attempts)).toEqual([503, 503, 200]);
    expect(n8n.runs.map(({ event }) => event.video.id)).toEqual([id]);
  });

  it('refuses both of two deliveries at once when it cannot confirm, and takes the next', async () => {
    await activeTrigger();
    const event = { videoId: await video('completed'), eventId: 'evt_1' };
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'refuse', status: 503, times: 2 });
    expect(statuses(await sandbox.sendEvent({ ...event, times: 2 }))).toEqual([503, 503]);
    await sandbox.clearFaults();
    expect(statuses(await sandbox.sendEvent(event))).toEqual([200]);
    expect(n8n.runs).toHaveLength(1);
  });

  it.each(['data', 'job'])(
    'reads the video where the API has it: inside "%s"',
    async (nestedIn) => {
      await activeTrigger();
      const videoId = await video('completed');
      await sandbox.settings({ nestedIn });
      expect(statuses(await sandbox.sendEvent({ videoId }))).toEqual([200]);
      await sandbox.settings({ nestedIn: '' });
      expect(n8n.runs.map(({ event }) => event.video)).toEqual([
        expect.objectContaining({ id: videoId, status: 'completed' }),
      ]);
    },
  );

  it('believes the API where the event says otherwise', async () => {
    await activeTrigger();
    const id = await video('failed');
    const body = JSON.stringify({ id: 'evt_1', type: 'video.completed', data: { id } });
    await sandbox.sendEvent({ body });
    expect(n8n.runs[0].event).toMatchObject({
      event: 'video.failed',
      eventId: 'evt_1',
      video: { id, status: 'failed' },
    });
  });

  it('starts nothing when what the API says is not subscribed', async () => {
    await activeTrigger({ events: ['video.completed'] });
    const body = JSON.stringify({ type: 'video.completed', data: { id: await video('failed') } });
    expect(statuses(await sandbox.sendEvent({ body }))).toEqual([200]);
    expect(n8n.runs).toEqual([]);
  });

  it('hands on what the API says, not what the event says', async () => {
    await activeTrigger();
    const id = await video('completed');
    const forged = { id, status: 'completed', video_url: 'https://evil.example/malware.mp4' };
    await sandbox.sendEvent({ body: JSON.stringify({ type: 'video.completed', data: forged }) });
    expect(n8n.runs[0].event.video.video_url).not.toContain('evil');
  });

  it('can be left out: then the event counts, and nothing is asked', async () => {
    await activeTrigger({ options: { confirmWithApi: false } });
    const data = { id: 'vid_unknown', status: 'completed', video_url: 'https://example.com/a.mp4' };
    await sandbox.sendEvent({ body: JSON.stringify({ type: 'video.completed', data }) });
    expect(n8n.runs[0].event.video).toEqual(data);
    expect(await reads()).toBe(0);
  });
});

describe('what is understood', () => {
  it.each([
    ['data', (job: object) => ({ type: 'video.completed', data: job })],
    ['data.video', (job: object) => ({ type: 'video.completed', data: { video: job } })],
    ['video', (job: object) => ({ event: 'video.completed', video: job })],
    ['the top level', (job: object) => ({ event: 'video.completed', ...job })],
  ])('a video under %s', async (_place, wrap) => {
    await activeTrigger();
    const id = await video('completed');
    await sandbox.sendEvent({ body: JSON.stringify(wrap({ id, status: 'completed' })) });
    expect(n8n.runs.map(({ event }) => event)).toEqual([
      expect.objectContaining({ event: 'video.completed', eventId: `${id}:video.completed` }),
    ]);
  });

  it.each(['text/plain', 'application/octet-stream', 'application/xml; charset=utf-8'])(
    'JSON that is sent as %s',
    async (type) => {
      await activeTrigger();
      const videoId = await video('completed');
      const headers = { 'Content-Type': type };
      expect(statuses(await sandbox.sendEvent({ videoId, headers }))).toEqual([200]);
      expect(n8n.runs).toHaveLength(1);
    },
  );

  it('events without a signature where iTeraBiz gave out no secret', async () => {
    await sandbox.settings({ webhookSecrets: false });
    await activeTrigger();
    await sandbox.sendEvent({ videoId: await video('completed'), signature: 'none' });
    expect(n8n.runs).toHaveLength(1);
  });

  it('only videos of the chosen avatar', async () => {
    const avatarId = { __rl: true, mode: 'id', value: 'avatar_chosen' };
    await activeTrigger({ options: { avatarId } });
    const [chosen] = await sandbox.addVideos(1, { avatar_id: 'avatar_chosen' });
    await sandbox.sendEvent({ videoId: await video('completed') });
    await sandbox.sendEvent({ videoId: chosen.id });
    expect(n8n.runs.map(({ event }) => event.video.id)).toEqual([chosen.id]);
  });
});

describe('a signing secret that the user was given in the dashboard', () => {
  const secretToken = 'a-token-chosen-by-the-user';
  const parameters = (options: INodeParameters) => ({
    registration: 'manual',
    secretToken,
    options,
  });

  /** A trigger with a webhook that was made by hand, and the event that comes for it. */
  async function byHand(options: (secret: string) => INodeParameters) {
    const { data: hook } = await axios.post(
      `${sandbox.url}/webhooks`,
      { url: `${n8n.baseUrl}/elsewhere`, events: ['video.completed'] },
      { headers: { Authorization: `Bearer ${sandbox.apiKey}` } },
    );
    const id = await activeTrigger(parameters({ signingSecret: hook.secret }));
    n8n.save(id, {
      Trigger: { type: 'iTeraBizTrigger', parameters: parameters(options(hook.secret)) },
    });
    const url = `${n8n.productionUrl(id, 'Trigger')}?token=${secretToken}`;
    return { id, event: { url, hookId: hook.id, videoId: await video('completed') } };
  }

  it('is asked for', async () => {
    const { event } = await byHand((signingSecret) => ({ signingSecret }));
    expect(statuses(await sandbox.sendEvent({ ...event, signature: 'wrong' }))).toEqual([401]);
    expect(statuses(await sandbox.sendEvent({ ...event, signature: 'none' }))).toEqual([401]);
    expect(statuses(await sandbox.sendEvent(event))).toEqual([200]);
    expect(n8n.runs).toHaveLength(1);
  });

  it.each([
    ['a line break', (secret: string) => `${secret}\n`],
    ['blanks', (secret: string) => `  ${secret}\t`],
    ['quotes', (secret: string) => `"${secret}"`],
    ['an expression', (secret: string) => `={{ "${secret} " }}`],
  ])('may have been pasted with %s', async (_case, pasted) => {
    const { event } = await byHand((secret) => ({ signingSecret: pasted(secret) }));
    expect(statuses(await sandbox.sendEvent({ ...event, signature: 'none' }))).toEqual([401]);
    expect(statuses(await sandbox.sendEvent(event))).toEqual([200]);
  });

  it.each([
    '={{ undefined }}',
    '={{ null }}',
    '={{ "" }}',
    '={{ " \\n" }}',
    '={{ NaN }}',
    '={{ {} }}',
    '={{ [] }}',
    ' ',
    '',
  ])('lets nothing in where it is %j, and says so in the log', async (signingSecret) => {
    const { event, id } = await byHand(() => ({ signingSecret }));
    for (const signature of ['none', 'wrong', 'valid'] as const) {
      expect(statuses(await sandbox.sendEvent({ ...event, signature }))).toEqual([503]);
    }
    expect(n8n.runs).toEqual([]);
    expect(JSON.stringify(n8n.log)).toContain('the Signing Secret is empty');
    await n8n.deactivate(id);
    await expect(n8n.activate(id)).rejects.toThrow(/^The Signing Secret is empty/);
  });

  it('is not asked for where the option was never added', async () => {
    const { event } = await byHand(() => ({}));
    expect(statuses(await sandbox.sendEvent({ ...event, signature: 'none' }))).toEqual([200]);
  });
});
