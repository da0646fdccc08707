import { type Wake, Waits, Watch, type Wish } from '../../../nodes/ITeraBiz/account/watch.ts';
import { type Reader, RefusedLook } from '../../../nodes/ITeraBiz/account/videos.ts';

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

/** An API whose videos are as `states` says; a state of its own error makes a look fail. */
class Api implements Reader {
  readonly times: number[] = [];

  refusal?: Error;

  constructor(readonly states: Record<string, string | undefined>) {}

  async byId(id: string) {
    this.ask();
    const status = this.states[id];
    return status === undefined ? undefined : { id, status };
  }

  async page() {
    this.ask();
    const data = Object.entries(this.states).map(([id, status]) => ({ id, status }));
    return { data: data.filter(({ status }) => status !== undefined), has_more: false };
  }

  private ask() {
    this.times.push(Date.now());
    if (this.refusal) throw this.refusal;
  }
}

/** The waits of one run of the node; without a watch, of an account of its own. */
function waitsOf(reader: Reader, signal?: AbortSignal, watch = new Watch()): Waits {
  return new Waits(async () => watch, reader, signal);
}

const busy = () => new RefusedLook({ status: 503, headers: {}, body: '' });
const badKey = () => new RefusedLook({ status: 401, headers: {}, body: '' });

const wish = (id: string, more: Partial<Wish> = {}): Wish => ({
  id,
  interval: 10_000,
  deadline: 1e9,
  last: { id, status: 'queued' },
  ...more,
});

/** Notes how and when a wait ended. */
function noted(wait: Promise<Wake>) {
  const end: { wake?: Wake; error?: unknown; at?: number } = {};
  wait.then(
    (wake) => Object.assign(end, { wake, at: Date.now() }),
    (error: unknown) => Object.assign(end, { error, at: Date.now() }),
  );
  return end;
}

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

test('looks after each interval until the video is finished', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(waitsOf(api).wait(wish('a')));
  await advance(25_000);
  expect(end).toEqual({});
  api.states.a = 'completed';
  await advance(60_000);
  expect(end).toEqual({
    wake: { reason: 'finished', video: { id: 'a', status: 'completed' } },
    at: 30_000,
  });
  expect(api.times).toEqual([10_000, 20_000, 30_000]);
});

test('a video that failed is finished too', async () => {
  const end = noted(waitsOf(new Api({ a: 'failed' })).wait(wish('a')));
  await advance(10_000);
  expect(end.wake).toEqual({ reason: 'finished', video: { id: 'a', status: 'failed' } });
});

test('many waits share their looks, at the shortest interval', async () => {
  const api = new Api({ a: 'queued', b: 'queued', c: 'queued' });
  const waits = waitsOf(api);
  const ends = ['a', 'b', 'c'].map((id) =>
    noted(waits.wait(wish(id, { interval: id === 'a' ? 4_000 : 10_000 }))),
  );
  expect(waits.size).toBe(3);
  await advance(4_000);
  expect(api.times).toEqual([4_000]);
  api.states.a = 'completed';
  await advance(4_000);
  expect(ends.map(({ at }) => at)).toEqual([8_000, undefined, undefined]);
  expect(waits.size).toBe(2);
  api.states.b = 'completed';
  api.states.c = 'completed';
  await advance(10_000);
  expect(ends.map(({ at }) => at)).toEqual([8_000, 18_000, 18_000]);
  expect(api.times).toEqual([4_000, 8_000, 18_000]);
  expect(waits.size).toBe(0);
});

test('two waits for the same video end together, with one request per look', async () => {
  const api = new Api({ a: 'completed' });
  const waits = waitsOf(api);
  const ends = [noted(waits.wait(wish('a'))), noted(waits.wait(wish('a')))];
  await advance(10_000);
  expect(ends.map(({ wake }) => wake?.reason)).toEqual(['finished', 'finished']);
  expect(api.times).toHaveLength(1);
});

