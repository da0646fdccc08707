/** Words are not lost on the way, and blame nobody without a reason. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { cases } from '../../shared/cases.mts';
import { textOf } from '../runs/promise.mts';
import { createVideo, errorOf, jsonOf, rows } from '../support.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();
const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

async function refusedWith(body: unknown, status = 422, parameters = createVideo()) {
  account.post = () => ({ status, body });
  const run = await account.run(parameters, { items: rows(1) });
  return { ...errorOf(run), text: textOf(run) };
}

test.each<[string, unknown, string]>([
  ['an empty list', { message: 'Script is too long', errors: [] }, 'Script is too long'],
  ['an empty text', { error: '', message: 'Script is too long' }, 'Script is too long'],
  ['a name of a status', { error: 'Bad Request', message: 'No such look' }, 'No such look'],
  [
    "FastAPI's list",
    { detail: [{ loc: ['body', 'script'], msg: 'At most 2000 characters', type: 'too_long' }] },
    'the field "Script": At most 2000 characters',
  ],
  [
    "Laravel's lists",
    { message: 'The given data was invalid.', errors: { script: ['Must be shorter.'] } },
    'the field "Script": Must be shorter',
  ],
  [
    "Laravel's lists, of two fields",
    { message: 'Invalid.', errors: { script: ['Too long.'], duration: ['Too short.'] } },
    'script: Too long.; duration: Too short',
  ],
  [
    "Zod's issues",
    { error: { issues: [{ path: ['duration'], message: 'At most 120', code: 'too_big' }] } },
    'the field "Duration (Seconds)": At most 120',
  ],
  [
    "Zod's issues as text",
    { error: JSON.stringify([{ path: ['script'], message: 'Too long', code: 'too_big' }]) },
    'the field "Script": Too long',
  ],
  [
    "Nest's array",
    {
      statusCode: 400,
      message: ['language must be one of en, de', 'also this'],
      error: 'Bad Request',
    },
    'language must be one of en, de',
  ],
  [
    "Nest's array of two",
    { statusCode: 400, message: ['script should not be empty', 'duration must be a number'] },
    'script should not be empty; duration must be a number',
  ],
  [
    'a problem document',
    { type: 'about:blank', title: 'Unprocessable Entity', detail: 'The look is gone' },
    'The look is gone',
  ],
  ['title and msg', { title: 'No', msg: 'This voice has been retired' }, 'This voice has been'],
  [
    'a JSON:API list',
    { errors: [{ source: { pointer: '/data/attributes/script' }, detail: 'Is too long' }] },
    'the field "Script": Is too long',
  ],
])('%s is read', async (_, body, words) => {
  expect((await refusedWith(body)).text).toContain(words);
});

test.each(['script is too long for the requested duration', 'unknown voice name'])(
  '"%s" blames no field that the API does not name as one',
  async (words) => {
    const avatar: INodeParameters = {
      ...{ resource: 'avatar', operation: 'create', name: 'Anna', voiceId: 'voice_1' },
      imageUrl: 'https://example.com/a.jpg',
    };
    for (const parameters of [createVideo(), avatar]) {
      const { text } = await refusedWith({ error: { message: words } }, 400, parameters);
      expect(text).toContain(words.slice(-20));
      for (const label of ['Duration (Seconds)', 'Name', 'Voice ID', 'Language']) {
        expect(text).not.toContain(`"${label}"`);
      }
    }
  },
);

test.each([
  ['3600', 'in about an hour'],
  ['90000', 'in about 25 hours'],
  ['600', 'in about 10 minutes'],
])('Retry-After: %s is said as %j', async (after, words) => {
  account.post = () => ({ status: 429, headers: { 'Retry-After': after }, body: {} });
  const run = await account.run(createVideo(), { items: rows(1) });
  expect(errorOf(run).description).toContain(`Run it again ${words}.`);
  expect(account.api.asked).toHaveLength(1);
});

describe('A connection that is not secure says so, and that nothing was sent', () => {
  /** In DER: a tag, a length, and what it holds. */
  function der(tag: number, ...parts: Uint8Array[]): Buffer {
    const { length } = Buffer.concat(parts);
    const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
    return Buffer.concat([Buffer.from([tag, ...size]), ...parts]);
  }

  /** A certificate that nobody but itself has signed. */
  function selfSigned() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const algorithm = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
    const commonName = der(0x06, Buffer.from('550403', 'hex'));
    const host = der(0x0c, Buffer.from('127.0.0.1'));
    const name = der(0x30, der(0x31, der(0x30, commonName, host)));
    const from = der(0x17, Buffer.from('200101000000Z'));
    const until = der(0x17, Buffer.from('491231235959Z'));
    const serial = der(0x02, Buffer.from([1]));
    const key = publicKey.export({ type: 'spki', format: 'der' });
    const told = der(0x30, serial, algorithm, name, der(0x30, from, until), name, key);
    const signature = der(0x03, Buffer.from([0]), sign('sha256', told, privateKey));
    const body = der(0x30, told, algorithm, signature).toString('base64');
    const cert = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  }

  test.each([
    ['a self-signed certificate', selfSigned],
    ['a refused handshake', () => ({})],
    ['a plain HTTP server behind https', undefined],
  ])('%s', async (_, options) => {
    let requests = 0;
    const server = createServer(options?.() ?? {}, () => void requests++);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const baseUrl = options
      ? `https://127.0.0.1:${port}/v1`
      : account.url.replace('http:', 'https:');
    try {
      const run = await account.run(createVideo(), { items: rows(2), baseUrl, settings: retrying });
      expect(errorOf(run).message).toContain('the certificate of the connection was not accepted');
      expect(errorOf(run).description).toContain('so nothing was sent');
      expect(errorOf(run).description).toContain('NODE_EXTRA_CA_CERTS');
      expect(textOf(run)).not.toContain('Check this one');
      expect([requests, account.api.asked]).toEqual([0, []]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('and is one where the user allows it', async () => {
    const server = createServer(selfSigned(), (_, response) => {
      response.setHeader('content-type', 'application/json').end('{"id":"video_1"}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const parameters = createVideo({ requestOptions: { allowUnauthorizedCerts: true } });
      const baseUrl = `https://127.0.0.1:${port}/v1`;
      const run = await account.run(parameters, { items: rows(1), baseUrl });
      expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('A key that is called error is for failures: n8n before 2.36 takes an item with it for one', () => {
  const none: (IDataObject | string | null)[] = [null, '', {}];

  test.each(none)('%j is left out, and nothing runs again', async (error) => {
    account.post = (accept) => ({ body: { ...accept(), error } });
    account.state = (job) => ({ ...job, error, status: 'completed', video_url: 'https://a.ex/b' });
    for (const waitForCompletion of [false, true]) {
      const parameters = createVideo({ waitForCompletion, options: { pollInterval: 0.1 } });
      const run = await account.run(parameters, { items: rows(1), settings: retrying });
      expect(jsonOf(run)).toMatchObject([{ id: expect.stringMatching(/^video_/) }]);
      expect(jsonOf(run)[0]).not.toHaveProperty('error');
    }
    const list = await account.run({ resource: 'video', operation: 'getAll' });
    expect(jsonOf(list).map((video) => 'error' in video)).toEqual([false, false]);
    expect(account.jobs).toHaveLength(2);
  });

  test('a video that failed and is handed on says why in failure', async () => {
    const error = { code: 'voice', message: 'The voice is gone' };
    account.state = (job) => ({ ...job, error, status: 'failed' });
    const options = { failedVideos: 'output', pollInterval: 0.1 };
    const parameters = createVideo({ waitForCompletion: true, options });
    const run = await account.run(parameters, { items: rows(1), settings: retrying });
    expect(jsonOf(run)).toMatchObject([{ status: 'failed', failure: error }]);
    expect(jsonOf(run)[0]).not.toHaveProperty('error');
    expect(account.jobs).toHaveLength(1);
  });
});

test('whatever the shape of a refusal, its longest sentence is in the message', async () => {
  const word = fc.constantFrom('look', 'voice', 'gone', 'plan', 'clip', 'name', 'is', 'longer');
  const sentence = (minLength: number, maxLength: number) =>
    fc.array(word, { minLength, maxLength }).map((words) => `The ${words.join(' ')}`);
  const key = fc.constantFrom(
    ...['error', 'errors', 'message', 'messages', 'msg', 'detail', 'details', 'title', 'reason'],
    ...[
      'description',
      'issues',
      'violations',
      'cause',
      'data',
      'meta',
      'info',
      'script',
      'duration',
    ],
  );
  const noise = fc.oneof(
    fc.constantFrom<unknown>(null, '', [], {}, 400, false, 'ERR_17', 'Bad Request'),
    sentence(1, 12),
  );
  const shape = fc.record({
    longest: sentence(14, 30),
    path: fc.array(fc.oneof(key, fc.constant(0)), { minLength: 1, maxLength: 4 }),
    around: fc.array(fc.dictionary(key, noise, { maxKeys: 9 }), { minLength: 4, maxLength: 4 }),
    status: fc.constantFrom(400, 402, 403, 404, 409, 413, 418, 422, 451),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ longest, path, around, status }) => {
      account.apiKey += '_';
      const body = path.reduceRight<unknown>((inner, place, level) => {
        return place === 0 ? [around[level], inner] : { ...around[level], [place]: inner };
      }, longest);
      expect((await refusedWith(body, status)).text).toContain(longest);
    }),
    { numRuns: cases(60) },
  );
});
