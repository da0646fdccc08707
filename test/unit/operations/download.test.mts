import type { IDataObject } from 'n8n-workflow';

import { download, FILE_PATIENCE } from '../../../nodes/ITeraBiz/operations/download.ts';
import type { Run } from '../../../nodes/ITeraBiz/run/run.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import { type Reply, useLittleApi } from '../../shared/littleApi.mts';
import { until } from '../../shared/until.mts';

const api = useLittleApi();
/** Another host, where the files are. */
const files = useLittleApi();

FILE_PATIENCE.pause = 10;
beforeEach(() => void (FILE_PATIENCE.total = 1_000));

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

const MP4 = Buffer.from(`\0\0\0\x18ftypmp42${'film'.repeat(100)}`, 'latin1');
const WEBM = Buffer.from(`\x1A\x45\xDF\xA3 webm${'film'.repeat(100)}`, 'latin1');
const film = (headers = {}): Reply => ({
  body: MP4,
  headers: { 'content-type': 'video/mp4', ...headers },
});
const refused = (status: number, headers = {}): Reply => ({
  status,
  headers: { 'retry-after': '0', ...headers },
});

interface Given extends Partial<FakeRunOptions> {
  video?: unknown;
  /** What the link answers in turn, the last one from then on */
  replies?: Reply[];
  parameters?: IDataObject;
}

/** Sets what the API and the link answer. */
function serve({ video = {}, replies = [film()] }: Given = {}): void {
  const finished = { id: 'video_1', status: 'completed', video_url: `${files.url}/film` };
  let count = 0;
  const reply = () => replies[Math.min(count++, replies.length - 1)];
  const whole = typeof video === 'object' ? { ...finished, ...video } : video;
  api.reply = ({ path }) => (path.startsWith('/videos/') ? { body: whole } : reply());
  files.reply = reply;
}

function downloading({ parameters, ...more }: Given = {}) {
  serve(more);
  const { run, stored } = fakeRun({
    api,
    parameters: { videoId: 'video_1', binaryPropertyName: 'data', ...parameters },
    ...more,
  });
  const output = download(run, { doing: '', url: '/videos', fields: [] }).then(([first]) => first);
  output.catch(() => undefined);
  return { output, stored };
}

