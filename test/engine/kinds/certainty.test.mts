/** Neither a status nor the lack of a word is certainty: what counts is what the answer says. */
import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import type { Reply } from '../../shared/littleApi.mts';
import { cases } from '../../shared/cases.mts';
import { textOf } from '../runs/promise.mts';
import { asRetry, createVideo, errorOf, jsonOf, rows } from '../support.mts';
import { retryQuickly } from '../../shared/quickly.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();
const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

describe('A success that says no is a refusal, in the words of the API', () => {
  test.each<[number, IDataObject, string]>([
    [202, { success: false, error: 'Insufficient credits' }, 'Insufficient credits'],
    [200, { code: 40119, message: 'Avatar not found' }, 'Avatar not found'],
    [200, { status: 'error', message: 'Bad voice', data: null }, 'Bad voice'],
    [201, { ok: 'false', request_id: 'r1', error: 'No such look' }, 'No such look'],
    [200, { errors: [{ message: 'Too long' }], data: {} }, 'Too long'],
  ])('%i %j', async (status, body, words) => {
    account.post = () => ({ status, body });
    const run = await account.run(createVideo(), { items: rows(3) });
    expect(errorOf(run).message).toMatch(
      /^iTeraBiz (could not create|says your account has no credits)/,
    );
    expect(textOf(run)).toContain(words);
    expect(jsonOf(run)).toEqual([]);
    expect(account.api.by('GET')).toEqual([]);
  });
});

test.each(['data', 'job', 'video', 'result', 'data.job', 'data.video'])(
  'an ID inside %s is an ID: the list is not asked, and the video is waited for',
  async (path) => {
    account.post = (accept) => {
      const nested = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), {
        ...accept(),
        status: 'processing',
      });
      return { status: 202, body: { success: true, request_id: 'r1', ...(nested as IDataObject) } };
    };
    account.state = (job) => ({ ...job, status: 'completed', video_url: 'https://a.example/b' });
    const parameters = createVideo({
      waitForCompletion: true,
      options: { pollInterval: 0.1 },
    });
    const run = await account.run(parameters, { items: rows(1) });
    expect(errorOf(run).message).toBe('');
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1', status: 'completed' }]);
    expect(account.api.by('GET').map((asked) => asked.path)).toEqual(['/videos/video_1']);
  },
);

test.each<unknown[]>([
  [{}],
  [{ status: 'accepted' }],
  [{ success: true, data: null }],
  ['OK'],
  [[]],
])('a success of %j is neither yes nor no: the list tells', async (body) => {
  account.post = (accept) => (accept(), { status: 202, body });
  const run = await account.run(createVideo(), { items: rows(1), settings: retrying });
  expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
  expect(account.jobs).toHaveLength(1);
});

test.each<[string, number, unknown]>([
  ['a web page', 503, '<!DOCTYPE html><title>503 Backend fetch failed</title>'],
  ['a gateway', 503, 'upstream connect error or disconnect/reset before headers. reset reason: x'],
  ["Amazon's gateway, which waits 30 s", 503, { message: 'Service Unavailable' }],
  ['a note under errors', 201, { success: true, job_id: 'j1', errors: ['en-US is in beta'] }],
  ['an error that is none', 201, { video_id: 'v1', error: { code: 0, message: 'OK' } }],
  ['a code of its own', 200, { ok: 1, code: 1000, message: 'It is being made', task_id: 't1' }],
  ['a failure at once', 201, { video_id: 'v1', status: 'failed', error: { message: 'Down' } }],
])('what was accepted and answered with %s is paid once', async (_, status, body) => {
  account.post = (accept) => (accept(), { status, body });
  const run = await account.run(createVideo(), { items: rows(1), settings: retrying });
  expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
  expect(account.jobs).toHaveLength(1);
});

test.each(['EHOSTUNREACH', 'EADDRNOTAVAIL'])(
  'a connection in use that ends with "read %s" may have brought the order',
  async (code) => {
    let submission: ClientRequest | undefined;
    const notice = (message: unknown) => {
      const { request } = message as { request: ClientRequest };
      if (request.method === 'POST') submission = request;
    };
    diagnostics.subscribe('http.client.request.start', notice);
    account.post = (accept) => {
      const body = accept();
      submission!.socket!.destroy(Object.assign(new Error(`read ${code}`), { code }));
      return { body };
    };
    await account.run(createVideo(), { items: rows(1) });
    diagnostics.unsubscribe('http.client.request.start', notice);
    expect(account.jobs).toHaveLength(1);
  },
);

test.each<IDataObject>([
  { id: 'req_1', error: { code: 'no_credits', message: 'Not enough credits' } },
  { id: 'req_1', code: 40203, message: 'Not enough credits' },
  { jsonrpc: '2.0', id: 7, error: { code: -32000, message: 'Not enough credits' } },
])('an error with an ID of its own is no video: %j', async (body) => {
  account.post = () => ({ body });
  const run = await account.run(createVideo(), { items: rows(1) });
  expect(jsonOf(run)).toEqual([]);
  expect(textOf(run)).toMatch(/^Check this one: /);
  expect(textOf(run)).toContain(
    'not with a clear no (status 200), so, to avoid paying twice, the request was not sent again. iTeraBiz says: Not enough',
  );
});

