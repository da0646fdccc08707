import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import {
  ApiClient,
  type Attempt,
  type ClientSettings,
  refusalOnly,
  RequestFailed,
  TIMEOUT,
} from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { RequestQueue } from '../../../nodes/ITeraBiz/client/requestQueue.ts';
import { PATIENCE, MAX_TRIES } from '../../../nodes/ITeraBiz/client/retry.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { answered, type Answering, connectionReset, requesterOf } from '../../shared/fakeRun.mts';
import { useLittleApi } from '../../shared/littleApi.mts';

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const neverSent = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
const busy = (seconds?: number, status = 503) =>
  answered({}, status, seconds === undefined ? {} : { 'retry-after': String(seconds) });
const ok = answered({ id: 'video_1' });

/** A client whose time is set by the test. It gets these answers in turn, the last one for ever. */
function scripted(
  answers: (IDataObject | Error)[],
  settings: Partial<ClientSettings> = {},
  queue = new RequestQueue(),
) {
  jest.useFakeTimers({ now: 0 });
  const times: number[] = [];
  const answer: Answering = () => {
    times.push(Date.now());
    return answers[Math.min(times.length, answers.length) - 1];
  };
  const { context, asked } = requesterOf(answer);
  const client = new ApiClient(context, queue, { priority: 'row', ...settings });
  const request = async (method: 'GET' | 'POST' = 'GET') => {
    const attempt = client.request({ method, url: '/videos' });
    attempt.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1_000_000);
    return await attempt;
  };
  return { client, queue, times, asked, request };
}

describe('A request is sent', () => {
  test.each(['GET', 'POST'] as const)('once where it is answered: %s', async (method) => {
    const { request, times } = scripted([ok]);
    expect(await request(method)).toMatchObject({ decision: 'done', tries: 1, seconds: 0 });
    expect(times).toEqual([0]);
  });

  test('after as long as Retry-After says, and tells how long it took from the first try', async () => {
    const { request, times, queue } = scripted([busy(2), busy(2, 429), ok]);
    queue.pauseFor(5_000);
    expect(await request('POST')).toMatchObject({ decision: 'done', tries: 3, seconds: 4 });
    expect(times).toEqual([5_000, 7_000, 9_000]);
  });

  test('so often at the most, with ever longer pauses; the last refusal is what came of it', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const { request, times } = scripted([neverSent]);
    const { other: tries } = MAX_TRIES;
    expect(await request()).toMatchObject({ decision: 'retry', tries, seconds: 15.5 });
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500]);
  });

  test('as often as a busy one if it was not sent, and the API has answered before', async () => {
    const { request, queue } = scripted([neverSent]);
    queue.hasAnswered = true;
    expect(await request('POST')).toMatchObject({ decision: 'retry', tries: MAX_TRIES.busy });
    const expired = Object.assign(new Error('certificate has expired'), {
      code: 'CERT_HAS_EXPIRED',
    });
    for (const failure of [connectionReset, expired]) {
      const other = scripted([failure]);
      other.queue.hasAnswered = true;
      expect(await other.request('GET')).toMatchObject({ tries: MAX_TRIES.other });
    }
  });

  test.each([
    ['GET', 'no pause', busy(undefined, 429), 225_500],
    ['POST', 'no pause', busy(undefined, 429), 225_500],
    ['GET', 'a short pause', busy(1), 227_000],
    ['POST', 'a short pause', busy(1), 227_000],
  ] as const)(
    'for minutes where the API is busy: a limit may be per minute (%s, it asks for %s)',
    async (method, _, refusal, lastTry) => {
      jest.spyOn(Math, 'random').mockReturnValue(0.5);
      const { request, times } = scripted([refusal]);
      expect(await request(method)).toMatchObject({ decision: 'retry', tries: MAX_TRIES.busy });
      expect(times.at(-1)).toBe(lastTry);
    },
  );

  test.each([
    ['POST', 'a bare 503, which may be that of a gateway', busy()],
    ['GET', 'a fault', answered({}, 500, { 'retry-after': '1' })],
  ] as const)('less often after any other outcome: %s, %s', async (method, _, outcome) => {
    const { request } = scripted([outcome]);
    expect(await request(method)).toMatchObject({ decision: 'retry', tries: MAX_TRIES.other });
  });

  test('through pauses of so many minutes in all, and no longer', async () => {
    const { request, times } = scripted([busy(120)]);
    expect(await request('POST')).toMatchObject({ decision: 'retry', tries: 3, seconds: 240 });
    expect(times).toEqual([0, 120_000, 240_000]);
    expect(PATIENCE).toBe(300_000);
  });

  test('after a pause of exactly so many minutes', async () => {
    const { request, times, queue } = scripted([ok]);
    queue.pauseFor(PATIENCE);
    expect(await request()).toMatchObject({ decision: 'done', tries: 1 });
    expect(times).toEqual([PATIENCE]);
  });

  test('not after a pause that was extended beyond these minutes', async () => {
    const { client, times, queue } = scripted([ok]);
    queue.pauseFor(240_000);
    const attempt = client.request({ method: 'GET', url: '/videos' });
    await jest.advanceTimersByTimeAsync(200_000);
    queue.pauseFor(3_600_000, { status: 429, headers: {}, body: {} });
    await jest.advanceTimersByTimeAsync(40_000);
    expect(await attempt).toMatchObject({ tries: 0, outcome: { status: 429 } });
    expect(times).toEqual([]);
  });

  test('again after the connection broke off, where it only reads', async () => {
    const { request } = scripted([connectionReset, neverSent, ok]);
    expect(await request()).toMatchObject({ decision: 'done', tries: 3 });
  });

  test('again where it certainly did not arrive, also where it submits', async () => {
    const { request } = scripted([neverSent, ok]);
    expect(await request('POST')).toMatchObject({ decision: 'done', tries: 2 });
  });

  test.each([answered({}, 500), answered({}, 502), answered({}, 504), connectionReset])(
    'never again where it submits and its outcome is unknown (%#)',
    async (outcome) => {
      const { request, times } = scripted([outcome, ok]);
      expect(await request('POST')).toMatchObject({ decision: 'unknown', tries: 1 });
      expect(times).toHaveLength(1);
    },
  );

  test('once where it is not to be retried', async () => {
    const { request, times } = scripted([busy(1), ok], { retry: false });
    expect(await request()).toMatchObject({ decision: 'retry', tries: 1 });
    expect(times).toHaveLength(1);
  });

  test('not where something precedes sending, which is thrown', async () => {
    const { request, times, queue } = scripted([new UserError('no credential'), ok]);
    await expect(request()).rejects.toThrow('no credential');
    expect([times.length, queue.isIdle]).toEqual([1, true]);
  });
});

