import type { IHttpRequestOptions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { TOLERANCE } from '../../../nodes/ITeraBiz/account/snapshot.ts';
import {
  POLLING,
  VideoPoller,
  type WaitRequest,
  type WaitResult,
} from '../../../nodes/ITeraBiz/account/videoPoller.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { answered, connectionReset, requesterOf } from '../../shared/fakeRun.mts';
import { until } from '../../shared/until.mts';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

const body = (id: string, status: string) => ({
  id,
  status,
  ...(status === 'completed' && { video_url: `https://files.example/${id}.mp4` }),
});

/** The state of a video that the list leaves out, and that cannot be read by its ID. */
const UNREADABLE = 'unreadable';

/** An account whose videos are as `states` says, and executions that wait for them. */
function place(states: Record<string, string | undefined>) {
  const account = new Account('one');
  const polls: number[] = [];
  const parts = {
    account,
    states,
    /** When the API was asked, and what */
    polls,
    asked: [] as string[],
    /** What is answered in place of the videos */
    refusal: undefined as (() => ReturnType<typeof answered> | Error) | undefined,
    execution,
  };

  /** An execution of its own; the time counts from now. */
  function execution(own: { refusal?: typeof parts.refusal } = {}) {
    const cancel = new AbortController();
    const { signal } = cancel;
    const requests: number[] = [];
    const { context } = requesterOf(async ({ url }: IHttpRequestOptions) => {
      polls.push(Date.now());
      requests.push(Date.now());
      parts.asked.push(url);
      const refusal = own.refusal ?? parts.refusal;
      if (refusal) return await refusal();
      const id = url.split('/')[2];
      if (id && states[id] === UNREADABLE) return answered({}, 500);
      if (id)
        return id in states && states[id] ? answered(body(id, states[id])) : answered({}, 404);
      const data = Object.entries(states).flatMap(([one, status]) =>
        status && status !== UNREADABLE ? [body(one, status)] : [],
      );
      return answered({ data, has_more: false });
    });
    const client = account.client(context, { priority: 'row', signal });
    const poll = async (...ids: string[]) => await account.poller.pollOnce(ids, client);
    const wait = (...wanted: (string | (Partial<WaitRequest> & { id: string }))[]) => {
      const results: Record<string, [WaitResult['reason'], string, number]> = {};
      const end: { error?: unknown; at?: number; results: typeof results } = { results };
      const all = wanted.map((one) => {
        const more = typeof one === 'string' ? { id: one } : one;
        return {
          interval: 10_000,
          ...more,
          deadline: now() + (more.deadline ?? 1e9),
          last: { id: more.id, status: 'queued' },
        };
      });
      account.poller
        .wait(all, client, (request, { reason, video }) => {
          expect(all).toContain(request);
          results[request.id] = [reason, String(video.status), Date.now()];
        })
        .catch((error: unknown) => void (end.error = error))
        .finally(() => void (end.at = Date.now()));
      return end;
    };
    return { cancel, wait, poll, requests };
  }
  return parts;
}

const waiting = (
  states: Record<string, string | undefined>,
  ...wanted: Parameters<ReturnType<ReturnType<typeof place>['execution']>['wait']>
) => {
  const api = place(states);
  const { cancel, wait } = api.execution();
  return { api, cancel, end: wait(...wanted) };
};

test('a poll for one that cannot be read says so, also beside others that can be', async () => {
  const { wait, poll } = place({ a: 'processing', b: UNREADABLE }).execution();
  wait('a');
  const alone = expect(poll('b')).rejects.toMatchObject({ statusClass: 'fault' });
  await advance(20_000);
  await alone;
  const beside = poll('a', 'b');
  await advance(20_000);
  expect([...(await beside).keys()]).toEqual(['a']);
});

const badKey = () => answered({}, 401);
const busy = () => answered({}, 503);

test('polls after each interval until the video is finished', async () => {
  const { api, end } = waiting({ a: 'processing' }, 'a');
  await advance(25_000);
  expect(end).toEqual({ results: {} });
  api.states.a = 'completed';
  await advance(60_000);
  expect(end).toEqual({ results: { a: ['ended', 'completed', 30_000] }, at: 30_000 });
  expect(api.polls).toEqual([10_000, 20_000, 30_000]);
  expect([jest.getTimerCount(), api.account.poller.isIdle]).toEqual([0, true]);
});

test('a video that failed has ended, too; waiting for nothing is over at once', async () => {
  const { end } = waiting({ a: 'failed' }, 'a');
  await advance(10_000);
  expect(end.results.a).toEqual(['ended', 'failed', 10_000]);
  const { api, end: none } = waiting({});
  await advance(10_000);
  expect([none, api.polls]).toEqual([{ results: {}, at: 10_000 }, []]);
});

test('many waits share their polls, at the shortest interval, and each ends by itself', async () => {
  const { api, end } = waiting(
    { a: 'queued', b: 'queued', c: 'queued' },
    { id: 'a', interval: 4_000 },
    'b',
    'c',
  );
  await advance(4_000);
  expect(api.polls).toEqual([4_000]);
  api.states.a = 'completed';
  await advance(4_000);
  expect(Object.keys(end.results)).toEqual(['a']);
  api.states.b = api.states.c = 'completed';
  await advance(10_000);
  expect(end.results).toMatchObject({
    b: ['ended', 'completed', 18_000],
    c: ['ended', 'completed', 18_000],
  });
  expect(api.polls).toEqual([4_000, 8_000, 18_000]);
});

test('two items may wait for the same video, with one request per poll', async () => {
  const { api, end } = waiting({ a: 'completed' }, 'a', 'a');
  await advance(10_000);
  expect([end.at, api.asked]).toEqual([10_000, ['/videos/a']]);
});

test.each([Number.NaN, -5, 0, 1, Infinity])(
  'an interval of %p never means a poll without a pause',
  async (interval) => {
    const { api } = waiting({ a: 'processing' }, { id: 'a', interval, deadline: 60_000 });
    await advance(60_000);
    expect(api.polls.length).toBeGreaterThanOrEqual(1);
    expect(api.polls.length).toBeLessThanOrEqual(31);
  },
);

describe('The deadline', () => {
  test('ends a wait after a last poll, with the video as it was last seen', async () => {
    const { api, end } = waiting({ a: 'processing' }, { id: 'a', deadline: 25_000 });
    await advance(60_000);
    expect(end.results.a).toEqual(['timedOut', 'processing', 25_000]);
    expect(api.polls).toEqual([10_000, 20_000, 25_000]);
  });

  test('does not make one late that is finished at this last poll', async () => {
    const { end } = waiting({ a: 'completed' }, { id: 'a', deadline: 5_000 });
    await advance(5_000);
    expect(end.results.a).toEqual(['ended', 'completed', 5_000]);
  });

  test.each([-1, Number.NaN])('of %p still means one poll', async (deadline) => {
    const { end } = waiting(
      { a: 'completed', b: 'queued' },
      { id: 'a', deadline },
      { id: 'b', deadline },
    );
    await advance(0);
    expect(end.results).toEqual({ a: ['ended', 'completed', 0], b: ['timedOut', 'queued', 0] });
  });

  test('holds while polls are refused', async () => {
    const { api, end } = waiting({ a: 'processing' }, { id: 'a', deadline: 15_000 });
    api.refusal = busy;
    await advance(60_000);
    expect(end.results.a).toEqual(['timedOut', 'queued', 15_000]);
  });

  test('long ago still means one poll, however slow', async () => {
    const api = place({});
    const slow = new Promise<ReturnType<typeof answered>>((resolve) => {
      setTimeout(() => resolve(answered(body('a', 'completed'))), 65_000);
    });
    await advance(60_000);
    const end = api
      .execution({ refusal: () => slow as never })
      .wait({ id: 'a', deadline: -30_000 });
    await advance(5_000);
    expect(end.results.a).toEqual(['ended', 'completed', 65_000]);
  });

  /** Polls of one execution that get no answer, begun at 10,000. */
  const stuck = () => {
    const api = place({ a: 'queued', b: 'completed', c: 'queued' });
    const refusal = () => new Promise<never>(() => undefined) as never;
    const { wait } = api.execution({ refusal });
    return { end: wait({ id: 'a', deadline: 100_000 }), wait: api.execution().wait };
  };

  test('holds while the poll of others takes long', async () => {
    const { end, wait } = stuck();
    const ends = [wait({ id: 'b', deadline: 12_000 }, { id: 'c', deadline: 20_000 })];
    await advance(11_000);
    ends.push(wait({ id: 'b', interval: 2_000, deadline: 5_000 }));
    await advance(19_000);
    const late = (at: number) => ['timedOut', 'queued', at + POLLING.lastPoll];
    expect(ends.map(({ results }) => results)).toEqual([
      { b: late(12_000), c: late(20_000) },
      { b: late(16_000) },
    ]);
    expect(end).toEqual({ results: {} });
    await advance(80_000);
    expect(end.results.a).toEqual(late(100_000));
    expect(jest.getTimerCount()).toBe(0);
  });

  test('of one that asks in vain leaves the asking to others', async () => {
    const { end, wait } = stuck();
    const other = wait({ id: 'b', deadline: 1e9 });
    await advance(109_999);
    expect([end, other]).toEqual([{ results: {} }, { results: {} }]);
    await advance(10_001);
    expect([end.at, other.results.b]).toEqual([110_000, ['ended', 'completed', 120_000]]);
  });

  test.each([
    [false, 503],
    [true, undefined],
  ])('names the last refusal, unless the video was seen: %s', async (isSeen, status) => {
    const account = new Account('one');
    const { context } = requesterOf(() =>
      isSeen && Date.now() < 15_000 ? answered(body('a', 'processing')) : busy(),
    );
    const request = { id: 'a', interval: 10_000, deadline: now() + 25_000, last: { id: 'a' } };
    const results: WaitResult[] = [];
    const client = account.client(context, { priority: 'row' });
    void account.poller.wait([request], client, (_, result) => void results.push(result));
    await advance(25_000);
    expect(results).toMatchObject([{ reason: 'timedOut' }]);
    expect(results[0].refusal?.status).toBe(status);
  });

  /** Waits of five seconds. @param read answers by ID or, without one, the pages of the list */
  const waitOf = (poller: VideoPoller, ids: string[], read: (page: number) => Promise<unknown>) => {
    let pages = 0;
    const client = {
      settings: {},
      with: () => client,
      page: async () => await read(++pages),
      video: async () => await read(0),
    };
    const results: unknown[] = [];
    const requests = ids.map((id) => {
      return { id, interval: 2_000, deadline: now() + 5_000, last: { id, status: 'queued' } };
    });
    void poller.wait(requests, client as never, ({ id }, { reason, refusal }) => {
      results.push([id, reason, refusal]);
    });
    return results;
  };
  const never = new Promise<never>(() => undefined);

  test('leaves what a slow poll has shown by then', async () => {
    const first = { data: [body('a', 'completed')], has_more: true, headers: {} };
    const results = waitOf(new VideoPoller(), ['a', 'b'], async (page) =>
      page === 1 ? first : await never,
    );
    await advance(20_000);
    expect(results).toEqual([
      ['a', 'ended', undefined],
      ['b', 'timedOut', undefined],
    ]);
  });

  test('names the refusal of one video alone', async () => {
    const outcome = { status: 500, body: '', headers: {} };
    const refusal = new RequestFailed({ outcome, decision: 'retry', tries: 1, seconds: 0 });
    const list = { data: [body('a', 'processing')], has_more: false, headers: {} };
    const results = waitOf(new VideoPoller(), ['a', 'b'], async (page) =>
      page > 0 ? list : await Promise.reject(refusal),
    );
    await advance(20_000);
    expect(results).toEqual([
      ['a', 'timedOut', undefined],
      ['b', 'timedOut', refusal],
    ]);
  });

  test('names no refusal of earlier waits', async () => {
    const poller = new VideoPoller();
    const outcome = new NetworkError('', false, 'late');
    const refusal = new RequestFailed({ outcome, decision: 'retry', tries: 1, seconds: 0 });
    const earlier = waitOf(poller, ['a'], async () => await Promise.reject(refusal));
    await advance(20_000);
    const later = waitOf(poller, ['b'], async () => await never);
    await advance(20_000);
    expect([earlier, later]).toEqual([
      [['a', 'timedOut', refusal]],
      [['b', 'timedOut', undefined]],
    ]);
  });

  test('close to others shares a poll with them', async () => {
    const api = place({ a: 'queued', b: 'queued' });
    const { wait } = api.execution();
    const others = api.execution();
    const ends = [
      wait({ id: 'a', deadline: 5_000 }),
      others.wait({ id: 'b', deadline: 5_300 }, { id: 'a', deadline: 5_600 }),
    ];
    await advance(10_000);
    expect(new Set(api.polls)).toEqual(new Set([5_000, 6_000]));
    expect(ends.map(({ at }) => at)).toEqual([5_000, 6_000]);
  });
});

describe('What surprises', () => {
  test('a video that is unknown for some time is gone; until then it may show again', async () => {
    const { api, end } = waiting({ a: 'processing' }, 'a');
    await advance(10_000);
    api.states.a = undefined;
    await advance(TOLERANCE.unknown - 20_000);
    api.states.a = 'rendering';
    await advance(20_000);
    api.states.a = undefined;
    await advance(TOLERANCE.unknown);
    expect(end).toEqual({ results: {} });
    await advance(10_000);
    expect(end.results.a).toEqual(['gone', 'rendering', Date.now()]);
  });

  test('many short polls make no video gone sooner', async () => {
    const { api, end } = waiting({}, { id: 'a', interval: 2_000 });
    await advance(2_000 + TOLERANCE.unknown - 1);
    expect([end.results, api.polls.length > 20]).toEqual([{}, true]);
    await advance(1);
    expect(end.results.a?.[0]).toBe('gone');
  });

  test('a completed video without its link is waited for, and given out as it is after some time', async () => {
    const { api, end } = waiting({}, 'a');
    api.refusal = () => answered({ id: 'a', status: 'completed' });
    await advance(10_000 + TOLERANCE.withoutLink - 1);
    expect(end.results).toEqual({});
    await advance(1);
    expect(end.results.a?.[0]).toBe('ended');
  });

  test('one at its deadline without its link has ended, and is not late', async () => {
    const { api, end } = waiting({}, { id: 'a', deadline: 15_000 });
    api.refusal = () => answered({ id: 'a', status: 'completed' });
    await advance(15_000);
    expect(end.results.a).toEqual(['ended', 'completed', 15_000]);
  });

  test('one that was completed without its link and is rendered again at its deadline is late', async () => {
    const { api, end } = waiting({}, { id: 'a', deadline: 25_000 });
    api.refusal = () => answered({ id: 'a', status: 'completed' });
    await advance(15_000);
    api.refusal = () => answered({ id: 'a', status: 'processing' });
    await advance(10_000);
    expect(end.results.a?.[0]).toBe('timedOut');
  });

  test('what was not asked for in a poll is not missing in it', async () => {
    const { api, end } = waiting({}, 'a', 'b');
    let entries = 0;
    api.refusal = () => answered({ data: [{ id: `other ${++entries}` }], has_more: true });
    await advance(10_000);
    expect(end.results).toEqual({});
  });

  test('what the list does not show is asked for by ID until the list shows it', async () => {
    const { api, end } = waiting({ a: 'queued', b: 'queued', c: 'queued' }, 'a', 'b', 'c');
    const { states } = api;
    let isLate = true;
    api.refusal = undefined;
    const plain = api.states;
    Object.defineProperty(plain, 'b', {
      get: () => (isLate ? undefined : 'queued'),
      enumerable: true,
    });
    await advance(10_000);
    expect(api.asked).toEqual(['/videos', '/videos/b']);
    await advance(10_000);
    expect(api.asked.slice(2)).toEqual(['/videos', '/videos/b']);
    isLate = false;
    await advance(10_000);
    expect(api.asked.slice(4)).toEqual(['/videos']);
    states.a = states.c = 'completed';
    await advance(10_000);
    await advance(10_000);
    expect(api.asked.at(-1)).toBe('/videos/b');
    expect(Object.keys(end.results)).toEqual(['a', 'c']);
  });
});

test('IDs that the list does not show are remembered as long as a wait is for them', async () => {
  const api = place({ a: 'queued', b: 'queued', c: 'queued' });
  const list = answered({ data: [body('a', 'queued')], has_more: false });
  const { wait, cancel } = api.execution();
  wait('a', 'b', 'c');
  api.refusal = () => {
    const id = api.asked.at(-1)!.split('/')[2];
    return id ? answered(body(id, 'queued')) : list;
  };
  await advance(20_000);
  const byId = ['/videos/b', '/videos/c'];
  expect(api.asked).toEqual(['/videos', ...byId, '/videos/a', ...byId]);
  cancel.abort(new Error('stopped'));
  const others = api.execution();
  others.wait('a');
  await advance(10_000);
  others.wait('b');
  await advance(10_000);
  expect(api.asked.slice(6)).toEqual(['/videos/a', '/videos', '/videos/b']);
});

test.each([
  [undefined, 30_000],
  [5_000, 5_000],
  [60_000, 30_000],
  ['soon', 30_000],
])(
  'with a timeout of %p in the options, a poll waits %i ms for a response',
  async (own, timeout) => {
    const { account } = place({});
    const { context, asked } = requesterOf(() => answered(body('a', 'completed')));
    const options = { timeout: own as number, skipSslCertificateValidation: true };
    const client = account.client(context, { priority: 'row', options });
    const poll = account.poller.pollOnce(['a'], client);
    await advance(0);
    await poll;
    expect(asked).toMatchObject([{ timeout, skipSslCertificateValidation: true }]);
  },
);

test('a poll that is held back by a pause keeps no wait much longer than it may take', async () => {
  jest.useRealTimers();
  const before = { ...POLLING };
  Object.assign(POLLING, { lastPoll: 50, shortestInterval: 10, shortestPause: 10 });
  const { account, execution } = place({ a: 'processing' });
  account.queue.pauseFor(60_000);
  const { wait, cancel } = execution();
  const end = wait({ id: 'a', interval: 20, deadline: 100 });
  await until('the wait has ended', () => end.at !== undefined, { every: 20, seconds: 9 }).finally(
    () => {
      cancel.abort();
      Object.assign(POLLING, before);
    },
  );
  expect(end.results.a?.[0]).toBe('timedOut');
});

describe('Refused polls', () => {
  test('are waited out with pauses that double up to a minute, and then go on as before', async () => {
    const { api, end } = waiting({ a: 'processing' }, 'a');
    api.refusal = busy;
    await advance(190_000);
    expect(api.polls).toEqual([10_000, 30_000, 70_000, 130_000, 190_000]);
    expect(end).toEqual({ results: {} });
    api.refusal = undefined;
    await advance(70_000);
    expect(api.polls.slice(5)).toEqual([250_000, 260_000]);
  });

  test('do not shorten an interval of over a minute', async () => {
    const { api } = waiting({ a: 'processing' }, { id: 'a', interval: 90_000 });
    api.refusal = busy;
    await advance(270_000);
    expect(api.polls).toEqual([90_000, 180_000, 270_000]);
  });

  test.each([
    ['with a bad key', badKey],
    ['without an answer', () => connectionReset],
    ['with a web page', () => answered('<html>')],
  ])('once, %s, end no wait', async (_, refusal) => {
    const { api, end } = waiting({ a: 'processing' }, 'a');
    api.refusal = refusal;
    await advance(10_000);
    expect(end).toEqual({ results: {} });
    api.refusal = undefined;
    api.states.a = 'completed';
    await advance(20_000);
    expect(end.results.a?.[0]).toBe('ended');
  });

  test('that no retry would cure end the waits when there are several, and over some time', async () => {
    const { api, end } = waiting(
      { a: 'processing', b: 'processing' },
      { id: 'a', interval: 2_000 },
      'b',
    );
    api.refusal = badKey;
    await advance(2_000 + TOLERANCE.refused - 1);
    expect(end).toEqual({ results: {} });
    expect(api.polls.length).toBeGreaterThan(3);
    await advance(1);
    expect(end).toMatchObject({ error: expect.any(RequestFailed), at: 62_000, results: {} });
    const { length } = api.polls;
    await advance(600_000);
    expect(api.polls).toHaveLength(length);

    api.refusal = undefined;
    api.states.a = 'completed';
    const later = api.execution().wait('a');
    await advance(10_000);
    expect(later.results.a?.[0]).toBe('ended');
  });

  test('with an answer in between do not', async () => {
    const { api, end } = waiting({ a: 'processing' }, 'a');
    for (const refusal of [badKey, undefined, badKey]) {
      api.refusal = refusal;
      await advance(35_000);
    }
    expect(end).toEqual({ results: {} });
  });

  test('of a service that is down never do', async () => {
    const { api, end } = waiting({ a: 'processing' }, 'a');
    api.refusal = busy;
    await advance(3_600_000);
    expect(end).toEqual({ results: {} });
  });
});

describe('Several executions', () => {
  const two = (
    states: Record<string, string | undefined>,
    own: Parameters<ReturnType<typeof place>['execution']>[0] = {},
  ) => {
    const api = place(states);
    return { api, one: api.execution(own), other: api.execution() };
  };

  test('share their polls, and take turns in asking', async () => {
    const { api, one, other } = two({ a: 'queued', b: 'queued' });
    one.wait('a');
    await advance(3_000);
    other.wait('b');
    await advance(37_000);
    expect(api.polls).toEqual([10_000, 20_000, 30_000, 40_000]);
    expect([one.requests, other.requests]).toEqual([
      [10_000, 30_000],
      [20_000, 40_000],
    ]);
  });

  test('one with less patience is not kept waiting by the others', async () => {
    const { api, one, other } = two({ a: 'queued', b: 'queued' });
    one.wait({ id: 'a', interval: 50_000 });
    await advance(5_000);
    const end = other.wait({ id: 'b', interval: 7_000, deadline: 7_000 });
    await advance(60_000);
    expect(end.results.b).toEqual(['timedOut', 'queued', 12_000]);
    expect(api.polls).toEqual([7_000, 12_000, 62_000]);
  });

  test('one that is canceled ends at once and leaves the others undisturbed', async () => {
    const { api, one, other } = two({ a: 'queued', b: 'queued' });
    const end = one.wait('a');
    const stays = other.wait('b');
    await advance(12_000);
    one.cancel.abort(new Error('stopped'));
    await advance(0);
    expect(end).toMatchObject({ at: 12_000, error: { message: 'stopped' } });
    await advance(18_000);
    expect(stays).toEqual({ results: {} });
    expect(api.polls).toEqual([10_000, 20_000, 30_000]);
    expect(one.wait('a')).toEqual({ results: {} });
    await advance(0);
  });

  test('also when it was asking just then: another one asks, and it spoils nothing', async () => {
    const never = new Promise<never>(() => undefined);
    const { one, other } = two({ a: 'queued', b: 'completed' }, { refusal: () => never as never });
    const end = one.wait('a');
    const stays = other.wait('b');
    await advance(15_000);
    expect([end, stays]).toEqual([{ results: {} }, { results: {} }]);
    one.cancel.abort(new Error('stopped'));
    await advance(0);
    expect(end).toMatchObject({ at: 15_000, error: { message: 'stopped' } });
    await advance(10_000);
    expect(stays.results.b?.[0]).toBe('ended');
  });

  test('and while another one was asking: it is told nothing more', async () => {
    let answer: (list: ReturnType<typeof answered>) => void = () => undefined;
    const slow = new Promise<ReturnType<typeof answered>>((resolve) => (answer = resolve));
    const { one, other } = two({}, { refusal: () => slow as never });
    one.wait('a');
    const end = other.wait('b');
    await advance(10_000);
    other.cancel.abort(new Error('stopped'));
    await advance(0);
    answer(answered({ data: [body('a', 'queued'), body('b', 'completed')], has_more: false }));
    await advance(0);
    expect(end).toMatchObject({ error: { message: 'stopped' } });
    expect(end.results).toEqual({});
  });

  test('what keeps only one of them from asking ends only its waits', async () => {
    const { one, other } = two(
      { a: 'queued', b: 'completed' },
      { refusal: () => new UserError('no credential') },
    );
    const end = one.wait('a');
    const stays = other.wait('b');
    await advance(30_000);
    expect(end).toMatchObject({ at: 10_000, error: { message: 'no credential' } });
    expect(stays.results.b?.[0]).toBe('ended');
  });

  test('one that cannot get through does not keep the others from it', async () => {
    const { one, other } = two({ a: 'queued', b: 'completed' }, { refusal: () => connectionReset });
    const end = one.wait('a');
    const stays = other.wait('b');
    await advance(30_000);
    expect([end, stays.results.b?.[0]]).toEqual([{ results: {} }, 'ended']);
  });

  test('a result that cannot be given out ends the waits, and the next one is heard', async () => {
    const { api, other } = two({ a: 'completed', b: 'completed' });
    const { context } = requesterOf(() => answered(body('a', 'completed')));
    const client = api.account.client(context, { priority: 'row' });
    const request = { id: 'a', interval: 2_000, deadline: now() + 60_000, last: {} };
    const broken = api.account.poller.wait([request], client, () => {
      throw new Error('broken');
    });
    const end = broken.catch((error: Error) => error.message);
    await advance(10_000);
    expect(await end).toBe('broken');
    const later = other.wait('b');
    await advance(10_000);
    expect(later.results.b?.[0]).toBe('ended');
  });
});

describe('A single poll', () => {
  const completed = (id: string) => new Map([[id, body(id, 'completed')]]);

  test('comes at once, and tells of its videos alone', async () => {
    const api = place({ a: 'processing', b: 'completed' });
    api.execution().wait('a');
    const seen = Promise.all([api.execution().poll('b'), api.execution().poll('c')]);
    await advance(1_000);
    expect(await seen).toEqual([completed('b'), new Map([['c', undefined]])]);
    expect(api.polls[0]).toBe(0);
  });

  test('shares with all that come within a second, and with those who wait', async () => {
    const api = place({ a: 'processing', b: 'processing', c: 'completed' });
    const wait = api.execution().wait('c');
    const times: number[] = [];
    for (const id of ['a', 'b', 'a', 'b']) {
      void api
        .execution()
        .poll(id)
        .then(() => times.push(Date.now()));
      await advance(100);
    }
    await advance(1_000);
    expect(wait.results.c).toEqual(['ended', 'completed', 0]);
    expect(times).toEqual([0, 1_000, 1_000, 1_000]);
  });

  test('is not refused over and over because a wait beside it cannot get through', async () => {
    const api = place({ a: 'processing', b: 'completed' });
    const refusal = () => connectionReset;
    const cannot = api.execution({ refusal });
    const end = cannot.wait('a');
    // The wait has the first turn, before it is known to fail.
    const first = expect(api.execution().poll('b')).rejects.toBeInstanceOf(RequestFailed);
    await advance(0);
    await first;
    for (let polls = 0; polls < 5; polls++) {
      const next = api.execution().poll('b');
      await advance(1_000);
      expect(await next).toEqual(completed('b'));
    }
    api.states.a = 'completed';
    const last = api.execution().poll('b');
    await advance(1_000);
    await last;
    // It is told what the others see.
    expect(end.results.a?.[0]).toBe('ended');
    expect(cannot.requests.length).toBeGreaterThan(0);
  });

  test('that cannot get through keeps no wait beside it from its turn', async () => {
    const api = place({ a: 'processing', b: 'completed' });
    const end = api.execution().wait('a');
    // An outage that is over says nothing about it either.
    api.refusal = busy;
    await advance(10_000);
    api.refusal = undefined;
    await advance(20_000);
    for (let polls = 0; polls < 5; polls++) {
      const poll = api.execution({ refusal: () => connectionReset }).poll('b');
      await advance(5_000);
      expect(await poll).toEqual(completed('b'));
    }
    api.states.a = 'completed';
    void api.execution({ refusal: () => connectionReset }).poll('b');
    await advance(1_000);
    expect(end.results.a?.[0]).toBe('ended');
  });

  test.each([busy, badKey])('that is refused says so (%#)', async (refusal) => {
    const api = place({ a: 'processing' });
    api.refusal = refusal;
    const poll = api.execution().poll('a');
    const end = expect(poll).rejects.toBeInstanceOf(RequestFailed);
    await advance(10);
    await end;
    expect([api.polls.length, api.account.poller.isIdle]).toEqual([1, true]);
  });

  test('is none once the execution is canceled', async () => {
    const api = place({ a: 'processing' });
    const { cancel, poll } = api.execution();
    const first = poll();
    await advance(10);
    await first;
    const end = poll('a').catch((error: unknown) => error);
    cancel.abort(new Error('stopped'));
    expect(await end).toMatchObject({ message: 'stopped' });
    await advance(10_000);
    expect(api.polls).toEqual([]);
  });
});