test('no look is made when nobody waits any more', async () => {
  const api = new Api({ a: 'completed' });
  const waits = waitsOf(api);
  noted(waits.wait(wish('a')));
  await advance(60_000);
  expect(api.times).toEqual([10_000]);
  expect(jest.getTimerCount()).toBe(0);

  const again = noted(waits.wait(wish('a')));
  await advance(10_000);
  expect(again.at).toBe(70_000);
});

test('gives up at the deadline, after a last look, with the job as it was last seen', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(waitsOf(api).wait(wish('a', { deadline: 25_000 })));
  await advance(60_000);
  expect(end).toEqual({
    wake: { reason: 'gaveUp', video: { id: 'a', status: 'processing' } },
    at: 25_000,
  });
  expect(api.times).toEqual([10_000, 20_000, 25_000]);
});

test('a video that is finished at the very last look counts as finished', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(waitsOf(api).wait(wish('a', { deadline: 5_000 })));
  api.states.a = 'completed';
  await advance(5_000);
  expect(end.wake).toMatchObject({ reason: 'finished' });
});

test('a deadline in the past still means one look', async () => {
  const api = new Api({ a: 'completed' });
  const end = noted(waitsOf(api).wait(wish('a', { deadline: -1 })));
  await advance(0);
  expect(end).toMatchObject({ at: 0, wake: { reason: 'finished' } });
});

test('a video that three looks in a row did not find is gone', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(waitsOf(api).wait(wish('a')));
  await advance(10_000);
  api.states.a = undefined;
  await advance(20_000);
  api.states.a = 'rendering';
  await advance(10_000);
  api.states.a = undefined;
  await advance(29_999);
  expect(end).toEqual({});
  await advance(1);
  expect(end).toEqual({
    wake: { reason: 'gone', video: { id: 'a', status: 'rendering' } },
    at: 70_000,
  });
});

test('a video that was not asked for in a look is not missing in it', async () => {
  const api = new Api({ a: 'queued', b: 'queued' });
  const listing: Reader = {
    byId: async (id) => await api.byId(id),
    // A list of other people's videos that never ends.
    page: async (after = '0') => {
      await api.page();
      return { data: [{ id: `${Number(after) + 1}` }], has_more: true };
    },
  };
  const waits = waitsOf(listing);
  const ends = [noted(waits.wait(wish('a'))), noted(waits.wait(wish('b')))];
  await advance(100_000);
  expect(ends).toEqual([{}, {}]);
});

test('refused looks are waited out with pauses that double up to a minute', async () => {
  const api = new Api({ a: 'processing' });
  api.refusal = busy();
  const end = noted(waitsOf(api).wait(wish('a')));
  await advance(10_000 + 20_000 + 40_000 + 60_000 + 60_000);
  expect(api.times).toEqual([10_000, 30_000, 70_000, 130_000, 190_000]);
  expect(end).toEqual({});

  api.refusal = undefined;
  await advance(60_000);
  await advance(10_000);
  expect(api.times.slice(5)).toEqual([250_000, 260_000]);
});

test('an interval of over a minute is not shortened by refusals', async () => {
  const api = new Api({ a: 'processing' });
  api.refusal = busy();
  noted(waitsOf(api).wait(wish('a', { interval: 90_000 })));
  await advance(270_000);
  expect(api.times).toEqual([90_000, 180_000, 270_000]);
});

test('the deadline holds while looks are refused', async () => {
  const api = new Api({ a: 'processing' });
  api.refusal = busy();
  const end = noted(waitsOf(api).wait(wish('a', { deadline: 15_000 })));
  await advance(60_000);
  expect(end).toEqual({
    wake: { reason: 'gaveUp', video: { id: 'a', status: 'queued' } },
    at: 15_000,
  });
});