describe('What the API asks of one request it asks of all of the account', () => {
  test('one that comes in during a pause waits for its end', async () => {
    const { client, times, queue } = scripted([busy(3), ok]);
    const other = scripted([ok], { priority: 'interactive' }, queue);
    const both = [client, other.client].map((one) => one.request({ method: 'GET', url: '/' }));
    await jest.advanceTimersByTimeAsync(10_000);
    expect((await Promise.all(both)).map(({ decision }) => decision)).toEqual(['done', 'done']);
    expect(times).toEqual([0, 3_000]);
    expect(other.times[0]).toBe(0);
  });

  test('also one that has its place already when the pause begins', async () => {
    const { client, queue } = scripted([busy(3)], { retry: false, concurrency: 1 });
    const other = scripted([ok], { concurrency: 1 }, queue);
    const both = [client, other.client].map((one) => one.request({ method: 'GET', url: '/' }));
    await jest.advanceTimersByTimeAsync(10_000);
    await Promise.all(both);
    expect(other.times).toEqual([3_000]);
  });

  test.each<[string, Partial<ClientSettings>, number]>([
    ['on the last try', {}, MAX_TRIES.busy],
    ['where nothing is retried', { retry: false }, 1],
  ])('%s, too', async (_, settings, tries) => {
    const last = busy(7, 429);
    const { client, queue } = scripted(
      [...Array(MAX_TRIES.busy - 1).fill(busy(undefined, 429)), last],
      settings,
    );
    if (tries === 1) jest.spyOn(client, 'send').mockResolvedValue(asResponse(last));
    const attempt = client.request({ method: 'GET', url: '/' });
    await jest.advanceTimersByTimeAsync(1);
    expect(await attempt).toMatchObject({ tries });
    expect(queue.pauseLeft).toBeGreaterThan(6_990);
  });

  test('however long: what is more than a request has patience for is not sent, and says why', async () => {
    const { request, times, queue } = scripted([busy(86_400), ok]);
    expect(await request()).toMatchObject({ decision: 'retry', tries: 1 });
    expect(queue.pauseLeft).toBeGreaterThan(80_000_000);
    expect(await request('POST')).toMatchObject({
      decision: 'retry',
      tries: 0,
      outcome: { status: 503 },
    });
    expect(times).toHaveLength(1);
  });

  test('also with an answer that leaves open whether it was accepted', async () => {
    const { request, queue } = scripted([answered({}, 500, { 'retry-after': '5000' })]);
    expect(await request('POST')).toMatchObject({ decision: 'unknown', tries: 1 });
    expect(queue.pauseLeft).toBe(4_000_000);
  });

  test('but a fault that asks for no pause holds back only its own request: it may be due to what that asks for', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const fault = answered({}, 500);
    const { client, times, queue } = scripted([fault, fault, fault, ok]);
    const other = scripted([ok], {}, queue);
    void client.request({ method: 'GET', url: '/' });
    await jest.advanceTimersByTimeAsync(50);
    void other.client.request({ method: 'GET', url: '/' });
    await jest.advanceTimersByTimeAsync(10_000);
    expect([times, other.times]).toEqual([[0, 500, 1_500, 3_500], [50]]);
  });

  test('a refusal that no pause cures holds nobody back, and neither does a success', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const { client, queue } = scripted([ok, answered({}, 400), connectionReset], { retry: false });
    for (let turn = 0; turn < 3; turn++) await client.request({ method: 'GET', url: '/' });
    expect(queue.pauseLeft).toBe(0);
    const headers = { 'retry-after': '86400' };
    for (const [status, body] of [
      [200, { id: 'a' }],
      [202, ''],
      [303, ''],
      [400, {}],
    ] as const) {
      const final = scripted([answered(body as IDataObject, status, headers)]);
      await final.request('POST');
      expect(final.queue.pauseLeft).toBe(0);
    }
  });
});

