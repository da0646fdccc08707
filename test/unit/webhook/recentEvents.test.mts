import {
  keyOf,
  MOST_REMEMBERED,
  MOST_TRIGGERS,
  RecentEvents,
  recentEventsOf,
  type Verdict,
} from '../../../nodes/ITeraBiz/webhook/recentEvents.ts';

const settled: Verdict = { status: 200, reason: '' };
const later: Verdict = { status: 503, reason: 'busy' };
const starts = async () => true;
const never = async (): Promise<Verdict> => {
  throw new Error('This must not be asked');
};

test('handles an event once', async () => {
  const memory = new RecentEvents();
  expect(await memory.once('a', async () => settled, starts)).toBe(settled);
  expect(await memory.once('a', never, starts)).toBeUndefined();
  expect(await memory.once('b', async () => settled, starts)).toBe(settled);
});

test('handles an event again that could not be settled, or that failed', async () => {
  const memory = new RecentEvents();
  expect(await memory.once('a', async () => later, starts)).toBe(later);
  await expect(memory.once('a', never, starts)).rejects.toThrow('must not be asked');
  expect(await memory.once('a', async () => settled, starts)).toBe(settled);
  expect(memory.toStore()).toEqual(['a']);
});

test.each([
  ['settled', settled, undefined],
  ['to be sent again', later, later],
])('deliveries at the same moment share the end: %s', async (_case, verdict, expected) => {
  const memory = new RecentEvents();
  const first = memory.once(
    'a',
    () => new Promise((resolve) => setImmediate(resolve, verdict)),
    starts,
  );
  const second = memory.once('a', never, starts);
  expect(await first).toBe(verdict);
  expect(await second).toBe(expected);
});

test('recalls what was stored, whatever became of it', async () => {
  const memory = new RecentEvents();
  for (const stored of [undefined, null, 'a', { a: 1 }, 7]) memory.recall(stored);
  expect(memory.toStore()).toEqual([]);
  memory.recall(['a', 7, null, 'b']);
  expect(memory.toStore()).toEqual(['a', 'b']);
  expect(await memory.once('a', never, starts)).toBeUndefined();
});

test('forgets the oldest', async () => {
  const memory = new RecentEvents();
  memory.recall(Array.from({ length: MOST_REMEMBERED + 5 }, (_, index) => `old${index}`));
  expect(memory.toStore()).toHaveLength(MOST_REMEMBERED);
  await memory.once('new', async () => settled, starts);
  expect(memory.toStore()).toHaveLength(MOST_REMEMBERED);
  expect(memory.toStore()[0]).toBe('old6');
  expect(memory.toStore().at(-1)).toBe('new');
});

test('handles an event again that it had to forget, and stores no more than it may', async () => {
  const memory = new RecentEvents();
  for (let n = 0; n <= MOST_REMEMBERED; n++) await memory.once(`${n}`, async () => settled, starts);
  expect(await memory.once('1', never, starts)).toBeUndefined();
  const stored = memory.toStore('new');
  expect([stored.length, stored.at(-1)]).toEqual([MOST_REMEMBERED, 'new']);
  expect(await memory.once('0', async () => settled, starts)).toBe(settled);
});

describe('The memories of all triggers', () => {
  let test0 = 0;
  /** Names that no other test has */
  const names = (count: number) => {
    const test = ++test0;
    return Array.from({ length: count }, (_, index) => `test ${test}, trigger ${index}`);
  };
  const knows = (trigger: string) => recentEventsOf(trigger).toStore().includes('a');
  const handle = (trigger: string) =>
    recentEventsOf(trigger).once('a', async () => settled, starts);

  test('are bounded: those that were called longest ago are dropped', async () => {
    const [first, second, ...others] = names(MOST_TRIGGERS + 1);
    await handle(first);
    await handle(second);
    for (const other of others.slice(1)) await handle(other);
    expect(recentEventsOf(first)).toBe(recentEventsOf(first));
    expect(knows(first)).toBe(true); // and is now the one that was called last
    await handle(others[0]);
    expect(knows(first)).toBe(true);
    expect(knows(second)).toBe(false);
  });

  test('stay while an event is being handled', async () => {
    const [busy, ...others] = names(MOST_TRIGGERS + 10);
    const ends: ((verdict: Verdict) => void)[] = [];
    const handling = recentEventsOf(busy).once(
      'a',
      () => new Promise((end) => ends.push(end)),
      starts,
    );
    for (const other of others) await handle(other);
    const repeat = recentEventsOf(busy).once('a', never, starts);
    ends[0](settled);
    expect([await handling, await repeat]).toEqual([settled, undefined]);
  });
});

test('a key tells event, video and kind apart, and is short', () => {
  const claim = { event: 'video.completed', videoId: 'v', eventId: 'e', video: {} } as const;
  const keys = [
    keyOf(claim),
    keyOf({ ...claim, eventId: 'e2' }),
    keyOf({ ...claim, eventId: undefined }),
    keyOf({ ...claim, videoId: 'v2' }),
    keyOf({ ...claim, event: 'video.failed' }),
    keyOf({ ...claim, videoId: 've', eventId: '' }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => key.length === 22)).toBe(true);
  expect(keyOf({ ...claim, video: { status: 'completed' } })).toBe(keys[0]);
});
