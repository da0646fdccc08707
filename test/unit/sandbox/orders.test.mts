/** What an account can order, and what its list tells of it afterwards. */
import type { AxiosInstance } from 'axios';
import { startSandbox, type Sandbox, type Video } from '../../../sandbox/client.mts';
import { defaultSettings } from '../../../sandbox/settings.mts';
import { until } from '../../shared/until.mts';
import { clientOf, newVideo } from './http.mts';

let sandbox: Sandbox;
let api: AxiosInstance;

beforeAll(async () => {
  sandbox = await startSandbox();
  api = clientOf(sandbox);
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await sandbox.resetStats();
  await sandbox.settings({ ...defaultSettings, hold: true });
});

const submit = (fields = {}) => api.post('/videos', { ...newVideo, ...fields });
const listed = async (): Promise<Video[]> => (await api.get('/videos')).data.data;
const idsListed = async () => (await listed()).map(({ id }) => id);

describe('credits', () => {
  it('are used up one by one, and then an order is refused with 402', async () => {
    await sandbox.settings({ credits: 2 });
    const { script, ...fields } = newVideo;
    const answers = [
      await submit(),
      await api.post('/content/generate', { ...fields, prompt: script, duration: 10 }),
      await submit(),
      await api.post('/content/generate', { ...fields, prompt: script }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 402, 402]);
    expect(answers[2].data).toEqual({
      error: { code: 'insufficient_credits', message: 'There are no credits left' },
    });
    const stats = await sandbox.stats();
    expect(stats.ordered).toEqual({ videos: 2, seconds: 55 });
    expect(stats.contractViolations).toEqual([]);
    await sandbox.settings({ credits: 1 });
    expect((await submit()).status).toBe(201);
  });

  it.each([403, 429] as const)(
    'that are used up can be told by a %i with words',
    async (status) => {
      const creditsRefusal = { status, code: 'quota', message: 'No credits left on this plan' };
      await sandbox.settings({ credits: 0, creditsRefusal });
      const answer = await submit();
      expect([answer.status, answer.data.error]).toEqual([
        status,
        { code: 'quota', message: 'No credits left on this plan' },
      ]);
      expect((await sandbox.stats()).ordered).toEqual({ videos: 0, seconds: 0 });
    },
  );

  it('are not taken for what was refused, nor for a repeated Idempotency-Key', async () => {
    await sandbox.settings({ credits: 2, honorIdempotencyKeys: true });
    await submit({ avatar_id: 'avatar_none' });
    await submit({ duration: 0 });
    const headers = { 'Idempotency-Key': 'one' };
    const twice = [await api.post('/videos', newVideo, { headers })];
    twice.push(await api.post('/videos', newVideo, { headers }));
    expect(twice[1].data.id).toBe(twice[0].data.id);
    expect([(await submit()).status, (await submit()).status]).toEqual([201, 402]);
    expect((await api.post('/videos', newVideo, { headers })).status).toBe(201);
    expect((await sandbox.stats()).ordered.videos).toBe(2);
  });

  it('are not needed for an avatar', async () => {
    await sandbox.settings({ credits: 0 });
    const body = { name: 'Tom', image_url: 'https://example.com/photo.jpg' };
    expect((await api.post('/avatars', body)).status).toBe(201);
    expect(await sandbox.stats()).toMatchObject({ acceptedCount: 1, ordered: { videos: 0 } });
  });
});

it('an avatar of another account is refused with words, others are not', async () => {
  const refused = await submit({ avatar_id: 'avatar_other01' });
  expect([refused.status, refused.data.error.message]).toEqual([
    403,
    'Avatar avatar_other01 belongs to another account',
  ]);
  expect((await submit()).status).toBe(201);
  await sandbox.settings({ foreignAvatars: ['avatar_maria01'] });
  expect([(await submit()).status, (await submit({ avatar_id: 'avatar_yuki01' })).status]).toEqual([
    403, 201,
  ]);
  expect((await sandbox.stats()).contractViolations).toEqual([]);
});

describe('a list', () => {
  it('that lags shows a job later, which can be read by its ID at once', async () => {
    const [seeded] = await sandbox.addVideos(1);
    const names = async (): Promise<string[]> =>
      (await api.get('/avatars')).data.data.map(({ name }: { name: string }) => name);
    await sandbox.settings({ listLagMs: 3_600_000 });
    const { id } = (await submit()).data;
    const avatar = { name: 'Late Tom', image_url: 'https://example.com/photo.jpg' };
    await api.post('/avatars', avatar);
    expect((await idsListed())[0]).toBe(seeded.id);
    expect(await idsListed()).not.toContain(id);
    expect(await names()).not.toContain('Late Tom');
    expect((await api.get(`/videos/${id}`)).status).toBe(200);
    await sandbox.settings({ listLagMs: 300 });
    await until('the list shows it', idsListed, { isSo: (ids) => ids[0] === id });
    await until('that list shows it', names, { isSo: ([name]) => name === 'Late Tom' });
  });

  it('leaves out the fields that are named, even those the contract demands', async () => {
    const { id } = (await submit()).data;
    await api.post('/content/generate', { ...newVideo, script: undefined, prompt: 'words' });
    await sandbox.settings({ listOmits: ['script', 'prompt', 'created_at'] });
    const videos = (await listed()).slice(0, 2);
    expect(videos.map((video) => video.id)).toContain(id);
    for (const video of videos) {
      expect(Object.keys(video)).toEqual(expect.arrayContaining(['id', 'status', 'avatar_id']));
      expect(Object.keys(video).filter((name) => /script|prompt|created/.test(name))).toEqual([]);
    }
    expect((await api.get(`/videos/${id}`)).data).toMatchObject({ script: newVideo.script });
    expect((await sandbox.stats()).contractViolations).toEqual([]);
  });

  it('can begin with the oldest, and pages on from there without gap or double', async () => {
    await sandbox.addVideos(45);
    await sandbox.settings({ listsBegin: 'oldest' });
    const ids: string[] = [];
    for (let more = true; more && ids.length < 100;) {
      const params = { limit: 20, starting_after: ids.at(-1) };
      const { data, has_more } = (await api.get('/videos', { params })).data;
      ids.push(...data.map(({ id }: Video) => id));
      more = has_more;
    }
    expect(ids).toEqual((await sandbox.videos()).map(({ id }) => id));
    expect((await api.get('/avatars')).data.data[0].id).toBe('avatar_james01');
  });
});

it.each([3_600_000, -3_600_000])(
  'a clock that is %i ms ahead is told by everything',
  async (ms) => {
    await sandbox.settings({ clockAheadMs: ms });
    const from = Math.floor((Date.now() + ms) / 1_000) * 1_000;
    const submitted = await submit();
    await sandbox.finish();
    const read = await api.get(`/videos/${submitted.data.id}`);
    const refused = await api.get('/videos', { headers: { Authorization: 'Bearer wrong' } });
    const until = Date.now() + ms;
    for (const time of [
      submitted.data.created_at,
      submitted.headers.date,
      read.data.completed_at,
      read.headers.date,
      refused.headers.date,
    ]) {
      expect(Date.parse(time)).toBeGreaterThanOrEqual(from);
      expect(Date.parse(time)).toBeLessThanOrEqual(until);
    }
  },
);
