import type { VideoEvent } from '../../../nodes/ITeraBiz/api/events.ts';
import {
  keyOf,
  MAX_IN_ALL,
  MAX_REMEMBERED,
  MAX_STORED,
  MAX_TRIGGERS,
  RecentEvents,
  recentEventsOf,
} from '../../../nodes/ITeraBiz/webhook/recentEvents.ts';

const event: VideoEvent = {
  event: 'video.completed',
  eventId: 'evt_1',
  occurredAt: '2025-01-15T10:30:00.000Z',
  video: { id: 'vid_1' },
};
const STARTS = { status: 200, start: event };
const REPEAT = { status: 200, reason: 'it is a repeat of an event that was handled' };
const NOT_STARTED = { status: 503, reason: 'n8n did not start the workflow for it' };
const starts = async () => true;
const startsNot = async () => false;
const never = () => new Promise<never>(() => undefined);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Starts it, and waits until the memory knows whether n8n did. */
async function start(memory: RecentEvents, key: string, hasStarted = starts) {
  const reply = await memory.startOnce(key, event, hasStarted);
  await settled();
  return reply;
}
const knows = async (memory: RecentEvents, key: string) =>
  (await memory.repeatOf(key)) !== undefined;

test('starts an event once', async () => {
  const memory = new RecentEvents();
  expect(memory.repeatOf('a')).toBeUndefined();
  expect(await start(memory, 'a')).toEqual(STARTS);
  expect(await memory.repeatOf('a')).toEqual(REPEAT);
  expect(await start(memory, 'a')).toEqual(REPEAT);
  expect(await start(memory, 'b')).toEqual(STARTS);
});

test.each([
  ['n8n did not start', startsNot],
  ['it is unknown whether n8n started', async () => Promise.reject(new Error('no answer'))],
])('starts an event again that %s', async (_case, hasStarted) => {
  const memory = new RecentEvents();
  const first = memory.startOnce('a', event, hasStarted);
  const second = memory.startOnce('a', event, starts);
  const repeat = memory.repeatOf('a');
  expect([await first, await second, await repeat]).toEqual([STARTS, NOT_STARTED, NOT_STARTED]);
  expect(await start(memory, 'a')).toEqual(STARTS);
});

test('one of many at the same moment starts it', async () => {
  const memory = new RecentEvents();
  const replies = Array.from({ length: 5 }, () => memory.startOnce('a', event, starts));
  expect(await Promise.all(replies)).toEqual([STARTS, REPEAT, REPEAT, REPEAT, REPEAT]);
});

test('deliveries at the same moment share a confirmation, and no later one does', async () => {
  const memory = new RecentEvents();
  let asked = 0;
  const confirm = async () => {
    asked++;
    await settled();
    if (asked === 2) throw new Error('out of reach');
    return event;
  };
  const both = () => [memory.confirmOnce('a', confirm), memory.confirmOnce('a', confirm)];
  expect(await Promise.all(both())).toEqual([event, event]);
  expect(asked).toBe(1);
  for (const { status } of await Promise.allSettled(both())) expect(status).toBe('rejected');
  expect(asked).toBe(2);
  await Promise.all([...both(), memory.confirmOnce('b', confirm)]);
  expect(asked).toBe(4);
});

test('recalls what was stored, whatever became of it', async () => {
  const memory = new RecentEvents();
  for (const stored of [undefined, null, 'a', { a: 1 }, 7]) memory.recall(stored);
  expect(memory.toStore('new')).toEqual(['new']);
  memory.recall(['a', 7, null, 'b']);
  expect(memory.toStore('new')).toEqual(['a', 'b', 'new']);
  expect(await knows(memory, 'a')).toBe(true);
  expect(await knows(memory, 'new')).toBe(false);
});

const keys = (count: number, name = 'old') =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);