test('a refusal for good ends every wait', async () => {
  const api = new Api({ a: 'processing', b: 'processing' });
  api.refusal = badKey();
  const waits = waitsOf(api);
  const ends = [noted(waits.wait(wish('a'))), noted(waits.wait(wish('b')))];
  await advance(10_000);
  expect(ends).toEqual([
    { error: api.refusal, at: 10_000 },
    { error: api.refusal, at: 10_000 },
  ]);
  expect(waits.size).toBe(0);
  await advance(60_000);
  expect(api.times).toHaveLength(1);

  api.refusal = undefined;
  api.states.a = 'completed';
  const later = noted(waits.wait(wish('a')));
  await advance(10_000);
  expect(later.wake).toMatchObject({ reason: 'finished' });
});

test('cancelling ends the waits at once, and no look follows', async () => {
  const api = new Api({ a: 'processing' });
  const cancel = new AbortController();
  const end = noted(waitsOf(api, cancel.signal).wait(wish('a')));
  await advance(15_000);
  const reason = new Error('stopped');
  cancel.abort(reason);
  await advance(0);
  expect(end).toEqual({ error: reason, at: 15_000 });
  await advance(60_000);
  expect(api.times).toEqual([10_000]);
});

test('a look that fails because of the cancelling ends the waits', async () => {
  const cancel = new AbortController();
  const reader: Reader = {
    byId: async () => {
      cancel.abort(new Error('stopped'));
      throw new Error('aborted request');
    },
    page: async () => ({ data: [], has_more: false }),
  };
  const waits = waitsOf(reader, cancel.signal);
  const end = noted(waits.wait(wish('a')));
  await advance(60_000);
  expect(end).toMatchObject({ error: expect.any(Error), at: 10_000 });
});

test('released waits end without a result', async () => {
  const api = new Api({ a: 'processing', b: 'processing' });
  const waits = waitsOf(api);
  const ends = [noted(waits.wait(wish('a'))), noted(waits.wait(wish('b')))];
  await advance(12_000);
  waits.releaseAll();
  await advance(60_000);
  expect(ends).toEqual([
    { wake: { reason: 'released' }, at: 12_000 },
    { wake: { reason: 'released' }, at: 12_000 },
  ]);
  expect(api.times).toEqual([10_000]);
});

