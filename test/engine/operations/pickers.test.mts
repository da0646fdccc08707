import { searchAvatars, searchVideos } from '../../../nodes/ITeraBiz/resources/listSearch.ts';
import { pickerContext } from '../../unit/engine.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

describe('The pickers ask iTeraBiz', () => {
  let newest: string[];
  const context = (apiKey = sandbox.apiKey) => pickerContext({ apiKey, baseUrl: sandbox.url });

  beforeAll(async () => {
    await sandbox.addVideos(1, { script: `${'Much hay. '.repeat(20)}The\nneedle` });
    newest = (await sandbox.addVideos(249, { script: 'Some hay' })).map(({ id }) => id).reverse();
  });

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
      description: expect.stringContaining('choose By ID'),
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

  test('and say when to open the list again where iTeraBiz is too busy', async () => {
    await sandbox.fault({ on: 'GET /avatars', type: 'refuse', status: 503 });
    await expect(searchAvatars.call(context())).rejects.toMatchObject({
      message: 'iTeraBiz is too busy to list your avatars',
      description: expect.stringMatching(/ Open the list again in a few minutes, or choose By ID/),
      httpCode: '503',
    });
  });
});
