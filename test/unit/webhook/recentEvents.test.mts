import type { VideoEvent } from '../../../nodes/ITeraBiz/api/events.ts';
import {
  keyOf,
  MAX_REMEMBERED,
  MAX_STORED,
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
async function start(
  memory: RecentEvents,
  key: string,
  hasStarted: (timeout: number) => Promise<boolean | undefined> = starts,
) {
  const reply = await memory.startOnce(key, event, hasStarted);
  await settled();
  return reply;
}
/** What a delivery of an event gets to know first. */
const verify = async (memory: RecentEvents, key: string) =>
  await memory.confirmOnce(key, async () => event);
const knows = async (memory: RecentEvents, key: string) => 'status' in (await verify(memory, key));

test('starts an event once', async () => {
  const memory = new RecentEvents();
  expect(await verify(memory, 'a')).toBe(event);
  expect(await start(memory, 'a')).toEqual(STARTS);
  expect(await verify(memory, 'a')).toEqual(REPEAT);
  expect(await start(memory, 'a')).toEqual(REPEAT);
  expect(await start(memory, 'b')).toEqual(STARTS);
});

test('starts an event again that n8n did not start', async () => {
  const memory = new RecentEvents();
  const first = memory.startOnce('a', event, startsNot);
  const second = memory.startOnce('a', event, starts);
  const repeat = verify(memory, 'a');
  expect([await first, await second, await repeat]).toEqual([STARTS, NOT_STARTED, NOT_STARTED]);
  expect(await start(memory, 'a')).toEqual(STARTS);
});

test.each([
  ['did', true, REPEAT],
  ['did not', false, STARTS],
  ['may never', undefined, STARTS],
])('waits longer for a slow n8n than its repeats do: it %s start it', async (_, started, reply) => {
  const memory = new RecentEvents();
  const timeouts: number[] = [];
  let settle: (started: boolean | undefined) => void = () => undefined;
  const hasStarted = async (timeout: number) => {
    if (timeouts.push(timeout) === 1) return undefined;
    return await new Promise<boolean | undefined>((resolve) => (settle = resolve));
  };
  await start(memory, 'a', hasStarted);
  expect(timeouts).toEqual([60_000, 24 * 60 * 60_000]);
  expect(await memory.startOnce('a', event, starts)).toEqual(NOT_STARTED);
  settle(started);
  await settled();
  expect(await memory.startOnce('a', event, starts)).toEqual(reply);
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
  memory.recall(['a']);
  expect(memory.toStore('new')).toEqual(['a', 'b', 'new']);
  expect(await knows(memory, 'a')).toBe(true);
  expect(await knows(memory, 'new')).toBe(false);
});

const keys = (count: number, name = 'old') =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);

test('forgets the oldest, and stores no more than it may', async () => {
  const memory = new RecentEvents();
  memory.recall(keys(MAX_REMEMBERED + 5));
  const stored = memory.toStore('new');
  expect(stored).toHaveLength(MAX_STORED);
  expect([stored[0], stored.at(-1)]).toEqual([`old${MAX_REMEMBERED + 6 - MAX_STORED}`, 'new']);
  memory.recall(stored); // what is known already
  expect(memory.toStore('newer').slice(-2)).toEqual(['new', 'newer']);
  expect(await start(memory, 'old4')).toEqual(STARTS);
  expect(memory.toStore('newer').slice(-2)).toEqual(['old4', 'newer']);
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

test('stores with an event what was handled until then', async () => {
  const memory = new RecentEvents();
  await start(memory, 'a');
  expect(memory.toStore('b')).toEqual(['a', 'b']);
  await start(memory, 'c');
  expect(memory.toStore('b')).toEqual(['a', 'c', 'b']);
});

test('stores no other event that is still being started', async () => {
  const memory = new RecentEvents();
  void memory.startOnce('a', event, never);
  expect(memory.toStore('b')).toEqual(['b']);
});

test('each trigger has a memory of its own', () => {
  expect(recentEventsOf('a')).toBe(recentEventsOf('a'));
  expect(recentEventsOf('a')).not.toBe(recentEventsOf('b'));
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
