import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';
import type { IBinaryData, INodeParameters, IRun } from 'n8n-workflow';

import { FILE_PATIENCE } from '../../../nodes/ITeraBiz/operations/download.ts';
import type { SandboxSettings, Video } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { errorOf, itemsOf, runNode } from '../support.mts';
import { byId } from './byId.mts';
import { storedText, useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();
const sample = readFileSync(join(import.meta.dirname, '../../../sandbox/media/sample.mp4'));

// Time for two pauses and no third one, also on a machine that is slow for a second.
FILE_PATIENCE.total = 2_700;
FILE_PATIENCE.pause = 400;

const standard: Partial<SandboxSettings> = {
  filesOn: 'cdn',
  fileBytes: null,
  linkTtlMs: 3_600_000,
};
afterEach(async () => await sandbox.settings(standard));

async function download(id: string, more: INodeParameters = {}): Promise<IRun> {
  const parameters = { resource: 'video', operation: 'download', videoId: byId(id), ...more };
  return await runNode(sandbox, parameters);
}

function fileOf(run: IRun, field = 'data'): IBinaryData {
  return itemsOf(run)[0]?.binary?.[field] as IBinaryData;
}

async function bytesOf({ id = '' }: IBinaryData): Promise<Buffer> {
  return await buffer(await Container.get(BinaryDataService).getAsStream(id));
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function oneVideo(fields: Partial<Video> = {}): Promise<string> {
  return (await sandbox.addVideos(1, fields))[0].id;
}

describe('A finished video', () => {
  test.each(['download', 'get'])(
    '%s, as it is dropped, takes the ID of each item',
    async (operation) => {
      const ids = [await oneVideo({ script: 'One' }), await oneVideo({ script: 'Two' })];
      const items = ids.map((id) => ({ id, status: 'completed' }));
      const run = await runNode(sandbox, { resource: 'video', operation }, { items });
      expect(itemsOf(run).map(({ json }) => json.script)).toEqual(['One', 'Two']);
    },
  );

  test('comes with its details and its file, byte for byte, paired', async () => {
    const id = await oneVideo({ script: 'Hello' });
    const run = await download(id);
    expect(itemsOf(run)).toEqual([
      {
        json: expect.objectContaining({ id, status: 'completed', script: 'Hello' }),
        binary: {
          data: expect.objectContaining({
            mimeType: 'video/mp4',
            fileType: 'video',
            fileExtension: 'mp4',
            fileName: `${id}.mp4`,
            bytes: sample.length,
          }),
        },
        pairedItem: { item: 0 },
      },
    ]);
    expect(sha256(await bytesOf(fileOf(run)))).toBe(sha256(sample));
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 1, 'GET file': 1 });
  });

  test('is downloaded from another host without the key', async () => {
    const run = await download(await oneVideo());
    expect(fileOf(run).bytes).toBe(sample.length);
    expect((await sandbox.stats()).keyLeaks).toEqual([]);
  });

  test('is downloaded from the API itself with the key, which may be needed there', async () => {
    await sandbox.settings({ filesOn: 'api' });
    const id = await oneVideo();
    const run = await download(id);
    expect(fileOf(run).bytes).toBe(sample.length);
    const { origin } = new URL(sandbox.url);
    expect((await sandbox.stats()).keyLeaks).toEqual([`${origin}/files/${id}.mp4`]);
  });

  test.each([0, 5, 1_000])(
    'that stalls after %i bytes is given up, and not waited for forever',
    async (bytes) => {
      const host = createServer((_, response) => {
        response.setHeader('Content-Length', sample.length);
        response.flushHeaders();
        response.write(sample.subarray(0, bytes));
      });
      await once(host.listen(0, '127.0.0.1'), 'listening');
      const { port } = host.address() as AddressInfo;
      const fields = { video_url: `http://127.0.0.1:${port}/film.mp4` };
      await sandbox.fault({ on: 'GET /videos/{id}', type: 'rewrite', times: 'always', fields });
      try {
        const run = await download(await oneVideo(), { requestOptions: { timeout: 100 } });
        expect(errorOf(run).message).toContain('(tried 6 times over');
        expect(errorOf(run).description).toContain('ETIMEDOUT');
      } finally {
        host.closeAllConnections();
        host.close();
      }
    },
  );

  test('is reached through a redirect whose own body stalls', async () => {
    const host = createServer((request, response) => {
      if (request.url === '/film.mp4') return void response.end(sample);
      response.writeHead(302, { location: '/film.mp4', 'content-length': 100 });
      response.write('x');
    });
    await once(host.listen(0, '127.0.0.1'), 'listening');
    const { port } = host.address() as AddressInfo;
    const fields = { video_url: `http://127.0.0.1:${port}/` };
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'rewrite', times: 'always', fields });
    try {
      expect(fileOf(await download(await oneVideo())).bytes).toBe(sample.length);
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });

  test('is not packed on the way by a host that likes to', async () => {
    const host = createServer((request, response) => {
      const packs = String(request.headers['accept-encoding']).includes('gzip');
      const body = packs ? gzipSync(sample) : sample;
      response.setHeader('Content-Length', body.length);
      if (packs) response.setHeader('Content-Encoding', 'gzip');
      response.end(body);
    });
    await once(host.listen(0, '127.0.0.1'), 'listening');
    const { port } = host.address() as AddressInfo;
    const fields = { video_url: `http://127.0.0.1:${port}/film.mp4` };
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'rewrite', times: 'always', fields });
    try {
      const run = await download(await oneVideo());
      expect(fileOf(run).bytes).toBe(sample.length);
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });

  test('goes into the field and under the name that the user chose', async () => {
    const options = { fileName: 'Spring Sale' };
    const run = await download(await oneVideo(), { binaryPropertyName: 'film', options });
    expect(itemsOf(run)[0].binary).toEqual({
      film: expect.objectContaining({ fileName: 'Spring Sale.mp4' }),
    });
  });

  test.each([
    ['clip.mov', 'clip.mov'],
    ['../../etc/passwd', '.._.._etc_passwd.mp4'],
    ['C:\\a*b?.mp4', 'C__a_b_.mp4'],
    ['Angebot "50 %" <neu>|', 'Angebot _50 %_ _neu__.mp4'],
    ['one\ntwo\u0000', 'one_two_.mp4'],
    ['Été 新しい', 'Été 新しい.mp4'],
    ['version 2.0', 'version 2.0.mp4'],
  ])('the chosen name %j becomes %j', async (fileName, stored) => {
    const run = await download(await oneVideo(), { options: { fileName } });
    expect(fileOf(run).fileName).toBe(stored);
  });

  test.each([
    ['video/webm', 'video/webm', 'webm'],
    ['video/quicktime; codecs=avc1', 'video/quicktime', 'mov'],
    ['application/octet-stream', 'video/mp4', 'mp4'],
  ])('the kind %s is kept as %s', async (contentType, mimeType, ending) => {
    // Bytes of no known kind: only what the host says is left.
    const body = '\u0001\u0002\u0003\u0004 film';
    await sandbox.fault({ on: 'GET file', type: 'answer', status: 200, body, contentType });
    const id = await oneVideo();
    const run = await download(id);
    expect(fileOf(run)).toMatchObject({ mimeType, fileName: `${id}.${ending}` });
  });
});

