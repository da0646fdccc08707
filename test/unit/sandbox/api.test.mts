import type { AxiosInstance } from 'axios';
import { startSandbox, type Sandbox, type Video } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { clientOf, download, newVideo } from './http.mts';

let sandbox: Sandbox;
let api: AxiosInstance;

beforeAll(async () => {
  sandbox = await startSandbox({ queuedMs: 100, processingMs: 200 });
  api = clientOf(sandbox);
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.resetStats();
  await sandbox.settings({ hold: false, filesOn: 'cdn', fileBytes: null, linkTtlMs: 3_600_000 });
  await sandbox.settings({ processingMs: 200 });
});

const submit = async (fields = {}): Promise<Video> =>
  (await api.post('/videos', { ...newVideo, ...fields })).data;
const read = async (id: string): Promise<Video> => (await api.get(`/videos/${id}`)).data;

describe('the key', () => {
  it.each([
    ['missing', undefined],
    ['wrong', 'Bearer sk_test_wrong'],
    ['not a bearer token', 'Basic abc'],
  ])('is %s: 401, and nothing is accepted', async (_case, Authorization) => {
    const answer = await api.post('/videos', newVideo, { headers: { Authorization } });
    expect(answer.status).toBe(401);
    expect(answer.data).toEqual({
      error: { code: 'unauthorized', message: 'Missing or invalid API key' },
    });
    const stats = await sandbox.stats();
    expect(stats.acceptedCount).toBe(0);
    expect(stats.refused).toEqual({ 'POST /videos': 1 });
  });
});

describe('a video', () => {
  it('is queued, then processing, then completed with a file', async () => {
    // Long enough to be seen on a busy machine.
    await sandbox.settings({ processingMs: 3_000 });
    const { id, status, video_url } = await submit();
    expect({ status, video_url }).toEqual({ status: 'queued', video_url: null });
    const reaches = (wanted: string) =>
      until(`it is ${wanted}`, () => read(id), { isSo: ({ status }) => status === wanted });
    await reaches('processing');
    const video = await reaches('completed');
    expect(video).toMatchObject({ ...newVideo, error: null });
    expect(Date.parse(video.completed_at!)).toBeGreaterThanOrEqual(Date.parse(video.created_at));
    const file = await download(video.video_url!);
    expect(file.headers['content-type']).toBe('video/mp4');
    expect(Number(file.headers['content-length'])).toBe(file.data.length);
    const picture = await download(video.thumbnail_url!);
    expect(picture.data.toString()).toMatch(/^<svg /);
  });

  it('moves by command only when it is held', async () => {
    await sandbox.settings({ hold: true });
    const [good, bad] = [await submit(), await submit()];
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await read(good.id)).status).toBe('queued');
    await sandbox.finish(good.id);
    await sandbox.fail(bad.id, { code: 'nsfw', message: 'The script was refused' });
    expect((await read(good.id)).status).toBe('completed');
    expect(await read(bad.id)).toMatchObject({
      status: 'failed',
      video_url: null,
      error: { code: 'nsfw', message: 'The script was refused' },
    });
    await sandbox.finish();
    expect((await read(bad.id)).status).toBe('failed');
  });

  it('comes from generated content as well, with its prompt', async () => {
    const { script, ...fields } = newVideo;
    const answer = await api.post('/content/generate', { ...fields, prompt: script });
    expect(answer.status).toBe(201);
    expect(await read(answer.data.id)).toMatchObject({ prompt: script, duration: 45 });
  });
});

describe('an avatar', () => {
  it('is listed once it is created, with a preview, and can speak', async () => {
    const created = await api.post('/avatars', {
      name: 'Tom & Co <b>',
      image_url: 'https://example.com/photo.jpg',
    });
    expect(created.status).toBe(201);
    const { data } = (await api.get('/avatars')).data;
    expect(data).toHaveLength(4);
    expect(data[0]).toEqual(created.data);
    const preview = await download(data[0].preview_url);
    expect(preview.data.toString()).toContain('Tom &amp; Co &lt;b&gt;');
    expect((await submit({ avatar_id: data[0].id })).status).toBe('queued');
  });
});

