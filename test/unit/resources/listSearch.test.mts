import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import {
  avatarEntry,
  searchAvatars,
  searchVideos,
  videoEntry,
} from '../../../nodes/ITeraBiz/resources/listSearch.ts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { pickerContext } from '../engine.mts';

describe('An avatar in the picker', () => {
  test('has its name and a link to its preview', () => {
    expect(
      avatarEntry({ id: 'avatar_1', name: ' Anna ', preview_url: 'https://cdn.example/a.jpg' }),
    ).toEqual({ name: 'Anna', value: 'avatar_1', url: 'https://cdn.example/a.jpg' });
  });

  test('makes do with its ID', () => {
    expect(avatarEntry({ id: 'avatar_1' })).toEqual({ name: 'avatar_1', value: 'avatar_1' });
    expect(avatarEntry({ id: 'avatar_1', name: '', preview_url: null })?.name).toBe('avatar_1');
    expect(avatarEntry({ id: 'avatar_1', name: 7 })?.name).toBe('avatar_1');
  });

  test('may have a number for an ID, and is left out without one', () => {
    expect(avatarEntry({ id: 7, name: 'Anna' })?.value).toBe('7');
    expect(avatarEntry({ name: 'Anna' })).toBeUndefined();
  });

  test('links to web addresses only', () => {
    const urlOf = (preview_url: string) => avatarEntry({ id: 'a', preview_url })?.url;
    expect(urlOf('javascript:alert(1)')).toBeUndefined();
    expect(urlOf('see https://cdn.example/a.jpg')).toBeUndefined();
    expect(urlOf('HTTP://cdn.example/a.jpg')).toBe('HTTP://cdn.example/a.jpg');
  });
});

describe('A video in the picker', () => {
  const video = { id: 'video_1', status: 'completed', created_at: '2025-01-15T10:30:00Z' };

  const entry = (more: object, timezone = 'UTC') => videoEntry({ ...video, ...more }, timezone);

  test('has its words, then its time', () => {
    expect(entry({ script: 'Hello\n  you' })?.name).toBe('Hello you · 2025-01-15 10:30');
    for (const script of ['', '  ', null, 7]) {
      expect(entry({ script, prompt: ' Tea\n' })?.name).toBe('Tea · 2025-01-15 10:30');
    }
  });

  test('has the time that it is where the workflow is', () => {
    const { name } = entry({ script: 'Tea' }, 'Asia/Tokyo')!;
    expect(name).toBe('Tea · 2025-01-15 19:30');
  });

  test.each(['"Asia/Tokyo"', "'Asia/Tokyo'", ' Asia/Tokyo\n'])(
    'has it also where the timezone is written as %j',
    (timezone) => expect(entry({ script: 'Tea' }, timezone)?.name).toBe('Tea · 2025-01-15 19:30'),
  );

  test.each(['', 'Berlin', 'Mars/Olympus'])('has UTC where it is written as %j', (timezone) => {
    expect(entry({ script: 'Tea' }, timezone)?.name).toBe('Tea · 2025-01-15 10:30');
  });

  test.each(['2025-01-15T10:30:00', 1_736_937_000, 1_736_937_000_000])(
    'reads its time from %j',
    (created_at) =>
      expect(entry({ script: 'Tea', created_at })?.name).toBe('Tea · 2025-01-15 10:30'),
  );

  test('has its status only where it is not finished', () => {
    expect(entry({ script: 'Tea', status: 'done' })?.name).toBe('Tea · 2025-01-15 10:30');
    expect(entry({ script: 'Tea', status: 'queued' })?.name).toBe(
      'Tea · 2025-01-15 10:30 · queued',
    );
  });

  test('has a title that fits, and is found by all of its words', () => {
    const { name, words } = entry({ script: `${'word '.repeat(7)}  ${'x'.repeat(500)} end` })!;
    expect(name).toBe(`${'word '.repeat(7)}xxxxx… · 2025-01-15 10:30`);
    expect(words).toMatch(/^word .* end completed$/);
    const titleOf = (script: string) => entry({ script })?.name.split(' · ')[0];
    expect(titleOf('x'.repeat(40))).toBe('x'.repeat(40));
    expect(titleOf('word '.repeat(9))).toBe(`${'word '.repeat(7)}word…`);
  });

  test('makes do with its ID', () => {
    expect(videoEntry({ id: 'video_1' }, 'UTC')).toMatchObject({
      name: 'video_1 · unknown',
      value: 'video_1',
    });
    expect(videoEntry({ id: 7, status: 'failed', created_at: 'soon' }, 'UTC')).toMatchObject({
      name: '7 · failed',
      value: '7',
    });
    expect(videoEntry({ status: 'completed' }, 'UTC')).toBeUndefined();
  });

  test('links to its file, or else to its picture', () => {
    const thumbnail_url = 'https://cdn.example/a.jpg';
    expect(entry({ thumbnail_url })?.url).toBe(thumbnail_url);
    expect(entry({ thumbnail_url, video_url: 'https://cdn.example/a.mp4' })?.url).toBe(
      'https://cdn.example/a.mp4',
    );
    expect(entry({ thumbnail_url, video_url: 'data:,x' })?.url).toBe(thumbnail_url);
  });
});