describe('A deadline', () => {
  const until = (milliseconds: number, answers: (IDataObject | Error)[], queue?: RequestQueue) => {
    const parts = scripted(answers, {}, queue);
    jest.useRealTimers();
    return { ...parts, client: parts.client.with({ deadline: now() + milliseconds }) };
  };

  test('that came before the first try: nothing was sent', async () => {
    const { client, times } = until(-1, [ok]);
    const queue = new RequestQueue();
    const attempt = await client.request({ method: 'POST', url: '/' });
    expect(attempt).toMatchObject({ decision: 'retry', tries: 0, outcome: { maybeSent: false } });
    expect(attempt.outcome).toBeInstanceOf(NetworkError);
    expect([times.length, queue.isIdle]).toEqual([0, true]);
  });

  test('that leaves too little time for an answer: nothing is ordered, and what only reads is sent', async () => {
    const short = until(9_000, [ok]);
    const order = await short.client.request({ method: 'POST', url: '/' });
    expect([order.tries, short.times.length]).toEqual([0, 0]);
    await short.client.request({ method: 'GET', url: '/' });
    expect(short.times).toHaveLength(1);
    const long = until(20_000, [ok]);
    await long.client.request({ method: 'POST', url: '/' });
    expect(long.times).toHaveLength(1);
  });

  test('that passes while n8n is busy: nothing is sent, and an earlier pause is not blamed', async () => {
    const { queue, times, client } = scripted([ok]);
    queue.pauseFor(1_000, { status: 429, headers: {}, body: {} });
    // Its own timer is a real one, and late.
    const late = client.with({ deadline: now() + 1_000 });
    const attempt = late.request({ method: 'POST', url: '/' });
    await jest.advanceTimersByTimeAsync(1_000);
    const error = new RequestFailed(await attempt);
    expect(error.attempt).toMatchObject({
      tries: 0,
      outcome: { code: '', maybeSent: false, message: 'There was no time left to send it' },
    });
    expect(times).toEqual([]);
    expect(error.describe({ doing: 'create it' })).toEqual({
      message: 'There was no time left to create it',
      description: 'Other requests from your account came first. Try again in a moment.',
    });
  });

  test.each([true, false])(
    'that comes in a pause because iTeraBiz does not answer (perhaps sent: %s): says that, and that nothing was sent',
    async (maybeSent) => {
      const { queue, client } = scripted([ok]);
      queue.pauseFor(20_000, new NetworkError('ECONNRESET', maybeSent, 'reset'));
      const soon = client.with({ deadline: now() + 1_000 });
      const error = new RequestFailed(await soon.request({ method: 'POST', url: '/' }));
      const { message, description } = error.describe({ doing: 'create it' });
      expect(message).toBe('iTeraBiz could not be reached to create it');
      expect(description).toMatch(/ECONNRESET.*nothing was sent/);
    },
  );

  test('that comes in a pause: what came of the last try', async () => {
    const { client, times } = until(3_000, [busy(60)]);
    expect(await client.request({ method: 'GET', url: '/' })).toMatchObject({
      ...{ decision: 'retry', tries: 1 },
      outcome: { status: 503 },
    });
    expect(times).toHaveLength(1);
  });

  test('that a pause outlasts is not waited for: the answer is there at once', async () => {
    const { queue, times, client } = scripted([ok]);
    queue.pauseFor(60_000, { status: 429, headers: {}, body: {} });
    let attempt: Attempt | undefined;
    const hurried = client.with({ deadline: now() + 30_000 });
    void hurried.request({ method: 'GET', url: '/' }).then((ended) => (attempt = ended));
    await jest.advanceTimersByTimeAsync(1);
    expect(attempt).toMatchObject({ tries: 0, outcome: { status: 429 } });
    expect(times).toEqual([]);
  });

  test('that comes while others are in flight: nothing was sent, and the pause is named', async () => {
    const { client, queue, times } = until(30, [ok]);
    queue.pauseFor(200_000, { status: 429, headers: {}, body: {} });
    expect(await client.request({ method: 'GET', url: '/' })).toMatchObject({
      ...{ decision: 'retry', tries: 0 },
      outcome: { status: 429 },
    });
    expect(times).toHaveLength(0);
  });

  test('bounds how long an answer is waited for', async () => {
    const { client, asked } = until(5_000, [ok]);
    await client.request({ method: 'GET', url: '/' });
    expect(asked[0].timeout).toBeGreaterThan(0);
    expect(asked[0].timeout).toBeLessThanOrEqual(5_000);
  });
});

