import { type Wake, Watch, type Wish } from '../../../nodes/ITeraBiz/account/watch.ts';
import type { Reader } from '../../../nodes/ITeraBiz/account/videos.ts';

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

const never = () => false;

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
  const end = noted(new Watch(api, never).wait(wish('a')));
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
  const end = noted(new Watch(new Api({ a: 'failed' }), never).wait(wish('a')));
  await advance(10_000);
  expect(end.wake).toEqual({ reason: 'finished', video: { id: 'a', status: 'failed' } });
});

test('many waits share their looks, at the shortest interval', async () => {
  const api = new Api({ a: 'queued', b: 'queued', c: 'queued' });
  const watch = new Watch(api, never);
  const ends = ['a', 'b', 'c'].map((id) =>
    noted(watch.wait(wish(id, { interval: id === 'a' ? 4_000 : 10_000 }))),
  );
  expect(watch.size).toBe(3);
  await advance(4_000);
  expect(api.times).toEqual([4_000]);
  api.states.a = 'completed';
  await advance(4_000);
  expect(ends.map(({ at }) => at)).toEqual([8_000, undefined, undefined]);
  expect(watch.size).toBe(2);
  api.states.b = 'completed';
  api.states.c = 'completed';
  await advance(10_000);
  expect(ends.map(({ at }) => at)).toEqual([8_000, 18_000, 18_000]);
  expect(api.times).toEqual([4_000, 8_000, 18_000]);
  expect(watch.size).toBe(0);
});

test('two waits for the same video end together, with one request per look', async () => {
  const api = new Api({ a: 'completed' });
  const watch = new Watch(api, never);
  const ends = [noted(watch.wait(wish('a'))), noted(watch.wait(wish('a')))];
  await advance(10_000);
  expect(ends.map(({ wake }) => wake?.reason)).toEqual(['finished', 'finished']);
  expect(api.times).toHaveLength(1);
});

test('no look is made when nobody waits any more', async () => {
  const api = new Api({ a: 'completed' });
  const watch = new Watch(api, never);
  noted(watch.wait(wish('a')));
  await advance(60_000);
  expect(api.times).toEqual([10_000]);
  expect(jest.getTimerCount()).toBe(0);

  const again = noted(watch.wait(wish('a')));
  await advance(10_000);
  expect(again.at).toBe(70_000);
});

test('gives up at the deadline, after a last look, with the job as it was last seen', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(new Watch(api, never).wait(wish('a', { deadline: 25_000 })));
  await advance(60_000);
  expect(end).toEqual({
    wake: { reason: 'gaveUp', video: { id: 'a', status: 'processing' } },
    at: 25_000,
  });
  expect(api.times).toEqual([10_000, 20_000, 25_000]);
});

test('a video that is finished at the very last look counts as finished', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(new Watch(api, never).wait(wish('a', { deadline: 5_000 })));
  api.states.a = 'completed';
  await advance(5_000);
  expect(end.wake).toMatchObject({ reason: 'finished' });
});

test('a deadline in the past still means one look', async () => {
  const api = new Api({ a: 'completed' });
  const end = noted(new Watch(api, never).wait(wish('a', { deadline: -1 })));
  await advance(0);
  expect(end).toMatchObject({ at: 0, wake: { reason: 'finished' } });
});

test('a video that three looks in a row did not find is gone', async () => {
  const api = new Api({ a: 'processing' });
  const end = noted(new Watch(api, never).wait(wish('a')));
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
  const watch = new Watch(listing, never);
  const ends = [noted(watch.wait(wish('a'))), noted(watch.wait(wish('b')))];
  await advance(100_000);
  expect(ends).toEqual([{}, {}]);
});

test('refused looks are waited out with pauses that double up to a minute', async () => {
  const api = new Api({ a: 'processing' });
  api.refusal = new Error('busy');
  const end = noted(new Watch(api, never).wait(wish('a')));
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
  api.refusal = new Error('busy');
  noted(new Watch(api, never).wait(wish('a', { interval: 90_000 })));
  await advance(270_000);
  expect(api.times).toEqual([90_000, 180_000, 270_000]);
});

test('the deadline holds while looks are refused', async () => {
  const api = new Api({ a: 'processing' });
  api.refusal = new Error('busy');
  const end = noted(new Watch(api, never).wait(wish('a', { deadline: 15_000 })));
  await advance(60_000);
  expect(end).toEqual({
    wake: { reason: 'gaveUp', video: { id: 'a', status: 'queued' } },
    at: 15_000,
  });
});