describe('a list', () => {
  it('pages newest first, without gap or double', async () => {
    const seeded = (await sandbox.addVideos(45)).map(({ id }) => id);
    const ids: string[] = [];
    let page;
    do {
      page = (await api.get('/videos', { params: { limit: 20, starting_after: ids.at(-1) } })).data;
      ids.push(...page.data.map(({ id }: Video) => id));
    } while (page.has_more);
    expect(ids.slice(0, 45)).toEqual(seeded.reverse());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength((await sandbox.videos()).length);
  });

  it('ends exactly at its end', async () => {
    const all = await sandbox.videos();
    const params = { limit: 2, starting_after: all[2].id };
    expect((await api.get('/videos', { params })).data).toMatchObject({
      data: [{ id: all[1].id }, { id: all[0].id }],
      has_more: false,
    });
  });

  it('holds 10,000 videos', async () => {
    const seeded = await sandbox.addVideos(10_000);
    const params = { limit: 100, starting_after: seeded[5_000].id };
    const { data } = (await api.get('/videos', { params })).data;
    expect(data[0].id).toBe(seeded[4_999].id);
    expect(data).toHaveLength(100);
  });

  it('refuses a page size above what is set, and a cursor it does not know', async () => {
    await sandbox.settings({ pageSizeMax: 10 });
    const tooMany = await api.get('/videos', { params: { limit: 11 } });
    await sandbox.settings({ pageSizeMax: 100 });
    const lost = await api.get('/videos', { params: { starting_after: 'video_none' } });
    expect([tooMany.status, lost.status]).toEqual([400, 400]);
    expect(tooMany.data.error.message).toBe('limit must be at most 10');
    expect(lost.data.error.message).toContain('video_none');
  });
});

describe('what the contract forbids', () => {
  it.each([
    ['no script', { script: undefined }, 'script is required'],
    ['an empty script', { script: '' }, 'script must not be empty'],
    ['a duration of 0', { duration: 0 }, 'duration must be at least 1'],
    ['a duration as text', { duration: '45' }, 'duration must be number'],
    ['a language that is none', { language: 'xx-nonsense!' }, 'language is malformed'],
    ['an avatar ID with a way up', { avatar_id: '../videos' }, 'avatar_id is malformed'],
  ])('is refused and recorded: %s', async (_case, fields, message) => {
    const answer = await api.post('/videos', { ...newVideo, ...fields });
    expect([answer.status, answer.data.error.message]).toEqual([400, message]);
    const stats = await sandbox.stats();
    expect(stats.contractViolations).toEqual([`POST /videos: ${message}`]);
    expect(stats.acceptedCount).toBe(0);
  });

  it('includes image addresses that are none', async () => {
    const body = { name: 'Tom', image_url: 'javascript:alert(1)' };
    const answer = await api.post('/avatars', body);
    expect(answer.data.error.message).toBe('image_url is malformed');
  });

  it('includes bodies that are no JSON, or say that they are none', async () => {
    const send = (body: string, type: string) =>
      api.post('/videos', body, {
        headers: { 'Content-Type': type },
        transformRequest: (text) => text,
      });
    const broken = await send('{"script":', 'application/json');
    const form = await send('script=hello', 'application/x-www-form-urlencoded');
    expect([broken.status, form.status]).toEqual([400, 400]);
    expect((await sandbox.stats()).contractViolations).toHaveLength(2);
  });

  it('includes query parameters and paths that it does not know', async () => {
    const query = await api.get('/videos', { params: { status: 'failed' } });
    const path = await api.get('/video');
    expect([query.status, path.status]).toEqual([400, 404]);
    expect((await sandbox.stats()).contractViolations).toEqual([
      'GET /videos: unknown query parameter status',
      'GET (unknown path): GET /v1/video',
    ]);
  });

  it('is noticed in the sandbox’s own answers', async () => {
    const [{ id }] = await sandbox.addVideos(1, { status: 'mislaid' as Video['status'] });
    const answer = await api.get(`/videos/${id}`);
    expect(answer.status).toBe(500);
    expect((await sandbox.stats()).contractViolations[0]).toContain(
      'response/status must be equal',
    );
    await sandbox.finish(id);
    expect((await api.get(`/videos/${id}`)).status).toBe(200);
  });

  it('does not include more fields in a body, but they are recorded', async () => {
    const answer = await api.post('/videos', { ...newVideo, subtitles: true });
    expect(answer.status).toBe(201);
    const { contractViolations, unknownFields } = await sandbox.stats();
    expect(contractViolations).toEqual([]);
    expect(unknownFields).toEqual(['POST /videos: subtitles']);
  });
});

