/** Tasks that share a key run one after the other. */
import { Turns } from '../../../nodes/ITeraBiz/account/turns.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';

const NEVER = { giveUpAt: Infinity };

/** A task that ends when it is told to, and whether it has begun. */
function controlled(turns: Turns, keys: string[], limits: Parameters<Turns['run']>[1] = NEVER) {
  const task = { hasBegun: false, finish: () => undefined as void };
  const result = turns.run({ keys }, limits, async () => {
    task.hasBegun = true;
    await new Promise<void>((resolve) => (task.finish = resolve));
    return keys.join();
  });
  result.catch(() => undefined);
  return Object.assign(task, { result });
}

/** All promises that are due have been handled. */
const settled = async () => await new Promise((resolve) => setImmediate(resolve));

test('a task waits for all that have one of its keys, and for no other', async () => {
  const turns = new Turns();
  const first = controlled(turns, ['a', 'b']);
  const second = controlled(turns, ['c']);
  const waits = controlled(turns, ['b', 'c']);
  const other = controlled(turns, ['d']);
  const none = controlled(turns, []);
  await settled();
  expect([first, second, waits, other, none].map(({ hasBegun }) => hasBegun)).toEqual([
    ...[true, true, false, true, true],
  ]);
  first.finish();
  expect(await first.result).toBe('a,b');
  await settled();
  expect(waits.hasBegun).toBe(false);
  second.finish();
  await settled();
  expect(waits.hasBegun).toBe(true);
});

test('a task may have keys that others wait for, and wait for none itself', async () => {
  const turns = new Turns();
  const first = controlled(turns, ['a']);
  const free = turns.run({ keys: ['a', 'b'], waitsFor: [] }, NEVER, async () => {
    await first.result;
    return 'free';
  });
  const waits = controlled(turns, ['b']);
  await settled();
  expect([first.hasBegun, waits.hasBegun]).toEqual([true, false]);
  first.finish();
  expect(await free).toBe('free');
  await settled();
  expect(waits.hasBegun).toBe(true);
});

test('one that waits is not held up by later ones that wait for none', async () => {
  const turns = new Turns();
  const free = () => {
    const task = { finish: () => undefined as void };
    const isOver = new Promise<void>((resolve) => (task.finish = resolve));
    void turns.run({ keys: ['a'], waitsFor: [] }, NEVER, async () => await isOver);
    return task;
  };
  const early = free();
  const waits = controlled(turns, ['a']);
  free();
  early.finish();
  await settled();
  expect(waits.hasBegun).toBe(true);
});

test('of two that wait for the same key, one begins', async () => {
  const turns = new Turns();
  const first = controlled(turns, ['a']);
  const waiting = [controlled(turns, ['a']), controlled(turns, ['a'])];
  first.finish();
  await settled();
  expect(waiting.filter(({ hasBegun }) => hasBegun)).toHaveLength(1);
});

test('a task that fails lets others have its keys', async () => {
  const turns = new Turns();
  const failing = turns.run({ keys: ['a'] }, NEVER, async () => {
    throw new Error('It failed');
  });
  await expect(failing).rejects.toThrow('It failed');
  expect(await turns.run({ keys: ['a'] }, NEVER, async () => 'done')).toBe('done');
});

test('one whose time is up goes on', async () => {
  const turns = new Turns();
  controlled(turns, ['a']);
  const giveUpAt = now() + 20;
  expect(await turns.run({ keys: ['a'] }, { giveUpAt }, async () => now() >= giveUpAt)).toBe(true);
});

test('one that is canceled does not begin, and the others still take turns', async () => {
  const turns = new Turns();
  const stop = new AbortController();
  const first = controlled(turns, ['a']);
  const canceled = controlled(turns, ['a'], { ...NEVER, signal: stop.signal });
  const third = controlled(turns, ['a']);
  stop.abort(new Error('stopped'));
  await expect(canceled.result).rejects.toThrow('stopped');
  expect([canceled.hasBegun, third.hasBegun]).toEqual([false, false]);
  first.finish();
  await settled();
  expect([canceled.hasBegun, third.hasBegun]).toEqual([false, true]);
});