describe('Several executions', () => {
  /** Two of one account, each with a reader of its own. */
  function two(states: Record<string, string | undefined>) {
    const api = new Api(states);
    const other = Object.assign(new Api(states), { states: api.states });
    const watch = new Watch();
    const [stop, stopOther] = [new AbortController(), new AbortController()];
    return {
      api,
      other,
      stop,
      waits: waitsOf(api, stop.signal, watch),
      others: waitsOf(other, stopOther.signal, watch),
      watch,
      asked: () => [...api.times, ...other.times].sort((one, two) => one - two),
    };
  }

  test('share their looks, and take turns in asking', async () => {
    const { api, other, waits, others, asked } = two({ a: 'queued', b: 'queued' });
    noted(waits.wait(wish('a')));
    await advance(3_000);
    noted(others.wait(wish('b')));
    await advance(37_000);
    expect(asked()).toEqual([10_000, 20_000, 30_000, 40_000]);
    expect(api.times).toEqual([10_000, 30_000]);
    expect(other.times).toEqual([20_000, 40_000]);
  });

  test('one with less patience is not kept waiting by the others', async () => {
    const { waits, others, asked } = two({ a: 'queued', b: 'queued' });
    noted(waits.wait(wish('a', { interval: 50_000 })));
    await advance(5_000);
    const end = noted(others.wait(wish('b', { interval: 7_000, deadline: 12_000 })));
    await advance(10_000);
    expect(asked()).toEqual([7_000, 12_000]);
    expect(end).toMatchObject({ at: 12_000, wake: { reason: 'gaveUp' } });
    await advance(50_000);
    expect(asked()).toEqual([7_000, 12_000, 62_000]);
  });

  test('deadlines close to each other share a look', async () => {
    const { waits, others, asked } = two({ a: 'queued', b: 'queued' });
    const ends = [
      noted(waits.wait(wish('a', { deadline: 5_000 }))),
      noted(others.wait(wish('b', { deadline: 5_300 }))),
      noted(others.wait(wish('a', { deadline: 5_600 }))),
    ];
    await advance(10_000);
    expect(asked()).toEqual([5_000, 6_000]);
    expect(ends.map(({ at }) => at)).toEqual([5_000, 6_000, 6_000]);
  });

  test('one that is cancelled leaves the others undisturbed', async () => {
    const { waits, others, stop, asked } = two({ a: 'queued', b: 'queued' });
    const end = noted(waits.wait(wish('a')));
    const stays = noted(others.wait(wish('b')));
    await advance(12_000);
    stop.abort(new Error('stopped'));
    await advance(0);
    expect(end).toMatchObject({ at: 12_000, error: { message: 'stopped' } });
    await advance(18_000);
    expect(stays).toEqual({});
    expect(asked()).toEqual([10_000, 20_000, 30_000]);
  });

  test('also when it was asking just then: another one asks at once', async () => {
    const { api, waits, others, stop } = two({ a: 'queued', b: 'completed' });
    api.page = async () => await new Promise<never>(() => undefined);
    const end = noted(waits.wait(wish('a')));
    const stays = noted(others.wait(wish('b')));
    await advance(15_000);
    expect([end, stays]).toEqual([{}, {}]);
    stop.abort(new Error('stopped'));
    await advance(0);
    expect(end).toMatchObject({ at: 15_000, error: { message: 'stopped' } });
    expect(stays).toMatchObject({ at: 15_000, wake: { reason: 'finished' } });
  });

  test('what keeps only one of them from asking ends only its waits', async () => {
    const { api, waits, others } = two({ a: 'queued', b: 'completed' });
    api.refusal = new Error('its credential is gone');
    const end = noted(waits.wait(wish('a')));
    const stays = noted(others.wait(wish('b')));
    await advance(10_000);
    expect(end).toMatchObject({ at: 10_000, error: api.refusal });
    expect(stays).toMatchObject({ at: 10_000, wake: { reason: 'finished' } });
  });

  test('one that cannot get through does not keep the others from it', async () => {
    const { api, waits, others } = two({ a: 'queued', b: 'completed' });
    api.refusal = busy();
    const end = noted(waits.wait(wish('a')));
    const stays = noted(others.wait(wish('b')));
    await advance(10_000);
    expect([end, stays]).toEqual([{}, {}]);
    await advance(20_000);
    expect(stays).toMatchObject({ at: 30_000, wake: { reason: 'finished' } });
  });

  test('a refused key ends the waits of all', async () => {
    const { api, waits, others } = two({ a: 'queued', b: 'queued' });
    api.refusal = badKey();
    const ends = [noted(waits.wait(wish('a'))), noted(others.wait(wish('b')))];
    await advance(60_000);
    expect(ends).toEqual([
      { at: 10_000, error: api.refusal },
      { at: 10_000, error: api.refusal },
    ]);
  });

  test('one that is taken elsewhere is neither looked after nor ended meanwhile', async () => {
    const { waits, others, asked } = two({ a: 'completed', b: 'queued' });
    const end = noted(waits.wait(wish('a')));
    noted(others.wait(wish('b')));
    waits.isPaused = true;
    await advance(20_000);
    expect(end).toEqual({});
    waits.isPaused = false;
    await advance(10_000);
    expect(end).toMatchObject({ at: 30_000, wake: { reason: 'finished' } });
    expect(asked()).toEqual([10_000, 20_000, 30_000]);
  });

  test('nobody is known who waits for nothing any more', async () => {
    const { waits, others, stop, watch } = two({ a: 'completed', b: 'queued' });
    noted(waits.wait(wish('a')));
    noted(others.wait(wish('b', { interval: 3_600_000 })));
    await advance(10_000);
    expect(watch.isIdle).toBe(false);
    others.releaseAll();
    expect(watch.isIdle).toBe(true);
    noted(waits.wait(wish('b')));
    await advance(0);
    expect(watch.isIdle).toBe(false);
    stop.abort();
    expect(watch.isIdle).toBe(true);
  });
});