describe('The pickers ask iTeraBiz', () => {
  let sandbox: Sandbox;
  let newest: string[];
  const context = (apiKey = sandbox.apiKey) => pickerContext({ apiKey, baseUrl: sandbox.url });

  beforeAll(async () => {
    sandbox = await startSandbox();
    await sandbox.addVideos(1, { script: `${'Much hay. '.repeat(20)}The\nneedle` });
    newest = (await sandbox.addVideos(249, { script: 'Some hay' })).map(({ id }) => id).reverse();
  });
  beforeEach(async () => {
    await sandbox.clearFaults();
    await sandbox.resetStats();
  });
  afterAll(async () => await sandbox?.stop());

  const requests = async () => (await sandbox.stats()).requests;

  test('for a page, and for the next one when the user scrolls', async () => {
    const first = await searchVideos.call(context());
    expect(first.results.map(({ value }) => value)).toEqual(newest.slice(0, 100));
    const second = await searchVideos.call(context(), '', first.paginationToken);
    expect(second.results.map(({ value }) => value)).toEqual(newest.slice(100, 200));
    const third = await searchVideos.call(context(), undefined, second.paginationToken);
    expect(third.results).toHaveLength(50);
    expect(third.results[49].name).toMatch(/^Much hay.*… · \d{4}-\d\d-\d\d \d\d:\d\d$/);
    expect(third.paginationToken).toBeUndefined();
    expect(await requests()).toMatchObject({ 'GET /videos': 3 });
  });

  test('for as many pages as it takes to find something', async () => {
    const { results, paginationToken } = await searchVideos.call(context(), ' the  NEEDLE ');
    expect(results.map(({ name }) => name)).toEqual([expect.stringContaining('Much hay')]);
    expect(Object.keys(results[0]).sort()).toEqual(['name', 'url', 'value']);
    expect(paginationToken).toBeUndefined();
    expect(await requests()).toMatchObject({ 'GET /videos': 3 });
  });

  test('and find a name whatever form its accents have, and tell two alike apart', async () => {
    const { url, apiKey } = sandbox;
    const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' };
    for (const name of ['José', 'Jose\u0301'.toUpperCase()]) {
      const body = JSON.stringify({
        name,
        image_url: 'https://a.example/b.jpg',
        voice_id: 'voice_1',
      });
      expect((await fetch(`${url}/avatars`, { method: 'POST', headers, body })).status).toBe(201);
    }
    for (const filter of ['josé', 'JOSE\u0301']) {
      const { results } = await searchAvatars.call(context(), filter);
      expect(results.map(({ name }) => name.normalize('NFC'))).toEqual([
        expect.stringMatching(/^JOSÉ · avatar_/),
        expect.stringMatching(/^José · avatar_/),
      ]);
    }
  });

  test('and find a video by its ID or status too', async () => {
    const byId = await searchVideos.call(context(), newest[3]);
    expect(byId.results.map(({ value }) => value)).toEqual([newest[3]]);
    expect((await searchVideos.call(context(), 'completed')).results).toHaveLength(100);
    expect((await searchVideos.call(context(), 'no such words')).results).toEqual([]);
  });

  test('and tell apart what would look the same', async () => {
    const twins = { script: 'Twins', created_at: '2025-01-15T10:30:00Z' };
    const ids = (await sandbox.addVideos(2, twins)).map(({ id }) => id);
    const { results } = await searchVideos.call(context(), 'twins');
    expect(new Set(results.map(({ name }) => name)).size).toBe(2);
    for (const { name, value } of results) expect(name).toContain(value);
    expect(results.map(({ value }) => value).sort()).toEqual(ids.sort());
  });

  test('for avatars', async () => {
    const { results } = await searchAvatars.call(context());
    expect(results.length).toBeGreaterThan(0);
    expect(results[0]).toEqual({
      name: expect.any(String),
      value: expect.stringMatching(/^avatar_/),
      url: expect.stringMatching(/^http/),
    });
  });

  test('and end where the list goes in a circle', async () => {
    await sandbox.fault({ on: 'GET /videos', times: 'always', type: 'ignoreCursor' });
    const first = await searchVideos.call(context());
    const second = await searchVideos.call(context(), '', first.paginationToken);
    expect(second).toEqual({ results: [], paginationToken: undefined });
    await expect(searchVideos.call(context(), 'needle')).rejects.toThrow(
      'No match among the first 100 videos of your account',
    );
  });

  test('for no more than 20 pages at a time, and say how far they looked', async () => {
    const [oldest] = await sandbox.addVideos(2000, { script: 'More hay' });
    await expect(searchVideos.call(context(), 'needle')).rejects.toMatchObject({
      message: 'No match among the first 2000 videos of your account',
      description: expect.stringContaining('enter the ID'),
    });
    expect(await requests()).toMatchObject({ 'GET /videos': 20 });
    const rest = await searchVideos.call(context(), 'needle', oldest.id);
    expect(rest.results).toHaveLength(1);
  });

  test('and say what to do when they may not', async () => {
    await expect(searchAvatars.call(context('wrong'))).rejects.toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      description: expect.stringContaining('dashboard'),
    });
  });

  test('and say so when nobody answers', async () => {
    const nobody = pickerContext({ apiKey: 'key_1', baseUrl: 'http://127.0.0.1:9' });
    await expect(searchVideos.call(nobody)).rejects.toMatchObject({
      message: 'iTeraBiz could not be reached to list your videos',
    });
  });

  test('and pass on what the credential refuses', async () => {
    const open = pickerContext({ apiKey: 'key_1', baseUrl: 'http://api.iterabiz.com/v1' });
    await expect(searchVideos.call(open)).rejects.toThrow('begins with http://');
  });

  test.each([
    [50_000, 'in a minute'],
    [50 * 60_000, 'in about 50 minutes'],
  ])(
    'and keep nobody waiting for a pause of %i ms that iTeraBiz asked for',
    async (pause, when) => {
      const { queue } = await accountOf(context('paused'));
      queue.pauseFor(pause, { status: 429, headers: {}, body: {} });
      await expect(searchVideos.call(context('paused'))).rejects.toMatchObject({
        message: 'iTeraBiz is too busy to list your videos',
        description: `It takes no requests of your account for now. Open the list again ${when}, or enter the ID by hand.`,
      });
      expect(await requests()).toEqual({});
    },
  );

  test('and say when to open the list again where iTeraBiz is too busy', async () => {
    await sandbox.fault({ on: 'GET /avatars', type: 'refuse', status: 503 });
    await expect(searchAvatars.call(context())).rejects.toMatchObject({
      message: 'iTeraBiz is too busy to list your avatars',
      description: expect.stringMatching(/ Open the list again in a few minutes, or enter the ID/),
      httpCode: '503',
    });
  });
});