test.each([
  [undefined, TIMEOUT],
  [9, 9],
  ['9', 9],
  [Number.NaN, TIMEOUT],
])('with a timeout of %p an answer is waited for %i ms', async (timeout, expected) => {
  const options = { timeout: timeout as number, proxy: { host: 'a', port: 1, protocol: 'http' } };
  const { request, asked } = scripted([ok], { options });
  await request();
  expect(asked[0]).toMatchObject({ timeout: expected, proxy: options.proxy });
});

describe('An execution that is canceled', () => {
  const stopped = new Error('stopped');

  test('ends at once, wherever its request is', async () => {
    jest.useFakeTimers({ now: 0 });
    const queue = new RequestQueue();
    queue.pauseFor(60_000);
    const cancel = new AbortController();
    const { client } = scripted([ok], { signal: cancel.signal, concurrency: 1 }, queue);
    const all = [1, 2].map(() => client.request({ method: 'GET', url: '/' }));
    const ends = Promise.allSettled(all);
    await jest.advanceTimersByTimeAsync(10);
    cancel.abort(stopped);
    expect(await ends).toEqual(all.map(() => ({ status: 'rejected', reason: stopped })));
    await expect(client.request({ method: 'GET', url: '/' })).rejects.toBe(stopped);
  });

  test('breaks off what it reads; what it submits is never broken off', async () => {
    const cancel = new AbortController();
    const { client, asked } = scripted([ok], { signal: cancel.signal });
    await client.request({ method: 'GET', url: '/' });
    await client.request({ method: 'POST', url: '/' });
    const [read, submission] = asked.map(({ abortSignal }) => abortSignal as AbortSignal);
    expect([read.aborted, submission.aborted]).toEqual([false, false]);
    cancel.abort();
    expect([read.aborted, submission.aborted]).toEqual([true, false]);
  });
});

