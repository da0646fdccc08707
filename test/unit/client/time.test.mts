import {
  atLeast,
  now,
  pause,
  signalUntil,
  unlessAborted,
  yielder,
} from '../../../nodes/ITeraBiz/client/time.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Whether a promise has come to its end, and how. */
function watched(promise: Promise<unknown>) {
  const state = { end: 'pending' as unknown };
  promise.then(
    () => (state.end = 'resolved'),
    (error: unknown) => (state.end = error),
  );
  return state;
}

test.each([undefined, new AbortController().signal])('lasts as long as it says', async (signal) => {
  const state = watched(pause(500, signal));
  await jest.advanceTimersByTimeAsync(499);
  expect(state.end).toBe('pending');
  await jest.advanceTimersByTimeAsync(1);
  expect(state.end).toBe('resolved');
});

test('ends at once when the execution is canceled, with the reason', async () => {
  const cancel = new AbortController();
  const state = watched(pause(500, cancel.signal));
  await jest.advanceTimersByTimeAsync(100);
  const reason = new Error('stopped');
  cancel.abort(reason);
  await jest.advanceTimersByTimeAsync(0);
  expect(state.end).toBe(reason);
});

test('does not begin in a canceled execution', async () => {
  const reason = new Error('stopped');
  await expect(pause(500, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('leaves no listener behind', async () => {
  const { signal } = new AbortController();
  const add = jest.spyOn(signal, 'addEventListener');
  const remove = jest.spyOn(signal, 'removeEventListener');
  const paused = pause(10, signal);
  await jest.advanceTimersByTimeAsync(10);
  await paused;
  expect(remove.mock.calls).toEqual(add.mock.calls.map(([name, listener]) => [name, listener]));
  expect(add).toHaveBeenCalled();
});

test.each([Number.NaN, -5])('a pause of %p is over at once', async (milliseconds) => {
  const state = watched(pause(milliseconds));
  await jest.advanceTimersByTimeAsync(0);
  expect(state.end).toBe('resolved');
});

test.each([Infinity, 1e12])('a pause of %p is a long one', async (milliseconds) => {
  const state = watched(pause(milliseconds));
  await jest.advanceTimersByTimeAsync(2_000_000_000);
  expect(state.end).toBe('pending');
});

test('a task is not waited for any longer than the signal allows', async () => {
  const cancel = new AbortController();
  const state = watched(unlessAborted(new Promise(() => undefined), cancel.signal));
  cancel.abort('stopped');
  await jest.advanceTimersByTimeAsync(0);
  expect(state.end).toBe('stopped');
  const tooLate = watched(unlessAborted(new Promise(() => undefined), cancel.signal));
  await jest.advanceTimersByTimeAsync(0);
  expect(tooLate.end).toBe('stopped');
  expect(await unlessAborted(Promise.resolve(1), new AbortController().signal)).toBe(1);
  expect(await unlessAborted(Promise.resolve(2))).toBe(2);
});

describe('A signal until a moment', () => {
  test('is the given one where there is no such moment', () => {
    const { signal } = new AbortController();
    expect(signalUntil(Infinity, signal)).toBe(signal);
    expect(signalUntil(Infinity)).toBeUndefined();
  });

  test('aborts then, or with the given one', async () => {
    jest.useRealTimers();
    const cancel = new AbortController();
    const [early, late] = [signalUntil(now() + 5)!, signalUntil(now() + 60_000, cancel.signal)!];
    await new Promise((resolve) => early.addEventListener('abort', resolve));
    expect(late.aborted).toBe(false);
    cancel.abort('stopped');
    expect([late.aborted, late.reason]).toEqual([true, 'stopped']);
  });

  test('in the past, or one that is none, has aborted already; one in a year is a long one', () => {
    jest.useRealTimers();
    for (const moment of [now() - 1_000, Number.NaN]) {
      const signal = signalUntil(moment)!;
      expect(signal.aborted).toBe(true);
    }
    expect(signalUntil(now() + 3.2e10)!.aborted).toBe(false);
  });
});

test('a clock that is set moves no moment', () => {
  const before = now();
  jest.setSystemTime(0);
  expect(now()).toBe(before);
});

test.each<[number, unknown, number]>([
  [2, 5, 5],
  [2, '5', 5],
  [2, 1, 2],
  [2, -1, 2],
  [2, Number.NaN, 2],
  [2, '10s', 2],
  [2, undefined, 2],
  [2, [], 2],
  [2, null, 2],
])('at least %p of %p is %p', (floor, value, expected) => {
  expect(atLeast(floor, value)).toBe(expected);
});

test('a short computation is not held up', async () => {
  const breathe = yielder();
  for (let item = 0; item < 1_000; item++) await breathe();
  expect(jest.getTimerCount()).toBe(0);
});

test('a computation that is due yields once, and again only after as long', async () => {
  const breathe = yielder();
  jest.advanceTimersByTime(25);
  const due = breathe();
  expect(jest.getTimerCount()).toBe(1);
  await jest.advanceTimersByTimeAsync(1);
  await due;
  jest.advanceTimersByTime(20);
  await breathe();
  expect(jest.getTimerCount()).toBe(0);
});
