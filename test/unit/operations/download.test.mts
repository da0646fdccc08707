import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';

import { download } from '../../../nodes/ITeraBiz/operations/download.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { answered, connectionReset, fakeContext } from '../fakeContext.mts';
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';

const LINK = 'https://files.example/v1/film';
const OWN = 'https://api.example/files/film';
const finished = { id: 'video_1', status: 'completed', video_url: LINK };

interface Given {
  video?: unknown;
  /** What the addresses of files are answered with, in turn, the last one from then on */
  files?: Record<string, (IDataObject | Error)[]>;
  parameters?: IDataObject;
  /** How many bytes of a file n8n stored, where its storage tells */
  stored?: number;
  full?: boolean;
  signal?: AbortSignal;
}

const film = (headers: IDataObject = { 'content-type': 'video/mp4', 'content-length': '4' }) =>
  answered('film', 200, headers);
/** A stream that nobody reads keeps its connection open until it is destroyed. */
let open = 0;
function refused(status: number, headers: IDataObject = {}): IDataObject {
  open++;
  const body = { destroy: () => void open-- };
  return answered(body, status, { 'retry-after': '0', ...headers });
}

function downloading({
  video = finished,
  files = { [LINK]: [film()] },
  parameters,
  stored = 4,
  full = false,
  signal,
}: Given = {}) {
  const next = (url: string) => (files[url].length > 1 ? files[url].shift()! : files[url][0]);
  const { context, asked } = fakeContext({
    parameters: { videoId: 'video_1', ...parameters },
    signal,
    answer: ({ url }) => (url in files ? next(url) : answered(video)),
  });
  const plain: IHttpRequestOptions[] = [];
  Object.assign(context.helpers, {
    httpRequest: async (options: IHttpRequestOptions) => {
      plain.push(options);
      const answer = next(options.url);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    prepareBinaryData: async (data: unknown, name: string, mimeType: string) => {
      if (full) throw new Error('ENOSPC: no space left');
      return { data, fileName: name, mimeType, bytes: stored };
    },
  });
  const prepared = {
    method: 'GET' as const,
    url: '/videos',
    baseURL: 'https://api.example/v1',
    qs: { a: 1 },
    body: { b: 2 },
    headers: { 'X-Mine': '1' },
    timeout: 9,
  };
  const run = new NodeRun(1, 0, async () => new Account(), 1);
  return {
    asked,
    plain,
    output: download({ context, index: 3, run, prepared }).then(([output]) => output),
  };
}

describe('A file', () => {
  test('comes with its video, streamed and not packed, and from elsewhere without the key', async () => {
    const { asked, plain, output } = downloading();
    expect(await output).toEqual({
      json: finished,
      binary: {
        data: { data: 'film', fileName: 'video_1.mp4', mimeType: 'video/mp4', bytes: 4 },
      },
    });
    expect(asked.map(({ url }) => url)).toEqual(['/videos/video_1']);
    expect(plain).toEqual([
      {
        method: 'GET',
        url: LINK,
        headers: { 'Accept-Encoding': 'identity' },
        timeout: 9,
        json: false,
        encoding: 'stream',
        returnFullResponse: true,
        ignoreHttpStatusErrors: true,
      },
    ]);
  });

  test('of the API itself is fetched with the key, which goes along to no other place', async () => {
    const { asked, plain, output } = downloading({
      video: { ...finished, video_url: OWN },
      files: { [OWN]: [refused(302, { location: LINK })], [LINK]: [film()] },
    });
    open = 1;
    await output;
    expect(open).toBe(0);
    expect(asked[1]).toMatchObject({ url: OWN, disableFollowRedirect: true, encoding: 'stream' });
    expect(plain.map(({ url }) => url)).toEqual([LINK]);
  });

  test('may lie behind an address that is relative to the last one', async () => {
    const { asked, output } = downloading({
      video: { ...finished, video_url: OWN },
      files: {
        [OWN]: [refused(307, { location: 'other?a=1' })],
        'https://api.example/files/other?a=1': [film()],
      },
    });
    expect((await output).binary).toBeDefined();
    expect(asked).toHaveLength(3);
  });

  test('goes into the field and under the name that the user chose', async () => {
    const parameters = { binaryPropertyName: ' film ', 'options.fileName': 'Spring' };
    expect((await downloading({ parameters }).output).binary).toMatchObject({
      film: { fileName: 'Spring.mp4' },
    });
  });

  test.each([
    ['video/webm', 'video/webm'],
    ['video/quicktime ; codecs=avc1', 'video/quicktime'],
    ['application/octet-stream', 'video/mp4'],
    ['', 'video/mp4'],
    [undefined, 'video/mp4'],
  ])('that is sent as %j is kept as %s', async (type, kept) => {
    const files = { [LINK]: [film({ 'content-type': type })] };
    expect((await downloading({ files }).output).binary?.data.mimeType).toBe(kept);
  });

  test('is fetched again when it breaks off, is refused for a while or is too short', async () => {
    const files = {
      [LINK]: [connectionReset, refused(503), film({ 'content-length': '5' }), film()],
    };
    const { plain, output } = downloading({ files });
    jest.useFakeTimers();
    await jest.advanceTimersByTimeAsync(120_000);
    jest.useRealTimers();
    expect((await output).binary).toBeDefined();
    expect(plain).toHaveLength(4);
  });

  test.each([{}, { 'content-length': 'many' }])(
    'may come without its length: %j',
    async (headers) => {
      expect(
        (await downloading({ files: { [LINK]: [film(headers)] } }).output).binary,
      ).toBeDefined();
    },
  );

  test('of which n8n does not tell the length is believed to be whole', async () => {
    const { output } = downloading({ stored: undefined });
    expect((await output).binary).toBeDefined();
  });

  test('for which n8n has no room says so', async () => {
    await expect(downloading({ full: true }).output).rejects.toMatchObject({
      message: 'The file of video video_1 could not be stored',
      description:
        'n8n says: ENOSPC: no space left. Check that n8n has room for files, then run this item again.',
      context: { itemIndex: 3 },
    });
  });

  test('is not fetched on when the execution is cancelled', async () => {
    const cancel = new AbortController();
    const files = { [LINK]: [connectionReset] };
    const { plain, output } = downloading({ files, signal: cancel.signal });
    cancel.abort(new Error('cancelled'));
    await expect(output).rejects.toThrow('cancelled');
    expect(plain.length).toBeLessThan(2);
  });
});

describe('A link', () => {
  test.each([401, 403, 404, 410])('that answers %i is asked for anew, once', async (status) => {
    const { asked, output } = downloading({ files: { [LINK]: [refused(status), film()] } });
    expect((await output).binary).toBeDefined();
    expect(asked).toHaveLength(2);

    const dead = downloading({ files: { [LINK]: [refused(status)] } });
    await expect(dead.output).rejects.toMatchObject({
      message: `The download link of video video_1 does not work (status ${status}), nor does a fresh one`,
      description: expect.stringContaining('write to api@iterabiz.com'),
      httpCode: String(status),
      context: { itemIndex: 3 },
    });
    expect(dead.plain).toHaveLength(2);
  });

  test.each([
    [400, 'with these values'],
    [418, 'status 418'],
  ])('that answers %i is given up at once', async (status, words) => {
    const { plain, output } = downloading({ files: { [LINK]: [refused(status)] } });
    await expect(output).rejects.toMatchObject({
      message: expect.stringMatching(
        `iTeraBiz could not download the file of video video_1 .*${words}`,
      ),
      httpCode: String(status),
    });
    expect(plain).toHaveLength(1);
  });

  test('does not lead in a circle for ever', async () => {
    const { plain, output } = downloading({
      files: { [LINK]: [refused(302, { location: LINK })] },
    });
    await expect(output).rejects.toThrow('its address has moved');
    expect(plain).toHaveLength(6);
  });

  test.each([
    [302, {}],
    [304, { location: 7 }],
    [400, { location: LINK }],
  ])('is not followed from status %i with %j', async (status, headers) => {
    const { plain, output } = downloading({ files: { [LINK]: [refused(status, headers)] } });
    await output.catch(() => undefined);
    expect(plain).toHaveLength(1);
  });

  test.each([
    [
      undefined,
      /^Looked for a link in video_url, download_url, url, result\.url, output\.url\. Run/,
    ],
    ['file:///etc/passwd', /^Its link is not a web address\. Tell api@iterabiz\.com\.$/],
    ['see https://files.example', /not a web address/],
  ])('like %j is none', async (video_url, advice) => {
    await expect(downloading({ video: { ...finished, video_url } }).output).rejects.toMatchObject({
      message: 'Video video_1 is finished, but iTeraBiz names no file to download',
      description: expect.stringMatching(advice),
      context: { itemIndex: 3 },
    });
  });

  test.each([204, 206, 299])('that answers %i has no file', async (status) => {
    const files = { [LINK]: [refused(status, { location: LINK })] };
    const { plain, output } = downloading({ files });
    await expect(output).rejects.toMatchObject({
      message: `The download link of video video_1 leads to no file (status ${status})`,
      description: expect.stringContaining('write to api@iterabiz.com'),
      httpCode: String(status),
      context: { itemIndex: 3 },
    });
    expect(plain).toHaveLength(1);
  });

  test('may be written in capitals', async () => {
    const video_url = 'HTTPS://files.example/v1/film';
    const files = { [video_url]: [film()] };
    expect(
      (await downloading({ video: { ...finished, video_url }, files }).output).binary,
    ).toBeDefined();
  });
});

describe('A video without a file', () => {
  test('because it is not finished says how to wait for it', async () => {
    await expect(
      downloading({ video: { ...finished, status: 'queued' } }).output,
    ).rejects.toMatchObject({
      message: 'Video video_1 is not finished yet (status: queued)',
      description: expect.stringContaining('Wait for Completion'),
      context: { itemIndex: 3 },
    });
  });

  test.each([
    [{ message: 'Too dark' }, 'iTeraBiz says: Too dark. Create the video again'],
    [undefined, 'Create the video again'],
  ])('because it failed, for the reason %j', async (error, advice) => {
    const video = { ...finished, status: 'failed', error };
    await expect(downloading({ video }).output).rejects.toMatchObject({
      message: 'Video video_1 has no file: it failed (status: failed)',
      description: `${advice}, or ask api@iterabiz.com why it failed.`,
    });
  });

  test('because the answer is none of the API says so', async () => {
    await expect(downloading({ video: '<html></html>' }).output).rejects.toMatchObject({
      message:
        'The answer to the request to find video video_1 does not look like one from iTeraBiz',
      httpCode: '200',
      context: { itemIndex: 3 },
    });
  });
});
