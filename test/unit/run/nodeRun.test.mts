import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { Slots } from '../../../nodes/ITeraBiz/client/slots.ts';
import { Watch } from '../../../nodes/ITeraBiz/account/watch.ts';

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

function runOf(size: number, batchInterval = 0): NodeRun {
  const reader = { byId: async () => undefined, page: async () => ({ data: [], has_more: false }) };
  return new NodeRun(size, batchInterval, new Slots(1), new Watch(reader, () => false));
}

/** Notes when all items had gathered. */
function gathering(run: NodeRun) {
  const end: { at?: number } = {};
  void run.gathered().then(() => (end.at = Date.now()));
  return end;
}

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

test('knows which items came in, and how many', () => {
  const run = runOf(3);
  expect(run.has(0)).toBe(false);
  expect(run.joinedItems).toBe(0);
  run.join(0);
  run.join(2);
  expect([0, 1, 2].map((item) => run.has(item))).toEqual([true, false, true]);
  expect(run.joinedItems).toBe(2);
  run.asked(0);
  expect(run.has(0)).toBe(true);
  expect(run.joinedItems).toBe(2);
});

test('items gather when it is known of each what became of its request', async () => {
  const run = runOf(2);
  run.join(0);
  run.join(1);
  const ends = [gathering(run), gathering(run)];
  run.asked(1);
  await advance(1_000);
  expect(ends).toEqual([{}, {}]);
  run.asked(0);
  await advance(0);
  expect(ends).toEqual([{ at: 1_000 }, { at: 1_000 }]);
});

test('telling twice what became of a request changes nothing', async () => {
  const run = runOf(2);
  run.join(0);
  run.join(1);
  const end = gathering(run);
  run.asked(0);
  run.asked(0);
  await advance(10);
  expect(end).toEqual({});
});

test('without batching an item that never came in is not waited for', async () => {
  const run = runOf(3);
  run.join(0);
  run.asked(0);
  const end = gathering(run);
  await advance(0);
  expect(end).toEqual({ at: 0 });
});

test('nobody is waited for where all were known before', async () => {
  const run = runOf(1);
  run.join(0);
  run.asked(0);
  const end = gathering(run);
  await advance(0);
  expect(end.at).toBe(0);
});

describe("With n8n's Batching", () => {
  test('items that are still to come are waited for, and their requests too', async () => {
    const run = runOf(3, 500);
    run.join(0);
    run.asked(0);
    const end = gathering(run);
    await advance(500);
    run.join(1);
    run.asked(1);
    await advance(500);
    run.join(2);
    await advance(5_000);
    expect(end).toEqual({});
    run.asked(2);
    await advance(0);
    expect(end).toEqual({ at: 6_000 });
  });

  test('the last item has come when it has, whatever the clock says', async () => {
    const run = runOf(2, 500);
    run.join(0);
    run.join(1);
    run.asked(0);
    run.asked(1);
    const end = gathering(run);
    await advance(0);
    expect(end).toEqual({ at: 0 });
  });

  test('an item that does not come for two pauses and a second never will', async () => {
    const run = runOf(3, 500);
    await advance(10_000);
    run.join(0);
    run.asked(0);
    const end = gathering(run);
    await advance(1_999);
    expect(end).toEqual({});
    await advance(1);
    expect(end).toEqual({ at: 12_000 });
  });

  test('every item that comes in lengthens the patience', async () => {
    const run = runOf(4, 500);
    run.join(0);
    run.asked(0);
    const end = gathering(run);
    await advance(1_500);
    run.join(1);
    run.asked(1);
    await advance(1_999);
    expect(end).toEqual({});
    await advance(501);
    expect(end.at).toBe(3_500);
  });
});
