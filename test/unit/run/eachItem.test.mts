import { eachItem, perItem } from '../../../nodes/ITeraBiz/run/eachItem.ts';
import { ItemFailed } from '../../../nodes/ITeraBiz/run/results.ts';
import { fakeRun } from '../../shared/fakeRun.mts';

const plain = { batching: { size: 1, interval: 0 }, signal: undefined };
const settle = async () => await new Promise((resolve) => setImmediate(resolve));

afterEach(() => void jest.useRealTimers());

test.each([
  [1, 1],
  [3, 3],
  [20, 6],
])('with a concurrency of %i, %i of six run at once, in order', async (concurrency, most) => {
  const begun: number[] = [];
  let running = 0;
  let highest = 0;
  await eachItem(plain, [0, 1, 2, 3, 4, 5], concurrency, async (item) => {
    begun.push(item);
    highest = Math.max(highest, ++running);
    await settle();
    running -= 1;
  });
  expect([begun, highest, running]).toEqual([[0, 1, 2, 3, 4, 5], most, 0]);
});

test('it ends when all have ended, and at once for no items', async () => {
  const done: number[] = [];
  await eachItem(plain, [70, 3], 2, async (item) => {
    await new Promise((resolve) => setTimeout(resolve, item));
    done.push(item);
  });
  expect(done).toEqual([3, 70]);
  await eachItem(plain, [], 5, async () => await Promise.reject(new Error('never')));
});

test('where one ends with an error, it ends with that when all that were begun have ended', async () => {
  const done: number[] = [];
  const end = eachItem(plain, [0, 20], 2, async (item) => {
    if (item === 0) throw new Error('stopped');
    await new Promise((resolve) => setTimeout(resolve, item));
    done.push(item);
  });
  await expect(end).rejects.toThrow('stopped');
  expect(done).toEqual([20]);
});

describe("At the pace of n8n's Batching", () => {
  const startsOf = async (size: number, interval: number, signal?: AbortSignal, takes = 0) => {
    jest.useFakeTimers({ now: 0 });
    const starts: number[] = [];
    const end = eachItem({ batching: { size, interval }, signal }, [0, 1, 2, 3, 4], 5, async () => {
      // A turn of the event loop in between counts a millisecond.
      starts.push(Math.round(Date.now() / 10) * 10);
      await new Promise((resolve) => setTimeout(resolve, takes));
    });
    end.catch(() => undefined);
    return { starts, end };
  };

  test.each([
    [2, 1_000, [0, 0, 1_000, 1_000, 2_000]],
    [1, 300, [0, 300, 600, 900, 1_200]],
    [5, 1_000, [0, 0, 0, 0, 0]],
  ])('%i items start every %i ms', async (size, interval, expected) => {
    const { starts, end } = await startsOf(size, interval);
    await jest.advanceTimersByTimeAsync(5_000);
    await end;
    expect(starts).toEqual(expected);
  });

  test('a batch is not held up by a slow one before it', async () => {
    const { starts, end } = await startsOf(2, 1_000, undefined, 10_000);
    await jest.advanceTimersByTimeAsync(20_000);
    await end;
    expect(starts).toEqual([0, 0, 1_000, 1_000, 2_000]);
  });

  test('an execution that is canceled starts no further item', async () => {
    const cancel = new AbortController();
    const { starts, end } = await startsOf(2, 1_000, cancel.signal);
    await jest.advanceTimersByTimeAsync(500);
    cancel.abort(new Error('stopped'));
    await expect(end).rejects.toThrow('stopped');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(starts).toEqual([0, 0]);
  });
});

test('a long computation lets n8n get on with other work in between', async () => {
  let turns = 0;
  let isOver = false;
  const other = (async () => {
    while (!isOver) {
      await settle();
      turns += 1;
    }
  })();
  let items = 0;
  await eachItem(
    plain,
    Array.from({ length: 60 }, (_, item) => item),
    5,
    async () => {
      items += 1;
      for (const end = performance.now() + 5; performance.now() < end;);
    },
  );
  // Some 300 ms of computing: without a pause in between there would be no turn.
  expect([items, turns > 0]).toEqual([60, true]);
  isOver = true;
  await other;
});

describe('Items that are independent of each other', () => {
  const runOf = (onError: 'stop' | 'continueRegularOutput') =>
    fakeRun({ api: () => new Error('nobody asks'), items: [{}, { row: 1 }, {}], onError }).run;
  const task = async (item: number) => {
    if (item === 1) throw new Error('No');
    return [{ json: { item } }];
  };

  test('have their outputs in order, and the error in the place of one that failed', async () => {
    expect(await perItem(runOf('continueRegularOutput'), task)).toEqual([
      { json: { item: 0 }, pairedItem: { item: 0 } },
      { json: { row: 1, error: 'No' }, pairedItem: { item: 1 } },
      { json: { item: 2 }, pairedItem: { item: 2 } },
    ]);
  });

  test('stop the node if one failed', async () => {
    await expect(perItem(runOf('stop'), task)).rejects.toThrow('No');
  });

  test('are not tried any more once the node stops', async () => {
    const { run } = fakeRun({
      ...{ api: () => new Error('nobody asks'), items: [{}, {}, {}], concurrency: 1 },
    });
    const tried: number[] = [];
    const end = perItem(run, async (item) => {
      tried.push(item);
      return await task(item);
    });
    await expect(end).rejects.toThrow('No');
    expect(tried).toEqual([0, 1]);
  });

  test.each([
    ['stop', false],
    ['continueRegularOutput', true],
  ] as const)(
    'do not keep to the pace of Batching once none is tried any more: %s',
    async (onError, affectsAll) => {
      const items = Array.from({ length: 20 }, () => ({}));
      const batching = { size: 1, interval: 60_000 };
      const { run } = fakeRun({ api: () => new Error('nobody asks'), items, batching, onError });
      const failure = { message: 'Bad key', description: '', reason: 'account' } as const;
      jest.useFakeTimers();
      const output = perItem(run, async () => {
        throw new ItemFailed(failure, affectsAll);
      }).catch((error: Error) => error);
      // The pauses that have begun are kept: five items at a time.
      await jest.advanceTimersByTimeAsync(4 * 60_000);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await Promise.race([output, 'goes on'])).not.toBe('goes on');
    },
  );

  test('get the client of the run; none is tried once the run was aborted', async () => {
    const { run } = fakeRun({
      ...{ api: () => new Error('nobody asks'), items: [{}, {}], concurrency: 1 },
      onError: 'continueErrorOutput',
    });
    const tried: unknown[] = [];
    const output = await perItem(run, async (item, client) => {
      tried.push([item, client.settings.priority]);
      throw new ItemFailed({ message: 'Bad key', description: '', reason: 'account' }, true);
    });
    expect(tried).toEqual([[0, 'row']]);
    expect(output[1].json.error).toMatch(/^Not sent, because Bad key/);
  });
});
