import type { AxiosInstance } from 'axios';
import { startSandbox, type Fault, type Sandbox } from '../../../sandbox/client.mts';
import { Faults } from '../../../sandbox/faults.mts';
import { clientOf, download, newVideo } from './http.mts';

describe('which requests a fault strikes', () => {
  const refusal = { type: 'refuse', status: 503 } as const;
  const struck = (fault: Fault, kinds: string[], text = '') => {
    const faults = new Faults();
    faults.add(fault);
    return kinds.map((kind) => faults.strike(kind, text).length).join('');
  };
  const posts = (count: number) => Array<string>(count).fill('POST /videos');

  it.each<[string, Partial<Fault>, string]>([
    ['the first', {}, '1000000000'],
    ['the first three', { times: 3 }, '1110000000'],
    ['all', { times: 'always' }, '1111111111'],
    ['two after four', { skip: 4, times: 2 }, '0000110000'],
    ['each third', { every: 3, times: 'always' }, '0010010010'],
  ])('%s', (_case, match, expected) => {
    expect(struck({ ...refusal, on: 'POST /videos', ...match } as Fault, posts(10))).toBe(expected);
  });

  it('only those of its kind, `*` being all to the API', () => {
    const kinds = ['GET /videos', 'POST /videos', 'GET file', 'GET picture'];
    expect(struck({ ...refusal, on: 'POST /videos', times: 'always' }, kinds)).toBe('0100');
    expect(struck({ ...refusal, on: '*', times: 'always' }, kinds)).toBe('1100');
    expect(struck({ ...refusal, on: 'GET file', times: 'always' }, kinds)).toBe('0010');
  });

  it('only those that contain its text', () => {
    const fault = { ...refusal, on: '*', containing: 'row 7' };
    expect(struck(fault, posts(1), '{"script":"row 6"}')).toBe('0');
    expect(struck(fault, posts(1), '{"script":"row 7"}')).toBe('1');
  });

  it('a share of them, the same for the same seed', () => {
    const share = (seed: number) =>
      struck({ ...refusal, on: '*', times: 'always', probability: 0.3, seed }, posts(1_000));
    const strikes = [...share(7)].filter((hit) => hit === '1').length;
    expect(strikes).toBeGreaterThan(230);
    expect(strikes).toBeLessThan(370);
    expect(share(7)).toBe(share(7));
    expect(share(7)).not.toBe(share(8));
  });
});

