import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { handOver } from '../../../nodes/ITeraBiz/waiting/handOver.ts';
import { waitsOf } from '../../../nodes/ITeraBiz/waiting/waits.ts';
import { answered, fakeContext } from '../fakeContext.mts';

/** Every test begins an hour after the one before: what the process remembers of that one is past. */
let now = 0;
beforeEach(() => void jest.useFakeTimers({ now: (now += 3_600_000) }));
afterEach(() => void jest.useRealTimers());

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

interface Given {
  ids?: string[];
  statuses?: Record<string, string>;
  interval?: number;
  account?: Account;
  signal?: AbortSignal;
  onError?: 'stopWorkflow' | 'continueRegularOutput';
  /** How long n8n takes for a hand-over, in milliseconds; it refuses one that takes no time */
  takes?: number;
}

/** A run of the node whose items wait for these videos, on an n8n that takes over waits. */
function waiting({
  ids = ['a'],
  statuses = { a: 'processing' },
  interval = 10_000,
  account = new Account(),
  signal,
  onError = 'stopWorkflow',
  takes = 100,
}: Given = {}) {
  const handedOver: { at: number; items: IDataObject[] }[] = [];
  const warnings: unknown[][] = [];
  const { context, asked } = fakeContext({
    signal,
    node: { onError },
    answer: ({ url }) => {
      const video = (id: string) => ({ id, status: statuses[id] });
      const id = url.split('/')[2];
      return answered(id ? video(id) : { data: ids.map(video), has_more: false });
    },
  });
  const data = { main: [ids.map((id) => ({ json: { id } }))] };
  Object.assign(context, {
    getExecutionId: () => '7',
    getWorkflow: () => ({ id: 'w1' }),
    getMode: () => 'trigger',
    getExecuteData: () => ({ node: context.getNode(), data }),
    logger: { warn: (...said: unknown[]) => void warnings.push(said) },
    executeWorkflow: async (_: unknown, items: INodeExecutionData[]) => {
      if (takes === 0) return {};
      handedOver.push({ at: Date.now(), items: items.map(({ json }) => json) });
      await new Promise((resolve) => setTimeout(resolve, takes));
      return { waitTill: new Date() };
    },
  });
  const run = new NodeRun(ids.length, 0, async () => account, 5, signal);
  const item = { context, index: 0, run, prepared: { url: '' } };
  const ends: Record<string, string> = {};
  ids.forEach((id, index) => {
    const wish = { id, interval, deadline: Date.now() + 3_600_000, last: { id } };
    run.join(index, { url: '' });
    run.asked(index);
    run.waiting.set(index, wish);
    waitsOf(item)
      .wait(wish)
      .then(
        (wake) => {
          ends[id] = wake.reason;
          if (wake.reason !== 'finished') return;
          // As an item does, a moment after it was woken.
          if (wake.video.status === 'completed') run.results.set(index, wake.video);
          else run.failures.set(index, { message: 'It failed', description: '' });
        },
        (error: Error) => void (ends[id] = error.message),
      );
  });
  void handOver(item);
  return { handedOver, warnings, ends, asked, run };
}

test('comes after a minute and a last look, and releases the waits', async () => {
  const { handedOver, ends, asked } = waiting({ interval: 40_000 });
  await advance(59_999);
  expect(handedOver).toEqual([]);
  await advance(1_000);
  expect(handedOver).toHaveLength(1);
  expect(ends).toEqual({ a: 'released' });
  expect(asked).toHaveLength(2);
  await advance(600_000);
  expect(asked).toHaveLength(2);
});

test('does not come when all videos are finished by then', async () => {
  const { handedOver, ends, asked } = waiting({ statuses: { a: 'completed' } });
  await advance(200_000);
  expect(ends).toEqual({ a: 'finished' });
  expect(handedOver).toEqual([]);
  expect(asked).toHaveLength(1);
});

test('asks nothing more when the waits end with the node', async () => {
  const { run, asked } = waiting();
  await advance(25_000);
  const before = asked.length;
  run.waits?.releaseAll();
  await advance(120_000);
  expect(asked).toHaveLength(before);
});

test('that n8n refuses leaves the wait in memory, says why, and is not tried again', async () => {
  const statuses = { a: 'processing' };
  const { ends, warnings } = waiting({ statuses, takes: 0 });
  await advance(100_000);
  expect(ends).toEqual({});
  statuses.a = 'completed';
  await advance(10_000);
  expect(ends).toEqual({ a: 'finished' });
  expect(warnings).toEqual([
    [
      expect.stringContaining('n8n did not put the execution aside'),
      { node: 'iTeraBiz', executionId: '7' },
    ],
  ]);
});

test('what ends while n8n takes over is not given out twice', async () => {
  const statuses = { a: 'processing' };
  const { ends, handedOver } = waiting({ statuses, takes: 30_000, interval: 5_000 });
  await advance(62_000);
  expect(handedOver).toHaveLength(1);
  // Somebody else's looks go on meanwhile.
  statuses.a = 'completed';
  await advance(20_000);
  expect(ends).toEqual({});
  await advance(20_000);
  expect(ends).toEqual({ a: 'released' });
});

