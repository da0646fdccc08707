import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';

function runOf(size: number, batchInterval = 0): NodeRun {
  return new NodeRun(size, batchInterval, async () => new Account());
}

const prepared = { url: '/videos' };

/** Notes whether a promise has come to its end. */
function noting(promise: Promise<void>) {
  const state = { done: false };
  void promise.then(() => (state.done = true));
  return state;
}

/** Lets everything go on that can. */
const turn = async () => await new Promise((resolve) => setImmediate(resolve));

test('knows which items came in, with what, and which may still come', () => {
  const run = runOf(3);
  expect([run.has(0), run.missing]).toEqual([false, [0, 1, 2]]);
  run.join(0, prepared);
  run.join(2, { url: '/two' });
  expect([0, 1, 2].map((item) => run.has(item))).toEqual([true, false, true]);
  expect(run.missing).toEqual([1]);
  expect([...run.prepared]).toEqual([
    [0, prepared],
    [2, { url: '/two' }],
  ]);
  run.asked(0);
  expect(run.has(0)).toBe(true);
  run.miss(1);
  expect([run.missing, [...run.absent]]).toEqual([[], [1]]);
});

describe('Is complete', () => {
  test('when all have come in, however long that takes, and not before', async () => {
    const run = runOf(2);
    run.join(0, prepared);
    const end = noting(run.complete());
    run.asked(0);
    await turn();
    expect(end.done).toBe(false);
    run.join(1, prepared);
    await turn();
    expect(end.done).toBe(true);
    await run.complete();
  });

  test('without those of which it is known that they never come', async () => {
    const run = runOf(3);
    run.join(0, prepared);
    const end = noting(run.complete());
    run.miss(1);
    run.miss(2);
    await turn();
    expect(end.done).toBe(true);
  });

  test('whoever comes all the same is one of them, and counts once', async () => {
    const run = runOf(2);
    run.miss(0);
    run.join(0, prepared);
    expect([...run.absent]).toEqual([0]);
    const end = noting(run.complete());
    await turn();
    expect(end.done).toBe(false);
    run.join(1, prepared);
    run.miss(1);
    await turn();
    expect(end.done).toBe(true);
  });
});

describe('Items gather', () => {
  test('when it is known of each what became of its request, the ones to come included', async () => {
    const run = runOf(2);
    run.join(0, prepared);
    const ends = [noting(run.gathered()), noting(run.gathered())];
    run.asked(0);
    await turn();
    expect(ends).toEqual([{ done: false }, { done: false }]);
    run.join(1, prepared);
    await turn();
    expect(ends).toEqual([{ done: false }, { done: false }]);
    run.asked(1);
    await turn();
    expect(ends).toEqual([{ done: true }, { done: true }]);
  });

  test('telling twice what became of a request changes nothing', async () => {
    const run = runOf(2);
    run.join(0, prepared);
    run.join(1, prepared);
    const end = noting(run.gathered());
    run.asked(0);
    run.asked(0);
    await turn();
    expect(end.done).toBe(false);
  });

  test('without one that never comes in', async () => {
    const run = runOf(2);
    run.join(0, prepared);
    run.asked(0);
    const end = noting(run.gathered());
    run.miss(1);
    await turn();
    expect(end.done).toBe(true);
  });
});

test('an item that came in and is then missed is counted once', async () => {
  const run = new NodeRun(2, 0, async () => new Account(), 5);
  const complete = jest.fn();
  void run.complete().then(complete);
  run.join(0, { url: '' });
  run.miss(0);
  await new Promise(setImmediate);
  expect(complete).not.toHaveBeenCalled();
  run.join(1, { url: '' });
  await new Promise(setImmediate);
  expect(complete).toHaveBeenCalled();
});