describe('A download link', () => {
  test('that has expired is fetched anew, once', async () => {
    await sandbox.fault({ on: 'GET file', type: 'refuse', status: 403, message: 'Expired' });
    const run = await download(await oneVideo());
    expect(fileOf(run).bytes).toBe(sample.length);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 2, 'GET file': 2 });
  });

  test.each([401, 403, 404, 410])('that answers %i again is reported', async (status) => {
    await sandbox.settings({ linkTtlMs: -1, expiredLinkStatus: status });
    const id = await oneVideo();
    const { message, description } = errorOf(await download(id));
    expect(message).toBe(`The download link of video ${id} does not work (status ${status})`);
    expect(description).toContain('api@iterabiz.com');
    // What may not be there yet is waited for, and what is gone is not.
    const tries = [403, 404].includes(status) ? 3 : 2;
    expect((await sandbox.stats()).requests).toEqual({
      'GET /videos/{id}': tries,
      'GET file': tries,
    });
  });

  test('that sends on leaves no connection open', async () => {
    const open = () => process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap');
    const headers = { Location: `${sandbox.cdnUrl}/elsewhere` };
    const body = `<html>${' '.repeat(100_000)}</html>`;
    await sandbox.fault({ on: 'GET file', type: 'answer', status: 302, body, headers });
    const before = open().length;
    await download(await oneVideo());
    await until('its connections are closed', () => open().length <= before, { seconds: 10 });
  });

  test('that answers 404 for the first seconds is waited for', async () => {
    await sandbox.fault({ on: 'GET file', type: 'refuse', status: 404, times: 2 });
    expect(fileOf(await download(await oneVideo())).bytes).toBe(sample.length);
  });

  test.each([
    ['a web page', '<!doctype html><title>Sign in</title>', 'text/html'],
    ['a JSON message', '{"error":"expired"}', 'application/json'],
    ['an empty file', '', 'video/mp4'],
  ])('that leads to %s is fetched anew once, and then told', async (what, body, contentType) => {
    const fault = { on: 'GET file', type: 'answer', status: 200, body, contentType } as const;
    await sandbox.fault({ ...fault, times: 'always' });
    const id = await oneVideo();
    const run = await download(id);
    expect(errorOf(run).message).toContain(`The download link of video ${id} leads to ${what}`);
    expect((await sandbox.stats()).requests['GET file']).toBe(2);
    await sandbox.clearFaults();
  });

  test('is not believed to be old: the video is read before each download', async () => {
    const id = await oneVideo();
    await download(id);
    await sandbox.expireDownloads();
    const run = await download(id);
    expect(fileOf(run).bytes).toBe(sample.length);
    expect((await sandbox.stats()).requests).toEqual({ 'GET /videos/{id}': 2, 'GET file': 2 });
  });

  describe('on the API itself', () => {
    async function sentOnTo(location: string): Promise<IRun> {
      await sandbox.settings({ filesOn: 'api' });
      const id = await oneVideo();
      await sandbox.fault({
        on: 'GET file',
        times: 'always',
        containing: id,
        type: 'answer',
        status: 302,
        body: '',
        headers: { Location: location },
      });
      return await download(id);
    }

    test('may lead to another host, which does not get the key', async () => {
      const [{ video_url }] = await sandbox.addVideos(1);
      const run = await sentOnTo(String(video_url));
      expect(fileOf(run).bytes).toBe(sample.length);
    });

    test('may lead to another address of the API', async () => {
      const [{ video_url }] = await sandbox.addVideos(1);
      const { pathname, search } = new URL(String(video_url));
      const run = await sentOnTo(pathname + search);
      expect(fileOf(run).bytes).toBe(sample.length);
    });

    test.each(['http://', 'file:///etc/passwd'])(
      'that leads to %s is not followed',
      async (location) => {
        const run = await sentOnTo(location);
        expect(errorOf(run).message).toContain('does not work (status 302)');
      },
    );

    test('does not lead in a circle for ever', async () => {
      const run = await sentOnTo('?again');
      expect(errorOf(run).message).toContain('does not work (status 302)');
      expect((await sandbox.stats()).requests['GET file']).toBe(6);
    });
  });

  test.each(['download_url', 'url'])('is also found in the field %s', async (field) => {
    const [{ video_url }] = await sandbox.addVideos(1);
    await sandbox.fault({
      on: 'GET /videos/{id}',
      type: 'rewrite',
      fields: { video_url: null, [field]: video_url },
    });
    expect(fileOf(await download(await oneVideo())).bytes).toBe(sample.length);
  });

  test.each([
    ['is missing', null, 'Looked for a link in video_url, download_url, url, result.url'],
    ['is no web address', 'file:///etc/passwd', 'not a full web address'],
  ])('that %s is reported', async (_, video_url, advice) => {
    const fields = { video_url };
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'rewrite', times: 'always', fields });
    const id = await oneVideo();
    const { message, description } = errorOf(await download(id));
    expect(message).toBe(`Video ${id} is finished, but iTeraBiz names no file to download`);
    expect(description).toContain(advice);
    // A link may come a little later: the video is read again for a while.
    const { requests } = await sandbox.stats();
    expect(requests).toEqual({ 'GET /videos/{id}': video_url === null ? 3 : 1 });
  });
});