test.each([
  ['stopWorkflow', 'failed', 0],
  ['continueRegularOutput', 'failed', 1],
  ['stopWorkflow', 'completed', 1],
] as const)(
  'on %s, with one that %s in the last look: %i hand-overs, with what became of it',
  async (onError, status, count) => {
    const { handedOver, run } = waiting({
      ids: ['a', 'b'],
      statuses: { a: 'processing', b: status },
      interval: 60_000,
      onError,
    });
    await advance(62_000);
    expect(handedOver).toHaveLength(count);
    if (status === 'completed') expect(handedOver[0].items[1]).toEqual({ id: 'b', status });
    if (count > 0 && status === 'failed') {
      expect(handedOver[0].items[1]).toMatchObject({ error: 'It failed' });
    }
    run.waits?.releaseAll();
  },
);

test('one execution waits in memory: the others are handed over at once, two at a time', async () => {
  const [first, ...others] = Array.from({ length: 8 }, () => waiting({ takes: 500 }));
  await advance(10_000);
  expect(first.handedOver).toEqual([]);
  const at = others.flatMap(({ handedOver }) => handedOver.map((one) => one.at));
  expect(at).toHaveLength(7);
  expect(at[1] - at[0]).toBeLessThan(100);
  at.forEach((moment, turn) => {
    if (turn > 1) expect(moment - at[turn - 2]).toBeGreaterThanOrEqual(500);
  });
  await advance(55_000);
  expect([first, ...others].map(({ ends }) => ends.a)).toEqual(Array(8).fill('released'));
});

test('in a crowd that comes one by one, only the first execution waits in memory', async () => {
  const first = waiting();
  await advance(61_000);
  expect(first.ends).toEqual({ a: 'released' });
  for (let next = 0; next < 20; next++) {
    const one = waiting();
    await advance(9_000);
    expect(one.ends).toEqual({ a: 'released' });
  }

  // Then the crowd is over.
  await advance(2_000);
  const later = waiting();
  await advance(30_000);
  expect(later.handedOver).toEqual([]);
  await advance(40_000);
  expect(later.ends).toEqual({ a: 'released' });
});

test('after one that ended in memory, the next waits there as well', async () => {
  for (let next = 0; next < 3; next++) {
    const statuses = { a: 'processing' };
    const one = waiting({ statuses });
    await advance(15_000);
    expect(one.handedOver).toEqual([]);
    statuses.a = 'completed';
    await advance(10_000);
    expect(one.ends).toEqual({ a: 'finished' });
  }
});

test('a clock that was set back makes no crowd', async () => {
  waiting();
  await advance(61_000);
  jest.setSystemTime(0);
  const later = waiting();
  await advance(5_000);
  expect(later.handedOver).toEqual([]);
  await advance(60_000);
});

test.each([
  [0, true],
  [9_999, true],
  [10_000, false],
])('%i ms after another one, it comes at once: %s', async (later, isAtOnce) => {
  const first = waiting({ takes: 1_000 });
  await advance(61_000);
  const [{ at }] = first.handedOver;
  await advance(at + 1_000 + later - Date.now());
  const next = waiting();
  await advance(200);
  expect(next.handedOver).toHaveLength(isAtOnce ? 1 : 0);
  await advance(62_000);
});

test('one that is cancelled before its turn leaves no more room than there was', async () => {
  const cancel = new AbortController();
  const inMemory = waiting();
  const queued = [
    waiting({ takes: 5_000 }),
    waiting({ takes: 5_000 }),
    waiting({ signal: cancel.signal }),
    waiting({ takes: 5_000 }),
  ];
  await advance(50);
  cancel.abort(new Error('stopped'));
  await advance(1_000);
  expect(queued.map(({ handedOver }) => handedOver.length)).toEqual([1, 1, 0, 0]);
  await advance(70_000);
  expect(inMemory.ends).toEqual({ a: 'released' });
});

test('one that is cancelled is not handed over, and makes room', async () => {
  const cancel = new AbortController();
  const stopped = waiting({ signal: cancel.signal });
  const queued = [
    waiting({ takes: 5_000 }),
    waiting({ takes: 5_000 }),
    waiting({ signal: cancel.signal }),
  ];
  await advance(50);
  cancel.abort(new Error('stopped'));
  await advance(1_000);
  expect(stopped.ends).toEqual({ a: 'stopped' });
  expect(queued.map(({ handedOver }) => handedOver.length)).toEqual([1, 1, 0]);
  const next = waiting();
  await advance(30_000);
  expect(next.handedOver).toEqual([]);
  await advance(40_000);
  expect(next.ends).toEqual({ a: 'released' });
  expect(stopped.handedOver).toEqual([]);
});
