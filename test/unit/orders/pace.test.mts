import { paceHints, secondsToRead } from '../../../nodes/ITeraBiz/orders/pace.ts';
import type { Row } from '../../../nodes/ITeraBiz/orders/rows.ts';

/** Each is read aloud in about this many seconds by people and by text-to-speech programs. */
test.each([
  ['', 0, 0],
  ['word '.repeat(150), 55, 65],
  ["It's a well-known fact: 1,000 people can't be wrong.", 3, 5],
  ['Willkommen in unserem Geschäft! Heute zeige ich Ihnen die neue Kaffeemaschine.', 3.5, 6],
  ['مرحبا بكم في متجرنا. اليوم سأعرض لكم القهوة الجديدة.', 3, 5],
  ['私たちのお店へようこそ。今日は新しいコーヒーマシンをご紹介します。', 5, 9],
  ['欢迎来到我们的商店。', 1.5, 3],
  ['ยินดีต้อนรับสู่ร้านของเรา', 3, 6],
  ['🎉🎉🎉 ✨', 0, 0],
  ['Sale 🎉 today', 0.5, 1.5],
  ["well-known can't 1,000", 1.2, 1.2],
  ['Ein国Wort', 1.01, 1.02],
])('%j', (text, least, most) => {
  const seconds = secondsToRead(text);
  expect(seconds).toBeGreaterThanOrEqual(least);
  expect(seconds).toBeLessThanOrEqual(most);
});

const row = (item: number, words: number, duration: unknown, field = 'script') =>
  ({
    item,
    order: { url: '/videos', body: { [field]: 'word '.repeat(words), duration } },
  }) as unknown as Row;

test('a script that fits its duration, even loosely, is not worth a word', async () => {
  expect(
    await paceHints([row(0, 75, 30), row(1, 30, 30), row(2, 180, 30), row(3, 75, 12)]),
  ).toEqual([]);
});

test('dead air and a script that would be cut are told, each with an example', async () => {
  expect(
    await paceHints([row(0, 20, 300), row(1, 75, 30), row(2, 20, 300), row(3, 400, 20)]),
  ).toEqual([
    'Items 1, 3: the script is much too short for its duration. Read aloud, item 1 takes about 8 seconds, but Duration is 300.',
    'Item 4: the script is much too long for its duration. Read aloud, item 4 takes about 160 seconds, but Duration is 20.',
  ]);
});

test('a prompt is not what is spoken, and no duration says nothing', async () => {
  expect(
    await paceHints([row(0, 3, 600, 'prompt'), row(1, 3, undefined), row(2, 3, 'long')]),
  ).toEqual([]);
});

test('a moment is a second', async () => {
  expect(await paceHints([row(0, 1, 30)])).toEqual([
    'Item 1: the script is much too short for its duration. Read aloud, item 1 takes about 1 second, but Duration is 30.',
  ]);
});