test('a refusal for good ends every wait', async () => {
  const api = new Api({ a: 'processing', b: 'processing' });
  api.refusal = new Error('wrong key');
  const watch = new Watch(api, (error) => error === api.refusal);
  const ends = [noted(watch.wait(wish('a'))), noted(watch.wait(wish('b')))];
  await advance(10_000);
  expect(ends).toEqual([
    { error: api.refusal, at: 10_000 },
    { error: api.refusal, at: 10_000 },
  ]);
  expect(watch.size).toBe(0);
  await advance(60_000);
  expect(api.times).toHaveLength(1);

  api.refusal = undefined;
  api.states.a = 'completed';
  const later = noted(watch.wait(wish('a')));
  await advance(10_000);
  expect(later.wake).toMatchObject({ reason: 'finished' });
});

test('cancelling ends the waits at once, and no look follows', async () => {
  const api = new Api({ a: 'processing' });
  const cancel = new AbortController();
  const end = noted(new Watch(api, never, cancel.signal).wait(wish('a')));
  await advance(15_000);
  const reason = new Error('stopped');
  cancel.abort(reason);
  await advance(0);
  expect(end).toEqual({ error: reason, at: 15_000 });
  await advance(60_000);
  expect(api.times).toEqual([10_000]);
});

test('a look that fails because of the cancelling ends the waits, and nothing is handed over', async () => {
  const cancel = new AbortController();
  const reader: Reader = {
    byId: async () => {
      cancel.abort(new Error('stopped'));
      throw new Error('aborted request');
    },
    page: async () => ({ data: [], has_more: false }),
  };
  const watch = new Watch(reader, never, cancel.signal);
  const end = noted(watch.wait(wish('a')));
  const task = jest.fn(async () => undefined);
  watch.handOverAt(10_000, task);
  await advance(60_000);
  expect(end).toMatchObject({ error: expect.any(Error), at: 10_000 });
  expect(task).not.toHaveBeenCalled();
});

test('released waits end without a result', async () => {
  const api = new Api({ a: 'processing', b: 'processing' });
  const watch = new Watch(api, never);
  const ends = [noted(watch.wait(wish('a'))), noted(watch.wait(wish('b')))];
  await advance(12_000);
  watch.releaseAll();
  await advance(60_000);
  expect(ends).toEqual([
    { wake: { reason: 'released' }, at: 12_000 },
    { wake: { reason: 'released' }, at: 12_000 },
  ]);
  expect(api.times).toEqual([10_000]);
});

describe('The hand-over', () => {
  test('comes at its moment, after a look, and releases the waits', async () => {
    const api = new Api({ a: 'processing' });
    const watch = new Watch(api, never);
    const end = noted(watch.wait(wish('a', { interval: 40_000 })));
    const task = jest.fn(async () => undefined);
    watch.handOverAt(60_000, task);
    await advance(59_999);
    expect(task).not.toHaveBeenCalled();
    await advance(1);
    expect(task).toHaveBeenCalledTimes(1);
    expect(end).toEqual({ wake: { reason: 'released' }, at: 60_000 });
    expect(api.times).toEqual([40_000, 60_000]);
  });

  test('does not come when all videos are finished by then', async () => {
    const watch = new Watch(new Api({ a: 'completed' }), never);
    const end = noted(watch.wait(wish('a', { interval: 60_000 })));
    const task = jest.fn(async () => undefined);
    watch.handOverAt(60_000, task);
    await advance(200_000);
    expect(end).toMatchObject({ wake: { reason: 'finished' }, at: 60_000 });
    expect(task).not.toHaveBeenCalled();
  });

  test('that fails leaves the waits here, and is not tried again', async () => {
    const api = new Api({ a: 'processing' });
    const watch = new Watch(api, never);
    const end = noted(watch.wait(wish('a')));
    const task = jest.fn(async () => await Promise.reject(new Error('not here')));
    watch.handOverAt(10_000, task);
    await advance(50_000);
    api.states.a = 'completed';
    await advance(10_000);
    expect(end).toMatchObject({ wake: { reason: 'finished' }, at: 60_000 });
    expect(task).toHaveBeenCalledTimes(1);
  });
});
