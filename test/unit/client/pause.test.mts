import { atLeast, pause } from '../../../nodes/ITeraBiz/client/pause.ts';

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

test('ends at once when the execution is cancelled, with the reason', async () => {
  const cancel = new AbortController();
  const state = watched(pause(500, cancel.signal));
  await jest.advanceTimersByTimeAsync(100);
  const reason = new Error('stopped');
  cancel.abort(reason);
  await jest.advanceTimersByTimeAsync(0);
  expect(state.end).toBe(reason);
});

test('does not begin in a cancelled execution', async () => {
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
  expect(add).toHaveBeenCalledTimes(1);
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