describe('A single look', () => {
  test('comes at once, and tells of its videos alone', async () => {
    const api = new Api({ a: 'processing', b: 'completed', c: undefined });
    const waits = waitsOf(api);
    await advance(500);
    expect(await waits.look(['b'], new Set())).toEqual(
      new Map([['b', { id: 'b', status: 'completed' }]]),
    );
    expect(await waitsOf(api).look(['c'], new Set())).toEqual(new Map([['c', undefined]]));
    expect(api.times).toEqual([500, 500]);
  });

  test('shares with all who come within a second, and with those who wait', async () => {
    const api = new Api({ a: 'processing', b: 'processing', c: 'completed' });
    const watch = new Watch();
    const wait = noted(waitsOf(api, undefined, watch).wait(wish('c')));
    const seen: unknown[] = [];
    for (const id of ['a', 'b', 'a', 'b']) {
      const waits = waitsOf(api, undefined, watch);
      void waits.look([id], new Set()).then((videos) => seen.push([id, videos, Date.now()]));
      await advance(100);
    }
    await advance(1_000);
    const processing = (id: string) => new Map([[id, { id, status: 'processing' }]]);
    expect(wait).toMatchObject({ at: 0, wake: { reason: 'finished' } });
    expect(api.times).toEqual([0, 1_000]);
    expect(seen).toEqual([
      ['a', processing('a'), 0],
      ['a', processing('a'), 200],
      ['b', processing('b'), 1_000],
      ['b', processing('b'), 1_000],
    ]);
  });

  test('remembers what the list hides, for the next one', async () => {
    const states: Record<string, string | undefined> = { a: 'processing', b: 'processing' };
    const api = new Api(states);
    api.page = async () => ({ data: [], has_more: false });
    const hidden = new Set<string>();
    const seen = await waitsOf(api).look(['a', 'b', 'c'], hidden);
    expect(hidden).toEqual(new Set(['a', 'b', 'c']));
    expect(seen).toMatchObject({ size: 2 });
  });

  test.each([
    [busy(), new Map()],
    [badKey(), badKey()],
  ])('that is refused says so only where it is for good (%#)', async (refusal, expected) => {
    const api = new Api({ a: 'processing' });
    api.refusal = refusal;
    expect(await waitsOf(api).look(['a'], new Set())).toEqual(expected);
  });

  test('is none once the execution is cancelled', async () => {
    const cancel = new AbortController();
    const api = new Api({ a: 'processing' });
    const watch = new Watch();
    await waitsOf(api, undefined, watch).look([], new Set());
    const look = waitsOf(api, cancel.signal, watch).look(['a'], new Set());
    const end = look.catch((error: unknown) => error);
    await advance(0);
    cancel.abort(new Error('stopped'));
    expect(await end).toMatchObject({ message: 'stopped' });
    await advance(10_000);
    expect(api.times).toEqual([]);
  });
});

test.each([Number.NaN, -5, 0, 1, Infinity])(
  'an interval of %p never means that the API is asked without a pause',
  async (interval) => {
    const api = new Api({ a: 'processing' });
    noted(waitsOf(api).wait(wish('a', { interval, deadline: 60_000 })));
    await advance(60_000);
    expect(api.times.length).toBeGreaterThanOrEqual(1);
    expect(api.times.length).toBeLessThanOrEqual(30);
  },
);

test('a deadline that is no number is over at once', async () => {
  const end = noted(waitsOf(new Api({ a: 'queued' })).wait(wish('a', { deadline: Number.NaN })));
  await advance(0);
  expect(end).toMatchObject({ wake: { reason: 'gaveUp' } });
});