describe('A file', () => {
  test('comes with its video, streamed and not packed, and from elsewhere without the key', async () => {
    const { output, stored } = downloading();
    expect(await output).toMatchObject({
      json: { id: 'video_1' },
      binary: { data: { fileName: 'video_1.mp4', mimeType: 'video/mp4', bytes: MP4.length } },
      pairedItem: { item: 0 },
    });
    expect(stored[0].content).toBe(MP4.toString());
    expect(files.asked).toMatchObject([{ headers: { 'accept-encoding': 'identity' } }]);
    expect(files.asked[0].headers.authorization).toBeUndefined();
  });

  test('of the API itself comes with the key, which goes along to no other place', async () => {
    const link = { video_url: `${api.url}/film` };
    const replies = [refused(302, { location: `${files.url}/film` }), film()];
    await downloading({ video: link, replies }).output;
    expect(api.asked.at(-1)).toMatchObject({
      path: '/film',
      headers: { authorization: `Bearer ${api.apiKey}` },
    });
    expect(files.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('may lie behind an address that is relative to the last one', async () => {
    const replies = [refused(307, { location: 'other?a=1' }), film()];
    expect((await downloading({ replies }).output).binary).toBeDefined();
    expect(files.asked.map(({ path }) => path)).toEqual(['/film', '/other']);
  });

  test('goes into the field and under the name that the user chose, with the ending of its kind', async () => {
    const parameters = { binaryPropertyName: ' film ', options: { fileName: 'Spring' } };
    const replies = [{ body: WEBM, headers: { 'content-type': 'application/octet-stream' } }];
    expect((await downloading({ parameters, replies }).output).binary).toMatchObject({
      film: { fileName: 'Spring.webm', mimeType: 'video/webm' },
    });
  });

  test.each([[{ a: 1 }], [['film']], [null], [undefined], [' ']])(
    'goes into "data", named by its ID, where the names that the user chose are %j',
    async (name) => {
      const parameters = { binaryPropertyName: name, options: { fileName: name } } as IDataObject;
      const { binary } = await downloading({ parameters, replies: [film()] }).output;
      expect(binary).toMatchObject({ data: { fileName: 'video_1.mp4' } });
    },
  );

  test('is fetched again when it breaks off or is refused for a while', async () => {
    const replies: Reply[] = ['break', refused(503), film()];
    expect((await downloading({ replies }).output).binary).toBeDefined();
    expect(files.asked).toHaveLength(3);
  });

  test('that is shorter than was said is fetched again, too', async () => {
    const short = film({ 'content-length': String(MP4.length) });
    let count = 0;
    const { output } = downloading({ replies: [short] });
    const { reply } = files;
    // The connection ends before all has come.
    files.reply = (asked) => (count++ === 0 ? cutShort() : reply(asked));
    expect((await output).binary).toBeDefined();
  });

  const storing = async (store: Run['store']) => {
    serve({ replies: [film({ 'content-length': String(MP4.length) })] });
    const { run } = fakeRun({ api, parameters: { videoId: 'video_1' } });
    return (await download({ ...run, store }, { doing: '', url: '', fields: [] }))[0].binary;
  };

  test('is fetched again when its connection breaks off while n8n stores it', async () => {
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const data = { data: '', mimeType: 'video/mp4' };
    const store = jest.fn().mockRejectedValueOnce(reset).mockResolvedValue(data);
    expect(await storing(store)).toEqual({ data });
    expect(store).toHaveBeenCalledTimes(2);
    await expect(storing(async () => await Promise.reject(reset))).rejects.toThrow(/was lost/);
  });

  test('is whole though it was compressed, so that its length is not what the header says', async () => {
    const data = { data: '', mimeType: 'video/mp4', bytes: 7 };
    expect(await storing(async () => data)).toEqual({ data });
  });

  test('that stalls is fetched again, and given up in the end', async () => {
    const requestOptions = { timeout: 500 };
    const stalled: Reply = { body: MP4, headers: { 'content-length': String(MP4.length + 1) } };
    const { output } = downloading({ requestOptions, replies: [stalled, film()] });
    expect((await output).binary).toBeDefined();
    await expect(downloading({ requestOptions, replies: [stalled] }).output).rejects.toMatchObject({
      message: expect.stringMatching(/^The connection to iTeraBiz was lost .* \(tried 6 times/),
      description: expect.stringContaining('ETIMEDOUT'),
    });
  });

  test('of a kind that its bytes do not show has the kind that the host names', async () => {
    const replies = [
      { body: '\u0001\u0002 film'.repeat(10), headers: { 'content-type': 'video/webm' } },
    ];
    expect((await downloading({ replies }).output).binary).toMatchObject({
      data: { fileName: 'video_1.webm', mimeType: 'video/webm' },
    });
  });

  test('goes into the usual field where the chosen one has no value', async () => {
    serve();
    const { run } = fakeRun({ api });
    const parameter = (name: string) => (name === 'videoId' ? 'video_1' : null);
    const [{ binary }] = await download({ ...run, parameter }, { doing: '', url: '', fields: [] });
    expect(binary).toMatchObject({ data: { fileName: 'video_1.mp4' } });
  });

  test.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', undefined])(
    'that n8n cannot store (%s) says so',
    async (code) => {
      const error = Object.assign(new Error('no space left'), { code });
      await expect(storing(async () => await Promise.reject(error))).rejects.toMatchObject({
        message: 'The file of video video_1 could not be stored',
        description: expect.stringMatching(
          /^n8n says: no space left\. Check that n8n has enough storage/,
        ),
        context: { itemIndex: 0 },
      });
      expect(files.asked).toHaveLength(1);
    },
  );

  test('that stalls is given up at once when the execution is canceled', async () => {
    const cancel = new AbortController();
    const stalled: Reply = { body: MP4, headers: { 'content-length': String(MP4.length + 1) } };
    const { output } = downloading({ replies: [stalled], signal: cancel.signal });
    await until('it is being fetched', () => files.asked.length > 0);
    cancel.abort(new Error('canceled'));
    await expect(output).rejects.toThrow('canceled');
  });

  test('is not looked for elsewhere where it has come', async () => {
    const replies = [film({ location: `${files.url}/other` })];
    expect((await downloading({ replies }).output).binary).toBeDefined();
    expect(files.asked).toHaveLength(1);
  });

  test('is not fetched on when the execution is canceled', async () => {
    const cancel = new AbortController();
    const { output } = downloading({ replies: ['break'], signal: cancel.signal });
    cancel.abort(new Error('canceled'));
    await expect(output).rejects.toThrow('canceled');
    expect(files.asked.length).toBeLessThan(2);
  });
});

describe('A link', () => {
  test.each([401, 410])('that answers %i is asked for anew, once', async (status) => {
    expect((await downloading({ replies: [refused(status), film()] }).output).binary).toBeDefined();
    expect(api.asked).toHaveLength(2);
    files.asked.length = 0;
    await expect(downloading({ replies: [refused(status)] }).output).rejects.toMatchObject({
      message: `The download link of video video_1 does not work (status ${status})`,
      description:
        'The video itself is finished, so do not create it again: run only this step again later. If it keeps happening, write to api@iterabiz.com and name this video.',
      httpCode: String(status),
      context: { itemIndex: 0 },
    });
    expect(files.asked).toHaveLength(2);
  });

  test('where nothing is yet is waited for', async () => {
    const replies = [refused(404), refused(404), film()];
    expect((await downloading({ replies }).output).binary).toBeDefined();
    files.asked.length = 0;
    await expect(downloading({ replies: [refused(404)] }).output).rejects.toMatchObject({
      message: 'The download link of video video_1 does not work (status 404)',
    });
    // Pauses of 10, 20, 40 … 320 ms fit into a second.
    expect(files.asked.length).toBeGreaterThan(1);
    expect(files.asked.length).toBeLessThanOrEqual(7);
  });

  test('that comes a little later than the end of the video is waited for', async () => {
    serve();
    const { reply } = api;
    const late = { id: 'video_1', status: 'completed' };
    api.reply = (asked) => (api.asked.length < 3 ? { body: late } : reply(asked));
    const { run } = fakeRun({ api, parameters: { videoId: 'video_1' } });
    const [{ binary }] = await download(run, { doing: '', url: '', fields: [] });
    expect(binary).toBeDefined();
  });

  test('leaves time for the next one, if it came late', async () => {
    const looks = new Map<string, number>();
    api.reply = ({ path }) => {
      const id = path.split('/')[2];
      looks.set(id, (looks.get(id) ?? 0) + 1);
      const isLate = looks.get(id) === 1;
      return {
        body: { id, status: 'completed', ...(!isLate && { video_url: `${files.url}/${id}` }) },
      };
    };
    files.reply = async ({ path }) => {
      if (path === '/video_0') {
        await new Promise((resolve) => setTimeout(resolve, FILE_PATIENCE.total + 100));
      }
      return film();
    };
    const items = [0, 1].map((n) => ({ videoId: `video_${n}` }));
    const { run } = fakeRun({ api, items, parameters: (_, input) => input, concurrency: 1 });
    expect(await download(run, { doing: '', url: '', fields: [] })).toHaveLength(2);
  });

  test('is waited for once, and not for each of many videos', async () => {
    const items = Array.from({ length: 20 }, () => ({}));
    const given = { video: { video_url: undefined }, items, concurrency: 1 };
    await downloading({ ...given, onError: 'continueErrorOutput' }).output;
    expect(api.asked.length).toBeLessThan(2 * items.length);
  });

  test('to a host out of reach does not blame the Base URL, which has just answered', async () => {
    const video_url = 'http://127.0.0.1:9/film';
    await expect(downloading({ video: { video_url } }).output).rejects.toMatchObject({
      message: expect.stringContaining(
        'could not be reached to download the file of video video_1',
      ),
      description: expect.stringMatching(
        /^(?!.*Base URL).*Check where the link of the video leads/,
      ),
    });
  });

  describe('to a host in trouble', () => {
    /** Downloads so many files, one after the other, and says which came. The host answers in turn. */
    async function cameOf(count: number, ...replies: Reply[]): Promise<boolean[]> {
      FILE_PATIENCE.total = 5;
      serve({ replies });
      const items = Array.from({ length: count }, () => ({}));
      const given = { items, concurrency: 1, onError: 'continueRegularOutput' as const };
      const { run } = fakeRun({ api, parameters: { videoId: 'video_1' }, ...given });
      const output = await download(run, { doing: '', url: '/videos', fields: [] });
      return output.map(({ json }) => json.error === undefined);
    }

    test('is tried as patiently as ever for the first one only', async () => {
      expect(await cameOf(8, refused(503))).toEqual(Array(8).fill(false));
      expect(files.asked).toHaveLength(20 + 7);
    });

    test('is tried patiently again once it has sent one', async () => {
      const trouble = Array<Reply>(20).fill(refused(503));
      const replies = [...trouble, film(), refused(503), refused(503), film()];
      expect(await cameOf(3, ...replies)).toEqual([false, true, true]);
    });
  });

  test('whose host stays busy says how often it was tried', async () => {
    FILE_PATIENCE.total = 5;
    const { output } = downloading({ replies: [refused(503)] });
    await expect(output).rejects.toMatchObject({
      message: expect.stringMatching(/^iTeraBiz is too busy to download .* \(tried 20 times/),
      httpCode: '503',
    });
    expect(files.asked).toHaveLength(20);
  });

  test.each([400, 418])('that answers %i is given up at once', async (status) => {
    await expect(downloading({ replies: [refused(status)] }).output).rejects.toMatchObject({
      httpCode: String(status),
    });
    expect(files.asked).toHaveLength(1);
  });

  test('does not lead in a circle for ever', async () => {
    const { output } = downloading({ replies: [refused(302, { location: 'film' })] });
    await expect(output).rejects.toThrow('does not work (status 302)');
    expect(files.asked).toHaveLength(6);
  });

  test.each(['ftp://files.example/film', 'http://'])('is not followed to %s', async (location) => {
    const { output } = downloading({ replies: [refused(302, { location })] });
    await expect(output).rejects.toThrow('does not work (status 302)');
  });

  test('may lead to an address with https', async () => {
    const { output } = downloading({
      replies: [refused(302, { location: 'https://127.0.0.1:9/' })],
    });
    await expect(output).rejects.toThrow('could not be reached');
  });

  test.each([302, 304, 400])('is not followed from status %i to nowhere', async (status) => {
    await downloading({ replies: [refused(status)] }).output.catch(() => undefined);
    expect(files.asked.length).toBeLessThanOrEqual(2);
    expect(files.asked.every(({ path }) => path === '/film')).toBe(true);
  });

  test.each([
    ['<html><title>Sign in</title></html>', 'a web page ("Sign in")'],
    ['', 'an empty file'],
  ])('that brings %j is told as such, and asked for anew once', async (body, instead) => {
    await expect(downloading({ replies: [{ body }] }).output).rejects.toMatchObject({
      message: `The download link of video video_1 leads to ${instead} instead of a video`,
    });
    expect(files.asked).toHaveLength(2);
  });

  test.each([
    [
      undefined,
      /^Looked for a link in video_url, download_url, url, result\.url, output\.url\. Run/,
    ],
    [
      'file:///etc/passwd',
      /^Its link is not a full web address: file:.*\. Tell api@iterabiz\.com\.$/,
    ],
    ['/v.mp4?sig=secret', /not a full web address: \/v\.mp4\. Tell/],
    ['see https://files.example', /not a full web address: /],
    ['x-https://files.example', /not a full web address: /],
    ['https://', /not a full web address: /],
  ])('like %j is none', async (video_url, advice) => {
    await expect(downloading({ video: { video_url } }).output).rejects.toMatchObject({
      message: 'Video video_1 is finished, but iTeraBiz names no file to download',
      description: expect.stringMatching(advice),
      context: { itemIndex: 0 },
    });
    expect(files.asked).toEqual([]);
  });

  test('that is not there yet is waited for, however long the files before it took', async () => {
    let reads = 0;
    api.reply = ({ path }) => {
      const id = path.split('/')[2];
      const isEarly = id === 'video_1' && reads++ === 0;
      return { body: { id, status: 'completed', video_url: isEarly ? null : files.url } };
    };
    files.reply = async () => {
      await new Promise((resolve) => setTimeout(resolve, FILE_PATIENCE.total + 100));
      return film();
    };
    const items = [{ videoId: 'video_0' }, { videoId: 'video_1' }];
    const { run } = fakeRun({ api, items, parameters: (_, input) => input, concurrency: 1 });
    expect(await download(run, { doing: '', url: '', fields: [] })).toHaveLength(2);
  });

  test('to a file that is late has time again after one that came late', async () => {
    const asked = new Map<string, number>();
    api.reply = ({ path }) => {
      const id = path.split('/')[2];
      return { body: { id, status: 'completed', video_url: `${files.url}/${id}` } };
    };
    files.reply = async ({ path }) => {
      const count = (asked.get(path) ?? 0) + 1;
      asked.set(path, count);
      if (path !== '/video_1') return count === 1 ? { status: 404 } : film();
      await new Promise((resolve) => setTimeout(resolve, FILE_PATIENCE.total + 100));
      return film();
    };
    const items = [0, 1, 2].map((n) => ({ videoId: `video_${n}` }));
    const { run } = fakeRun({ api, items, parameters: (_, input) => input, concurrency: 1 });
    expect(await download(run, { doing: '', url: '', fields: [] })).toHaveLength(3);
  });

  test('to a file that is gone is waited for once, not once for each item', async () => {
    const videoOf = (path: string) => ({ id: path.split('/')[2], status: 'completed' });
    api.reply = ({ path }) => ({ body: { ...videoOf(path), video_url: `${files.url}${path}` } });
    files.reply = () => ({ status: 404 });
    const items = [0, 1, 2, 3, 4, 5].map((n) => ({ videoId: `video_${n}` }));
    const parameters: FakeRunOptions['parameters'] = (_, input) => input;
    const onError = 'continueRegularOutput';
    const { run } = fakeRun({ api, items, parameters, onError, concurrency: 1 });
    const start = performance.now();
    expect(await download(run, { doing: '', url: '', fields: [] })).toHaveLength(6);
    expect(performance.now() - start).toBeLessThan(2 * FILE_PATIENCE.total);
  });

  test('may be written in capitals', async () => {
    const video_url = `${files.url}/film`.replace('http', 'HTTP');
    expect((await downloading({ video: { video_url } }).output).binary).toBeDefined();
  });

  test('to a host in trouble ends its own item, and not the others', async () => {
    const { output } = downloading({
      ...{ replies: [refused(429, { 'retry-after': '9999' })], items: [{}, {}], concurrency: 1 },
      onError: 'continueRegularOutput',
    });
    expect((await output).json).toEqual({
      error: expect.stringMatching(/^iTeraBiz is too busy to download the file of video video_1\./),
    });
    // The first is read again, for another link. While the host pauses, no more is asked.
    expect([api.asked.length, files.asked.length]).toEqual([3, 1]);
  });
});

test('After a failure that stops the node, no further file is fetched, and the message says so', async () => {
  api.reply = ({ path }) => ({
    body: { id: path.split('/')[2], status: 'completed', video_url: `${files.url}${path}` },
  });
  files.reply = ({ path }) => (path.endsWith('video_1') ? refused(400) : film());
  const items = [0, 1, 2, 3].map((n) => ({ id: `video_${n}` }));
  const downloads = async (onError: Run['onError']) => {
    files.asked.length = 0;
    const parameters: FakeRunOptions['parameters'] = (_, { id }) => ({ videoId: id });
    const { run } = fakeRun({ api, items, parameters, onError, concurrency: 1 });
    return await download(run, { doing: '', url: '/videos', fields: [] });
  };
  await expect(downloads('stop')).rejects.toMatchObject({
    context: { itemIndex: 1 },
    description: expect.stringMatching(/Items 3–4: not sent\.$/),
  });
  expect(files.asked).toHaveLength(2);
  const output = await downloads('continueRegularOutput');
  expect(output.map(({ json }) => json)).toEqual([
    expect.objectContaining({ id: 'video_0', status: 'completed' }),
    { id: 'video_1', error: expect.stringContaining('does not work (status 400)') },
    ...['video_2', 'video_3'].map((id) => expect.objectContaining({ id, status: 'completed' })),
  ]);
  expect(files.asked).toHaveLength(4);
});

describe('A video without a file', () => {
  test('because it is not finished says how to wait for it', async () => {
    await expect(downloading({ video: { status: 'queued' } }).output).rejects.toMatchObject({
      message: 'Video video_1 is not finished yet (status: queued)',
      description: expect.stringMatching(
        /do not create it again: run only this step again.*Wait for Completion/,
      ),
    });
  });

  test.each([
    [{ message: 'Too dark' }, 'iTeraBiz says: Too dark. Create the video again'],
    [undefined, 'Create the video again'],
  ])('because it failed, for the reason %j', async (error, advice) => {
    await expect(downloading({ video: { status: 'failed', error } }).output).rejects.toMatchObject({
      message: 'Video video_1 has no file: it failed (status: failed)',
      description: `${advice}, or ask api@iterabiz.com why it failed.`,
    });
  });

  test('because the answer is none of the API says so', async () => {
    await expect(downloading({ video: '<html></html>' }).output).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The answer to the request to find video video_1 does not look/,
      ),
      httpCode: '200',
    });
  });
});

/** An answer that says it is longer than it is. */
function cutShort(): Reply {
  return {
    body: MP4.subarray(0, 200),
    headers: { 'content-length': String(MP4.length), connection: 'close' },
  };
}
