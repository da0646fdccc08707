import { Lane, Slots } from '../../../nodes/ITeraBiz/client/slots.ts';

/** Tasks that end when told to, and a record of which have begun. */
function tasks(slots: Slots, count: number) {
  const begun: number[] = [];
  const end: (() => void)[] = [];
  const done = Array.from({ length: count }, (_, index) =>
    slots.run(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => (end[index] = resolve));
      return index;
    }),
  );
  return { begun, end, done };
}

const settle = async () => await new Promise((resolve) => setImmediate(resolve));

test.each([
  [1, 1],
  [3, 3],
  [2.9, 2],
  [0, 1],
  [-4, 1],
  [NaN, 1],
])('a size of %p lets %i run at once', async (size, atOnce) => {
  const { begun } = tasks(new Slots(size), 6);
  await settle();
  expect(begun).toHaveLength(atOnce);
});

test('the others follow in the order in which they came, as slots get free', async () => {
  const { begun, end, done } = tasks(new Slots(2), 5);
  await settle();
  expect(begun).toEqual([0, 1]);
  end[1]();
  await settle();
  expect(begun).toEqual([0, 1, 2]);
  end[0]();
  await settle();
  expect(begun).toEqual([0, 1, 2, 3]);
  end[2]();
  await settle();
  end[3]();
  end[4]();
  expect(await Promise.all(done)).toEqual([0, 1, 2, 3, 4]);
});

test('a slot that was used is free again', async () => {
  const slots = new Slots(1);
  for (const turn of [1, 2, 3]) expect(await slots.run(async () => turn)).toBe(turn);
  const { begun } = tasks(slots, 3);
  await settle();
  expect(begun).toEqual([0]);
});

test('a task that fails frees its slot and keeps its error', async () => {
  const slots = new Slots(1);
  const failing = slots.run(async () => {
    throw new Error('broken');
  });
  const next = slots.run(async () => 'next');
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('next');
});

describe('Executions that share a lane', () => {
  test('have no more under way together than each of them allows itself', async () => {
    const lane = new Lane();
    const some = tasks(new Slots(3, undefined, () => lane), 3);
    const others = tasks(new Slots(4, undefined, () => lane), 3);
    await settle();
    expect([some.begun, others.begun]).toEqual([[0, 1, 2], [0]]);
    some.end[1]();
    await settle();
    expect(others.begun).toEqual([0, 1]);
  });

  test('are served in order: one that allows itself little is not overtaken', async () => {
    const lane = new Lane();
    const wide = tasks(new Slots(5, undefined, () => lane), 2);
    const narrow = tasks(new Slots(1, undefined, () => lane), 2);
    const later = tasks(new Slots(5, undefined, () => lane), 2);
    await settle();
    expect([wide.begun, narrow.begun, later.begun]).toEqual([[0, 1], [], []]);
    wide.end[0]();
    await settle();
    expect([narrow.begun, later.begun]).toEqual([[], []]);
    wide.end[1]();
    await settle();
    expect([narrow.begun, later.begun]).toEqual([[0], []]);
    narrow.end[0]();
    await settle();
    expect([narrow.begun, later.begun]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test('go on when one of them is cancelled: it leaves the queue at once', async () => {
    const lane = new Lane();
    const cancel = new AbortController();
    const first = tasks(new Slots(1, undefined, () => lane), 1);
    const stopped = tasks(new Slots(1, cancel.signal, () => lane), 3);
    const other = tasks(new Slots(2, undefined, () => lane), 1);
    const ends = Promise.allSettled(stopped.done);
    await settle();
    expect(other.begun).toEqual([]);
    cancel.abort(new Error('stopped'));
    await settle();
    expect((await ends).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(stopped.begun).toEqual([]);
    expect(other.begun).toEqual([0]);
    first.end[0]();
    other.end[0]();
    await settle();
    expect(lane.isIdle).toBe(true);
  });

  test('are all held back by what one of them is asked for', async () => {
    jest.useFakeTimers({ now: 0 });
    const lane = new Lane();
    await new Slots(1, undefined, () => lane).holdBack(2_000);
    expect(lane.isIdle).toBe(false);
    let opened = -1;
    void new Slots(9, undefined, () => lane).untilOpen().then(() => (opened = Date.now()));
    await jest.advanceTimersByTimeAsync(3_000);
    expect(opened).toBe(2_000);
    expect(lane.isIdle).toBe(true);
    jest.useRealTimers();
  });

  test('a lane that cannot be had is the error of each task', async () => {
    const slots = new Slots(2, undefined, async () => await Promise.reject(new Error('no key')));
    await expect(slots.run(async () => 1)).rejects.toThrow('no key');
  });
});

test('no task begins once the execution is cancelled', async () => {
  const cancel = new AbortController();
  const slots = new Slots(1, cancel.signal);
  const { begun, end, done } = tasks(slots, 3);
  const rest = Promise.allSettled(done.slice(1));
  await settle();
  cancel.abort(new Error('stopped'));
  end[0]();
  expect(await done[0]).toBe(0);
  expect((await rest).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(begun).toEqual([0]);
  await expect(slots.run(async () => 'late')).rejects.toThrow('stopped');
});

describe('Holding back', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  test('lasts until the latest moment that was asked for', async () => {
    const slots = new Slots(5);
    await slots.holdBack(1_000);
    await slots.holdBack(300);
    let opened = -1;
    void slots.untilOpen().then(() => (opened = Date.now()));
    await jest.advanceTimersByTimeAsync(500);
    await slots.holdBack(1_500);
    await jest.advanceTimersByTimeAsync(1_499);
    expect(opened).toBe(-1);
    await jest.advanceTimersByTimeAsync(1);
    expect(opened).toBe(2_000);
  });

  test('is off at first and after a pause of nothing', async () => {
    const slots = new Slots(1);
    await slots.untilOpen();
    await slots.holdBack(0);
    await slots.untilOpen();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends when the execution is cancelled', async () => {
    const cancel = new AbortController();
    const slots = new Slots(1, cancel.signal);
    await slots.holdBack(60_000);
    const opened = slots.untilOpen();
    cancel.abort(new Error('stopped'));
    await expect(opened).rejects.toThrow('stopped');
  });
});
