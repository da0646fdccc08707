import { formatTime } from '../../../nodes/ITeraBiz/messages/message.ts';

test('a time is in UTC, to the minute unless seconds matter', () => {
  const at = Date.UTC(2026, 0, 31, 14, 3, 9, 123);
  expect(formatTime(at)).toBe('2026-01-31 14:03 UTC');
  expect(formatTime(at, true)).toBe('2026-01-31 14:03:09 UTC');
});