describe('what a client gets to feel', () => {
  let sandbox: Sandbox;
  let api: AxiosInstance;

  beforeAll(async () => {
    sandbox = await startSandbox({ queuedMs: 0, processingMs: 50 });
    api = clientOf(sandbox);
  });
  afterAll(() => sandbox.stop());
  beforeEach(async () => {
    await sandbox.clearFaults();
    await sandbox.resetStats();
  });

  const submit = (timeout?: number) => api.post('/videos', newVideo, { timeout });
  const acceptedCount = async () => (await sandbox.stats()).acceptedCount;
  /** The code of the error that axios throws, with the message where a broken body has no code. */
  const errorOf = (request: Promise<unknown>) =>
    request.then(
      () => 'no error',
      ({ code, message }) => `${code} ${message}`,
    );

  it.each([429, 500, 502, 503, 504])('a refusal with %i, then all is well', async (status) => {
    await sandbox.fault({ on: 'POST /videos', type: 'refuse', status, times: 2 });
    expect([await submit(), await submit(), await submit()].map((a) => a.status)).toEqual([
      status,
      status,
      201,
    ]);
    expect(await acceptedCount()).toBe(1);
    expect((await sandbox.stats()).faulted).toEqual({ refuse: 2 });
  });

  it.each([
    [2, '2'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 'Wed, 21 Oct 2026 07:28:00 GMT'],
    [undefined, undefined],
  ])('Retry-After: %s', async (retryAfter, header) => {
    await sandbox.fault({ on: '*', type: 'refuse', status: 429, retryAfter });
    const { headers, data } = await submit();
    expect(headers['retry-after']).toBe(header);
    expect(data.error).toEqual({ code: 'unavailable', message: 'Please try again later' });
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('a refusal %s the submission is accepted', async (when, accepted) => {
    await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 502, when });
    expect((await submit()).status).toBe(502);
    expect(await acceptedCount()).toBe(accepted);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('a reset connection %s the submission is accepted', async (when, accepted) => {
    await sandbox.fault({ on: 'POST /videos', type: 'reset', when });
    expect(await errorOf(submit())).toMatch(/^ECONNRESET/);
    expect(await acceptedCount()).toBe(accepted);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('silence %s the submission is accepted', async (when, accepted) => {
    await sandbox.fault({ on: 'POST /videos', type: 'silence', when });
    expect(await errorOf(submit(300))).toMatch(/^ECONNABORTED/);
    expect(await acceptedCount()).toBe(accepted);
  });

  it.each(['before', 'after'] as const)('a late answer (%s)', async (when) => {
    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 1_000, when, times: 2 });
    expect(await errorOf(submit(100))).toMatch(/^ECONNABORTED/);
    expect((await submit()).status).toBe(201);
  });

  it('any answer, literally', async () => {
    const body = '<html><head><title>502 Bad Gateway</title></head></html>';
    await sandbox.fault({ on: '*', type: 'answer', status: 502, contentType: 'text/html', body });
    const page = await submit();
    expect([page.status, page.headers['content-type'], page.data]).toEqual([
      502,
      'text/html',
      body,
    ]);
    await sandbox.fault({ on: '*', type: 'answer', status: 200, body: '{"id": ' });
    const malformed = await submit();
    expect([malformed.status, malformed.data]).toEqual([200, '{"id": ']);
    const headers = { Location: 'http://localhost/elsewhere' };
    await sandbox.fault({ on: '*', type: 'answer', status: 302, body: '', headers });
    expect((await submit()).headers.location).toBe(headers.Location);
    expect(await acceptedCount()).toBe(0);
  });

  it('an answer that breaks off', async () => {
    await sandbox.fault({ on: 'POST /videos', type: 'truncate' });
    expect(await errorOf(submit())).toMatch(/aborted|ECONNRESET/);
    expect(await acceptedCount()).toBe(1);
  });

  it('JSON that stops in the middle of a complete answer', async () => {
    await sandbox.fault({ on: 'GET /avatars', type: 'cutJson' });
    const { status, data } = await api.get('/avatars');
    expect(status).toBe(200);
    expect(data).toMatch(/^\{"data":\[\{"id":/);
    expect(() => JSON.parse(data)).toThrow();
  });

  it('an answer that trickles in', async () => {
    await sandbox.fault({ on: 'GET /avatars', type: 'slow', ms: 500 });
    const startedAt = Date.now();
    const { data } = await api.get('/avatars');
    expect(data.data.length).toBeGreaterThan(0);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(400);
  });

  it('a download that breaks off, is slow or is refused', async () => {
    const [{ video_url: link }] = await sandbox.addVideos(1);
    await sandbox.fileSize(1_000_000);
    await sandbox.fault({ on: 'GET file', type: 'truncate' });
    expect(await errorOf(download(link!))).toMatch(/aborted|ECONNRESET/);
    await sandbox.fault({ on: 'GET file', type: 'slow', ms: 300 });
    expect((await download(link!)).data).toHaveLength(1_000_000);
    await sandbox.fault({ on: 'GET file', type: 'refuse', status: 503 });
    expect((await download(link!)).status).toBe(503);
    expect((await download(link!)).status).toBe(200);
    await sandbox.fileSize(null);
  });

  it('other spellings and places of the fields', async () => {
    await sandbox.addVideos(2);
    const fields = { status: 'Succeeded', output: { url: 'http://x/y.mp4' }, video_url: null };
    await sandbox.fault({ on: '*', type: 'rewrite', fields, times: 2 });
    const { data } = (await api.get('/videos', { params: { limit: 2 } })).data;
    const one = (await api.get(`/videos/${data[0].id}`)).data;
    for (const video of [...data, one]) {
      expect(video).toMatchObject({ status: 'Succeeded', output: { url: 'http://x/y.mp4' } });
      expect(video).not.toHaveProperty('video_url');
    }
  });

  it('a list that ignores its cursor', async () => {
    await sandbox.addVideos(5);
    await sandbox.fault({ on: 'GET /videos', type: 'ignoreCursor', times: 'always' });
    const page = async (params: object) => {
      const { data, has_more } = (await api.get('/videos', { params })).data;
      return { ids: data.map(({ id }: { id: string }) => id), has_more };
    };
    const first = await page({ limit: 2 });
    expect(first).toMatchObject({ ids: { length: 2 }, has_more: true });
    expect(await page({ limit: 2, starting_after: first.ids[1] })).toEqual(first);
  });

  it('a list that hides a video, which can be read by its ID', async () => {
    const [hidden, shown] = await sandbox.addVideos(2);
    await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: [hidden.id] });
    const { data } = (await api.get('/videos')).data;
    const ids = data.map(({ id }: { id: string }) => id);
    expect(ids).toContain(shown.id);
    expect(ids).not.toContain(hidden.id);
    expect((await api.get(`/videos/${hidden.id}`)).status).toBe(200);
  });

  it('a video that fails in the end, the next one being well', async () => {
    const reason = { code: 'voice_missing', message: 'The voice is not available' };
    await sandbox.fault({ on: 'POST /videos', type: 'failVideo', ...reason });
    const ids = [(await submit()).data.id, (await submit()).data.id];
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [bad, good] = await Promise.all(
      ids.map(async (id) => (await api.get(`/videos/${id}`)).data),
    );
    expect(bad).toMatchObject({ status: 'failed', error: reason });
    expect(good.status).toBe('completed');
  });

  it('webhooks that cannot be registered', async () => {
    for (const status of [401, 404, 405, 503]) {
      await sandbox.fault({ on: 'POST /webhooks', type: 'refuse', status });
      const body = { url: 'https://example.com/hook', events: ['video.completed'] };
      expect((await api.post('/webhooks', body)).status).toBe(status);
    }
    expect((await sandbox.stats()).hooksRegistered).toBe(0);
  });

  it('several faults at once', async () => {
    await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 100, times: 'always' });
    await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 503, skip: 1 });
    expect([(await submit()).status, (await submit()).status]).toEqual([201, 503]);
    expect((await sandbox.stats()).faulted).toEqual({ delay: 2, refuse: 1 });
  });
});