describe('Over HTTP', () => {
  const api = useLittleApi();
  const clientOf = (settings: Partial<ClientSettings> = {}) =>
    new ApiClient(requesterOf(api).context, new RequestQueue(), {
      ...{ priority: 'row', retry: false },
      ...settings,
    });

  test('a page is asked for by a hundred, and by what it follows', async () => {
    const body = { data: [{ id: 'a' }], has_more: true };
    api.reply = () => ({ body, headers: { date: 'Mon, 05 Jan 2026 10:00:00 GMT' } });
    const { headers, ...page } = await clientOf().page('/videos');
    expect(page).toEqual(body);
    expect(headers.date).toBe('Mon, 05 Jan 2026 10:00:00 GMT');
    await clientOf().page('/videos', 'a', 7);
    expect(api.asked.map(({ method, path, query }) => [method, path, query])).toEqual([
      ['GET', '/videos', { limit: '100' }],
      ['GET', '/videos', { limit: '7', starting_after: 'a' }],
    ]);
  });

  test('a video is asked for by its ID, which stays one part of the address', async () => {
    api.reply = () => ({ body: { id: '../a?b#c', status: 'queued' } });
    expect(await clientOf().video('../a?b#c')).toEqual({ id: '../a?b#c', status: 'queued' });
    expect(api.asked[0].path).toBe('/videos/..%2Fa%3Fb%23c');
  });

  test.each([{ id: 'video_8' }, { status: 'completed' }, '<html>', [], null])(
    'a success with %p is not the video that was asked for',
    async (body) => {
      api.reply = () => ({ body });
      const error = (await clientOf()
        .video('video_7')
        .catch((thrown: unknown) => thrown)) as RequestFailed;
      expect(error).toMatchObject({ status: 200, statusClass: 'done' });
      expect(error.describe({ doing: 'get video 7' }).message).toBe(
        'The answer to the request to get video 7 does not look like one from iTeraBiz',
      );
    },
  );

  test('a failed request can be a value, and no other error', () => {
    const failed = new RequestFailed({ outcome: asResponse(ok), decision: 'done' } as never);
    expect(refusalOnly(failed)).toBe(failed);
    expect(() => refusalOnly(new Error('a bug'))).toThrow('a bug');
  });

  test.each(['<html>', { ok: true }, ''])('a success with %p is no page', async (body) => {
    api.reply = () => ({ body });
    await expect(clientOf().page('/videos')).rejects.toMatchObject({ statusClass: 'done' });
  });

  test.each([
    [302, 'moved'],
    [400, 'badValues'],
    [401, 'badKey'],
    [404, 'notFound'],
    [500, 'fault'],
    [503, 'busy'],
  ])('status %i is a refusal (%s), in words for the user', async (status, statusClass) => {
    api.reply = () => ({ status, body: { id: 'a' } });
    const error = (await clientOf()
      .video('a')
      .catch((thrown: unknown) => thrown)) as RequestFailed;
    expect(error).toBeInstanceOf(RequestFailed);
    expect(error).toMatchObject({ status, statusClass });
    const node = { name: 'iTeraBiz' } as never;
    expect(error.toNodeError(node, { doing: 'get it' })).toMatchObject({
      httpCode: String(status),
      message: expect.stringMatching(/iTeraBiz|video/),
    });
  });

  test('a broken connection is told as one, and has no status', async () => {
    api.reply = () => 'break';
    const error = (await clientOf()
      .video('a')
      .catch((thrown: unknown) => thrown)) as RequestFailed;
    expect([error.status, error.statusClass]).toEqual([undefined, undefined]);
    expect(error.describe({ doing: 'list the hooks' }).message).toBe(
      'The connection to iTeraBiz was lost before it answered the request to list the hooks',
    );
  });
});

function asResponse({ statusCode, headers, body }: IDataObject) {
  return { status: statusCode as number, headers: headers as IDataObject, body };
}
