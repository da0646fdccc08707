import fc from 'fast-check';

import {
  type Priority,
  RequestQueue,
  type Turn,
} from '../../../nodes/ITeraBiz/client/requestQueue.ts';

/** Queues tasks that end when told to, and notes which have begun. */
function tasks(queue: RequestQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, turn: Partial<Turn> = {}) =>
    queue.run(
      async () => {
        begun.push(name);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        return name;
      },
      { priority: 'row', concurrency: 1, ...turn },
    );
  const end = async (name: string) => {
    await settle();
    ends.get(name)!();
    await settle();
  };
  return { begun, add, end };
}

const settle = async () => await new Promise((resolve) => setImmediate(resolve));

describe('Within a priority', () => {
  test('no more run than each of them allows, and in the order in which they came', async () => {
    const queue = new RequestQueue();
    const { begun, add, end } = tasks(queue);
    for (const name of ['a', 'b', 'c', 'd', 'e']) void add(name, { concurrency: 2 });
    await settle();
    expect(begun).toEqual(['a', 'b']);
    expect(queue.isIdle).toBe(false);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    await end('d');
    await end('e');
    expect(queue.isIdle).toBe(true);
  });

  test('one that allows itself little is not overtaken', async () => {
    const { begun, add, end } = tasks(new RequestQueue());
    for (const name of ['wide 1', 'wide 2']) void add(name, { concurrency: 5 });
    void add('narrow', { concurrency: 1 });
    void add('later', { concurrency: 5 });
    await end('wide 1');
    expect(begun).toEqual(['wide 1', 'wide 2']);
    await end('wide 2');
    expect(begun).toEqual(['wide 1', 'wide 2', 'narrow', 'later']);
  });

  test('whatever comes and ends: never more than allowed, and all get their turn', async () => {
    const step = fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      priority: fc.constantFrom<Priority>('interactive', 'poll', 'row'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (turns) => {
        const queue = new RequestQueue();
        let inFlight = 0;
        const order: Record<Priority, number[]> = { interactive: [], poll: [], row: [] };
        await Promise.all(
          turns.map(
            async (turn, place) =>
              await queue.run(async () => {
                inFlight += 1;
                order[turn.priority].push(place);
                // A place of its own for each upper priority.
                expect(inFlight).toBeLessThanOrEqual(4 + 2);
                if (turn.priority === 'row') expect(inFlight).toBeLessThanOrEqual(turn.concurrency);
                await settle();
                inFlight -= 1;
              }, turn),
          ),
        );
        Object.values(order).forEach((places) =>
          expect(places).toEqual([...places].sort((one, other) => one - other)),
        );
        expect(Object.values(order).flat()).toHaveLength(turns.length);
        expect(queue.isIdle).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('Between priorities', () => {
  test('people come before polls, and polls before rows', async () => {
    const { begun, add, end } = tasks(new RequestQueue());
    const busy: Priority[] = ['row', 'poll', 'interactive'];
    for (const priority of busy) void add(`first ${priority}`, { priority });
    for (const priority of busy) void add(`next ${priority}`, { priority });
    await settle();
    expect(begun).toEqual(['first row', 'first poll', 'first interactive']);
    await end('first interactive');
    expect(begun.slice(3)).toEqual(['next interactive']);
    await end('next interactive');
    await end('first poll');
    expect(begun.slice(4)).toEqual(['next poll']);
    await end('next poll');
    expect(begun.slice(5)).toEqual([]);
    await end('first row');
    expect(begun.slice(5)).toEqual(['next row']);
  });

  test.each(['interactive', 'poll'] as const)(
    'one %s request starts however many slow rows are in flight, and a second one waits',
    async (priority) => {
      const { begun, add } = tasks(new RequestQueue());
      for (const name of ['a', 'b', 'c']) void add(name, { concurrency: 2 });
      void add('own', { priority, concurrency: 2 });
      void add('second', { priority, concurrency: 2 });
      await settle();
      expect(begun).toEqual(['a', 'b', 'own']);
    },
  );

  test('a row does not start before a poll that waits, although there is a place', async () => {
    const { begun, add, end } = tasks(new RequestQueue());
    void add('poll 1', { priority: 'poll', concurrency: 1 });
    void add('poll 2', { priority: 'poll', concurrency: 1 });
    void add('row', { concurrency: 5 });
    await settle();
    expect(begun).toEqual(['poll 1']);
    await end('poll 1');
    expect(begun).toEqual(['poll 1', 'poll 2', 'row']);
  });
});

test('a task that fails keeps its error, and the next one runs', async () => {
  const queue = new RequestQueue();
  const turn = { priority: 'row', concurrency: 1 } as const;
  const failing = queue.run(async () => await Promise.reject(new Error('broken')), turn);
  const throwing = queue.run(() => {
    throw new Error('at once');
  }, turn);
  const next = queue.run(async () => 'next', turn);
  await expect(failing).rejects.toThrow('broken');
  await expect(throwing).rejects.toThrow('at once');
  expect(await next).toBe('next');
  expect(queue.isIdle).toBe(true);
});

describe('An execution that is canceled', () => {
  test('leaves the queue at once, and the others move up', async () => {
    const queue = new RequestQueue();
    const { begun, add, end } = tasks(queue);
    const cancel = new AbortController();
    void add('first');
    const left = ['x', 'y'].map((name) => add(name, { signal: cancel.signal, concurrency: 1 }));
    const ends = Promise.allSettled(left);
    void add('other', { concurrency: 2 });
    await settle();
    expect(begun).toEqual(['first']);
    const reason = new Error('stopped');
    cancel.abort(reason);
    expect(await ends).toEqual(left.map(() => ({ status: 'rejected', reason })));
    await settle();
    expect(begun).toEqual(['first', 'other']);
    await end('first');
    await end('other');
    expect(queue.isIdle).toBe(true);
  });

  test('starts nothing any more', async () => {
    const queue = new RequestQueue();
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(tasks(queue).add('a', { signal })).rejects.toThrow('stopped');
    expect(queue.isIdle).toBe(true);
  });

  test('leaves no listener behind that its tasks have set', async () => {
    const queue = new RequestQueue();
    const { signal } = new AbortController();
    const add = jest.spyOn(signal, 'addEventListener');
    const remove = jest.spyOn(signal, 'removeEventListener');
    const { add: queued, end } = tasks(queue);
    const all = [queued('a', { signal }), queued('b', { signal })];
    await end('a');
    await end('b');
    await Promise.all(all);
    expect(add).toHaveBeenCalledTimes(2);
    expect(remove.mock.calls).toEqual(add.mock.calls.map(([name, listener]) => [name, listener]));
  });
});

describe('A pause', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  test('lasts until the latest moment that was asked for, and knows who asked for it', async () => {
    const queue = new RequestQueue();
    const because = { status: 429, headers: {}, body: {} };
    queue.pauseFor(1_000, because);
    queue.pauseFor(300, { ...because, status: 503 });
    expect(queue.pausedBy).toBe(because);
    let resumedAt = -1;
    void queue.waitUntilResumed(Infinity).then(() => (resumedAt = Date.now()));
    await jest.advanceTimersByTimeAsync(500);
    queue.pauseFor(1_500);
    expect(queue.isIdle).toBe(false);
    await jest.advanceTimersByTimeAsync(1_499);
    expect([resumedAt, Math.round(queue.pauseLeft)]).toEqual([-1, 1]);
    await jest.advanceTimersByTimeAsync(1);
    expect([resumedAt, queue.pauseLeft, queue.isIdle]).toEqual([2_000, 0, true]);
  });

  test('does not begin by itself, and not for no time', async () => {
    const queue = new RequestQueue();
    queue.pauseFor(0);
    await queue.waitUntilResumed(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends for an execution that is canceled, and for no other', async () => {
    const queue = new RequestQueue();
    const cancel = new AbortController();
    queue.pauseFor(60_000);
    const resumed = queue.waitUntilResumed(Infinity, cancel.signal);
    cancel.abort(new Error('stopped'));
    await expect(resumed).rejects.toThrow('stopped');
    expect(queue.pauseLeft).toBeGreaterThan(59_000);
  });

  test('is not shortened by a clock that is set', async () => {
    const queue = new RequestQueue();
    queue.pauseFor(60_000);
    jest.setSystemTime(Date.now() + 3_600_000);
    expect(queue.pauseLeft).toBeGreaterThan(59_000);
    jest.setSystemTime(0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(queue.pauseLeft).toBe(0);
  });
});