test('forgets the oldest, and stores no more than it may', async () => {
  const memory = new RecentEvents();
  memory.recall(keys(MAX_REMEMBERED + 5));
  for (const key of ['new', 'old7', `old${MAX_REMEMBERED + 4}`]) {
    const stored = memory.toStore(key);
    expect([stored.length, new Set(stored).size]).toEqual([MAX_STORED, MAX_STORED]);
  }
  const stored = memory.toStore('new');
  expect([stored[0], stored.at(-1)]).toEqual([`old${MAX_REMEMBERED + 6 - MAX_STORED}`, 'new']);
  expect(await start(memory, 'old4')).toEqual(STARTS);
  expect(memory.toStore('new').slice(-2)).toEqual(['old4', 'new']);
  expect(await knows(memory, 'old5')).toBe(false);
});

test('knows what was handled since a copy of the store was read that comes in later', async () => {
  const memory = new RecentEvents();
  memory.recall(keys(MAX_STORED));
  for (const key of keys(MAX_STORED, 'new')) {
    await start(memory, key);
    memory.recall(keys(MAX_STORED));
  }
  for (const key of keys(MAX_STORED, 'new')) expect(await knows(memory, key)).toBe(true);
});

test('copies what it stores for an event only after another one was handled', async () => {
  const memory = new RecentEvents();
  await start(memory, 'a');
  const stored = memory.toStore('b');
  expect(memory.toStore('b')).toBe(stored);
  await start(memory, 'c');
  expect(memory.toStore('b')).toEqual(['a', 'c', 'b']);
});

test('stores no other event that is still being started', async () => {
  const memory = new RecentEvents();
  void memory.startOnce('a', event, never);
  expect(memory.toStore('b')).toEqual(['b']);
});

describe('The memories of all triggers', () => {
  let test0 = 0;
  /** Names that no other test has */
  const names = (count: number) => {
    const test = ++test0;
    return Array.from({ length: count }, (_, index) => `test ${test}, trigger ${index}`);
  };
  const handle = async (trigger: string) => await start(recentEventsOf(trigger), 'a');

  test('are bounded: those that were called longest ago are dropped', async () => {
    const [first, second, ...others] = names(MAX_TRIGGERS + 1);
    await handle(first);
    await handle(second);
    for (const other of others.slice(1)) await handle(other);
    expect(recentEventsOf(first)).toBe(recentEventsOf(first));
    expect(await knows(recentEventsOf(first), 'a')).toBe(true); // and is now the one called last
    await handle(others[0]);
    expect(await knows(recentEventsOf(first), 'a')).toBe(true);
    expect(await knows(recentEventsOf(second), 'a')).toBe(false);
  });

  test('are bounded in all, too', async () => {
    const full = names(MAX_IN_ALL / MAX_REMEMBERED + 2);
    for (const name of full) recentEventsOf(name).recall(keys(MAX_REMEMBERED));
    const [first, second, third] = full.map(recentEventsOf);
    expect([first.size, second.size, third.size]).toEqual([0, 0, MAX_REMEMBERED]);
  });

  test.each<[string, (memory: RecentEvents) => unknown]>([
    ['confirmed', (memory) => memory.confirmOnce('a', never)],
    ['started', (memory) => memory.startOnce('a', event, never)],
  ])('stay while an event is being %s', async (_case, handleIn) => {
    const [busy, ...others] = names(MAX_TRIGGERS + 10);
    const memory = recentEventsOf(busy);
    void handleIn(memory);
    for (const other of others) await handle(other);
    expect(recentEventsOf(busy)).toBe(memory);
  });
});

test('a key tells event, video and event ID apart, and is short', () => {
  const keys = [
    keyOf('video.completed', 'v', 'e'),
    keyOf('video.completed', 'v', 'e2'),
    keyOf('video.completed', 'v'),
    keyOf('video.completed', 'v2', 'e'),
    keyOf('video.failed', 'v', 'e'),
    keyOf('video.completed', 've', ''),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => key.length === 22)).toBe(true);
  expect(keyOf('video.completed', 'v', '')).toBe(keys[2]);
});