describe('The ID of the video is not', () => {
  test.each<[string, (job: IDataObject) => IDataObject]>([
    ['that of the envelope', (data) => ({ id: 'req_1', created_at: data.created_at, data })],
    ['that of an envelope that says ok', ({ id }) => ({ id: 'r1', status: 'ok', data: { id } })],
    ['that of its file', ({ id, status }) => ({ id, status, output: { id: 'f', name: 'a.mp4' } })],
  ])('%s', async (_, answer) => {
    account.post = (accept) => ({ status: 202, body: answer(accept()) });
    const run = await account.run(createVideo(), { items: rows(1) });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
  });
});

describe('An API that keeps its first answer for each Idempotency-Key', () => {
  /** Refuses this often, and answers every key as it did the first time. */
  function keepAnswers(refusal: Reply, times: number): void {
    const answers = new Map<string, Reply>();
    account.post = (accept, { headers }) => {
      const key = String(headers['idempotency-key']);
      const answer = answers.get(key) ?? (answers.size < times ? refusal : { body: accept() });
      answers.set(key, answer);
      return answer;
    };
  }

  test.each<[string, Reply]>([
    ['429', { status: 429, headers: { 'Retry-After': '0' }, body: {} }],
    ['503', { status: 503, headers: { 'Retry-After': '0' }, body: {} }],
    ['400', { status: 400, body: { message: 'Not now' } }],
    ['a success that says no', { status: 200, body: { success: false, message: 'Not now' } }],
  ])('is asked with a new key after %s, which is certain', async (_, refusal) => {
    keepAnswers(refusal, 2);
    const run = await account.run(createVideo(), { items: rows(1), settings: retrying });
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1' }]);
    expect(account.api.by('POST')).toHaveLength(3);
  });
});

/** Plain refusals: none of them says "later", and none that it broke down. */
const refusals: Reply[] = [
  ...[400, 401, 403, 404, 405, 410, 413, 415, 422, 451].map((status) => ({
    status,
    body: { error: { message: 'No' } },
  })),
  { status: 402, body: 'Payment required' },
  { status: 200, body: { success: false, error: 'No' } },
  { status: 200, body: { code: 40119, message: 'No' } },
  { status: 202, body: { status: 'failed', message: 'No' } },
];

test('whatever is refused, a submission or a poll of what was accepted: retried as often as you like, and paid once', async () => {
  const meets = fc.constantFrom(...refusals);
  const scene = fc.record({
    /** What meets the submissions, and what the polls of the wait, in the order in which they come */
    posts: fc.array(fc.option(meets), { maxLength: 8 }),
    polls: fc.array(fc.option(fc.constantFrom(...refusals)), { maxLength: 3 }),
    count: fc.integer({ min: 1, max: 3 }),
    waitForCompletion: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ posts, polls, count, waitForCompletion }) => {
      account.jobs = [];
      account.apiKey += '_';
      const [submissions, reads] = [[...posts], [...polls]];
      account.post = (accept) => {
        return submissions.shift() ?? { body: accept() };
      };
      account.api.reply = (asked) => {
        const refusal = asked.path.startsWith('/videos/') && reads.shift();
        return refusal || account.reply(asked);
      };
      account.state = (job) => ({ ...job, status: 'completed', video_url: 'https://a.example/b' });
      const parameters = createVideo({ waitForCompletion, options: { pollInterval: 0.1 } });
      let run = await account.run(parameters, { items: rows(count), settings: retrying });
      for (let again = 0; again < 2 && errorOf(run).message !== ''; again++) {
        run = await account.run(parameters, { retryOf: asRetry(run), settings: retrying });
      }
      const paid = account.jobs.map(({ script }) => script);
      expect(paid).toEqual([...new Set(paid)]);
    }),
    { numRuns: cases(10) },
  );
});

describe('A database of n8n that is away for a moment', () => {
  retryQuickly();

  test('leaves no doubt: what it kept from being sent is sent once it is back', async () => {
    let reads = 0;
    const secrets = {
      get iTeraBizApi() {
        reads += 1;
        if (reads > 3 && reads < 9) {
          throw Object.assign(new Error('terminating connection'), { code: '57P01' });
        }
        return { apiKey: account.apiKey, baseUrl: account.url };
      },
    };
    const run = await account.run(createVideo(), { items: rows(20), secrets });
    expect(errorOf(run).message).toBe('');
    expect(jsonOf(run)).toHaveLength(20);
    expect(account.jobs).toHaveLength(20);
    expect(reads).toBeGreaterThan(20);
  });
});
