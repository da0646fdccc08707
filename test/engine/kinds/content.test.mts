/** A success is what has the right content, not what has the right status. */
import fc from 'fast-check';

import { FILE_PATIENCE } from '../../../nodes/ITeraBiz/operations/download.ts';
import { cases } from '../../shared/cases.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { byId } from '../operations/byId.mts';
import { errorOf, itemsOf } from '../support.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();
beforeEach(() => void Object.assign(FILE_PATIENCE, { total: 20, pause: 1 }));

/** The first bytes of each kind, and the ending that goes with it. */
const films: Record<string, Buffer> = {
  mp4: Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 film'),
  mov: Buffer.from('\0\0\0\x14ftypqt  \0\0\x02\0qt   film'),
  webm: Buffer.from('\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm film', 'latin1'),
  mkv: Buffer.from('\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska film', 'latin1'),
  avi: Buffer.from('RIFF\0\0\0\0AVI LIST film', 'latin1'),
};
const TYPES = [
  ...['video/mp4', 'binary/octet-stream', 'application/octet-stream', 'application/force-download'],
  ...['video/x-msvideo', 'video/webm', 'text/html; charset=utf-8', 'application/x-download', ''],
];

/** Downloads a video whose file is answered like this, by every link in turn. */
async function download(replies: Reply[], fileName?: string) {
  const left = [...replies];
  let links = 0;
  account.jobs = [];
  account.add({ status: 'completed' });
  account.state = (job) => ({ ...job, video_url: account.url.replace('/v1', `/film${++links}`) });
  account.api.reply = (asked) => {
    if (!asked.path.startsWith('/film')) return account.reply(asked);
    return left.length > 1 ? left.shift()! : left[0];
  };
  const run = await account.run({
    ...{ resource: 'video', operation: 'download', videoId: byId('video_1') },
    options: fileName === undefined ? {} : { fileName },
  });
  return { run, file: itemsOf(run)[0]?.binary?.data, links };
}
const ok = (body: Buffer | string, type = 'video/mp4'): Reply => ({
  body,
  headers: { 'content-type': type },
});

test.each(TYPES)('a film of the type %j is named by what it is', async (type) => {
  const { file } = await download([ok(films.mp4, type)]);
  expect(file).toMatchObject({
    ...{ fileName: 'video_1.mp4', mimeType: 'video/mp4', fileExtension: 'mp4' },
    bytes: films.mp4.length,
  });
});

test.each([
  ['Newsletter 12.05.2026', 'Newsletter 12.05.2026.mp4'],
  ['Visit example.com', 'Visit example.com.mp4'],
  ['Version 2.0', 'Version 2.0.mp4'],
  ['Clip.MP4', 'Clip.MP4'],
])('the title %j becomes %j', async (title, fileName) => {
  expect((await download([ok(films.mp4)], title)).file).toMatchObject({ fileName });
});

test.each(['={{ {} }}', '={{ ["a"] }}', '={{ null }}', '={{ undefined }}'])(
  'a title that is none, as of %j, leaves the ID',
  async (title) => {
    expect((await download([ok(films.mp4)], title)).file).toMatchObject({
      fileName: 'video_1.mp4',
    });
  },
);

const escaped = (words: string) => words.replace(/[()?]/g, '\\$&');
const S3 =
  '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>Denied</Message></Error>';

describe.each<[string, string | Buffer, string]>([
  ['a web page in Latin-1', Buffer.from('<html><title>Refus\xE9</title>', 'latin1'), 'a web page'],
  ['an XML message', S3, 'an XML message ("Denied")'],
  ['a web page', '<!doctype html><html><title>Sign in</title>', 'a web page ("Sign in")'],
  ['a JSON message', '{"error":{"message":"Link expired"}}', 'a JSON message ("Link expired")'],
  ['an empty file', '', 'an empty file'],
  ['a text', 'Not found', 'a text ("Not found")'],
])('%s with 200', (_, body, words) => {
  test.each(['video/mp4', 'application/xml'])('as %s is no film', async (type) => {
    const { run, file, links } = await download([ok(body, type)]);
    expect(file).toBeUndefined();
    expect(errorOf(run).message).toMatch(
      new RegExp(
        `^The download link of video video_1 leads to ${escaped(words)}.* instead of a video$`,
      ),
    );
    expect(errorOf(run).description).toContain(
      'The video itself is finished, so do not create it again',
    );
    expect(links).toBe(2);
  });

  test('is left for the film that a new link leads to', async () => {
    const { file, links } = await download([ok(body), ok(films.mp4)]);
    expect(file).toMatchObject({ bytes: films.mp4.length });
    expect(links).toBe(2);
  });
});

describe('A link that is refused with 400', () => {
  const expired = '<?xml version="1.0"?><Error><Code>ExpiredToken</Code></Error>';

  test.each([
    expired,
    '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>',
    '<Error><Message>Invalid argument.</Message><Details>The token is expired</Details></Error>',
  ])('because it has expired, as in %s, is renewed', async (body) => {
    const { file, links } = await download([{ status: 400, body }, ok(films.mp4)]);
    expect(file).toMatchObject({ bytes: films.mp4.length });
    expect(links).toBe(2);
  });

  test.each<[string, Reply, number]>([
    ['for another reason', { status: 400, body: '<Error><Code>InvalidRange</Code></Error>' }, 1],
    ['again', { status: 400, body: expired }, 2],
  ])('%s is told, and not said to have cost nothing', async (_, reply, tries) => {
    const { run, links } = await download([reply]);
    expect(links).toBe(tries);
    const { message, description } = errorOf(run);
    expect(message).toBe('The download link of video video_1 does not work (status 400)');
    expect(description).toContain('The video itself is finished, so do not create it again');
    expect(description).not.toMatch(/nothing was made or charged/i);
  });
});

test('whatever its type and title say: it ends as what it is, and what is no film is no file', async () => {
  const scene = fc.record({
    kind: fc.constantFrom(...Object.keys(films)),
    type: fc.constantFrom(...TYPES),
    title: fc.oneof(
      fc.string({ minLength: 1, maxLength: 20 }),
      fc.constantFrom('12.05.2026', 'example.com', 'v1.0', 'a.b.c', '.', '..', 'Café.'),
    ),
    instead: fc.constantFrom(undefined, S3, '<html>', '{"a":1}', '', ' \n', 'Gone'),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ kind, type, title, instead }) => {
      account.apiKey += '_';
      const { file } = await download([ok(instead ?? films[kind], type)], title);
      if (instead !== undefined) return void expect(file).toBeUndefined();
      expect(file!.fileName).toMatch(new RegExp(`[^.]*\\.${kind}$`));
      expect(file!.bytes).toBe(films[kind].length);
    }),
    { numRuns: cases(40) },
  );
});