describe('A video without a file', () => {
  test.each(['queued', 'processing'] as const)('because it is %s says so', async (status) => {
    const id = await oneVideo({ status });
    const { message, description } = errorOf(await download(id));
    expect(message).toBe(`Video ${id} is not finished yet (status: ${status})`);
    expect(description).toContain('Wait for Completion');
    expect((await sandbox.stats()).requests['GET file']).toBeUndefined();
  });

  test('because it failed gives the reason', async () => {
    const error = { code: 'script_rejected', message: 'The script is not allowed' };
    const id = await oneVideo({ status: 'failed', error });
    const { message, description } = errorOf(await download(id));
    expect(message).toBe(`Video ${id} has no file: it failed (status: failed)`);
    expect(description).toContain('iTeraBiz says: The script is not allowed');
  });
});

describe('A file that does not come whole', () => {
  test.each([
    ['breaks off', { type: 'truncate' } as const],
    ['is refused', { type: 'refuse', status: 503, retryAfter: 0 } as const],
  ])('once, because it %s, is fetched again', async (_, effect) => {
    await sandbox.fault({ on: 'GET file', ...effect });
    const run = await download(await oneVideo());
    expect(sha256(await bytesOf(fileOf(run)))).toBe(sha256(sample));
    expect((await sandbox.stats()).requests['GET file']).toBe(2);
  });

  test('ever is reported and not handed on', async () => {
    await sandbox.fault({ on: 'GET file', type: 'truncate', times: 'always' });
    const id = await oneVideo();
    const run = await download(id);
    expect(itemsOf(run)).toEqual([]);
    expect(errorOf(run).message).toContain(`download the file of video ${id} (tried 6 times`);
    expect((await sandbox.stats()).requests['GET file']).toBe(6);
  });

  test.each([
    [500, 'iTeraBiz could not download the file of video', 'fault on its side'],
    [418, 'The download link of video', 'does not work (status 418)'],
    [204, 'The download link of video', 'does not work (status 204)'],
  ])('because of status %i is reported', async (status, what, words) => {
    await sandbox.fault({ on: 'GET file', type: 'refuse', status, times: 'always' });
    const id = await oneVideo();
    const run = await download(id);
    for (const part of [what, id, words]) expect(errorOf(run).message).toContain(part);
    expect(storedText(run)).not.toContain(sandbox.apiKey);
  });
});