it('names what does not exist', async () => {
  const video = await api.get('/videos/video_none');
  const avatar = await api.post('/videos', { ...newVideo, avatar_id: 'avatar_none' });
  expect([video.status, avatar.status]).toEqual([404, 400]);
  expect(video.data.error.message).toContain('video_none');
  expect(avatar.data.error.message).toMatch(/^avatar_id: .*avatar_none/);
  expect((await sandbox.stats()).contractViolations).toEqual([]);
});

describe('downloads', () => {
  const finished = async () => {
    const [{ id }] = await sandbox.addVideos(1);
    return { id, link: (await read(id)).video_url! };
  };

  it('need no key and record where one was shown', async () => {
    const { link } = await finished();
    expect((await download(link)).status).toBe(200);
    expect((await sandbox.stats()).keyLeaks).toEqual([]);
    await download(link, { Authorization: 'Bearer sk_test_oops' });
    expect((await sandbox.stats()).keyLeaks).toEqual([link.split('?')[0]]);
  });

  it('are on another host than the API, or on its own', async () => {
    const { id, link } = await finished();
    expect(new URL(link).origin).toBe(sandbox.cdnUrl);
    await sandbox.settings({ filesOn: 'api' });
    const sameHost = (await read(id)).video_url!;
    expect(new URL(sameHost).origin).toBe(new URL(sandbox.url).origin);
    expect((await download(sameHost)).status).toBe(200);
  });

  it('expire by command, by the clock, and when they are tampered with', async () => {
    const { id, link } = await finished();
    await sandbox.expireDownloads();
    await sandbox.settings({ expiredLinkStatus: 410 });
    expect((await download(link)).status).toBe(410);
    const fresh = (await read(id)).video_url!;
    expect((await download(fresh)).status).toBe(200);
    expect((await download(fresh.replace(/sig=./, 'sig=x'))).status).toBe(410);
    await sandbox.settings({ linkTtlMs: -1, expiredLinkStatus: 403 });
    expect((await download((await read(id)).video_url!)).status).toBe(403);
  });

  it('have the size that is ordered', async () => {
    const { link } = await finished();
    await sandbox.fileSize(5_000_000);
    const { data, headers } = await download(link);
    expect(data).toHaveLength(5_000_000);
    expect(headers['content-length']).toBe('5000000');
  });
});

describe('an Idempotency-Key', () => {
  const sendTwice = async (key: string) => {
    const headers = { 'Idempotency-Key': key };
    const first = await api.post('/videos', newVideo, { headers });
    const second = await api.post('/videos', newVideo, { headers });
    return [first.data.id, second.data.id];
  };

  it('is ignored, but recorded', async () => {
    const [first, second] = await sendTwice('key-1');
    expect(second).not.toBe(first);
    const { accepted } = await sandbox.stats();
    expect(accepted).toEqual([
      { kind: 'POST /videos', id: first, body: newVideo, idempotencyKey: 'key-1' },
      { kind: 'POST /videos', id: second, body: newVideo, idempotencyKey: 'key-1' },
    ]);
  });

  it('is honored when the sandbox is set so', async () => {
    await sandbox.settings({ honorIdempotencyKeys: true });
    const [first, second] = await sendTwice('key-2');
    await sandbox.settings({ honorIdempotencyKeys: false });
    expect(second).toBe(first);
    expect((await sandbox.stats()).acceptedCount).toBe(1);
  });
});

it('counts requests by kind, and how many were in flight at once', async () => {
  await sandbox.fault({ on: '*', type: 'delay', ms: 200, times: 'always' });
  await Promise.all([
    ...[1, 2, 3].map(() => api.post('/videos', newVideo)),
    ...[1, 2].map(() => api.get('/videos')),
  ]);
  await api.get('/avatars');
  await sandbox.clearFaults();
  const { requests, maxInFlight } = await sandbox.stats();
  expect(requests).toEqual({ 'POST /videos': 3, 'GET /videos': 2, 'GET /avatars': 1 });
  expect(maxInFlight).toMatchObject({ all: 5, POST: 3, GET: 2, 'POST /videos': 3 });
});
