import { formatTime, toNodeError } from '../../../nodes/ITeraBiz/messages/message.ts';
import { fakeRun } from '../../shared/fakeRun.mts';

test('a time is in UTC, to the second: a minute named as free must not be refused', () => {
  const at = Date.UTC(2026, 0, 31, 14, 3, 9, 123);
  expect(formatTime(at)).toBe('2026-01-31 14:03:09 UTC');
});

test.each(['ETIMEDOUT', 'ImageNotFound', 'a preexisting job', 'plain words'])(
  'an error says what the API says, also with %s in it',
  (words) => {
    const message = `iTeraBiz could not make video video_1: ${words}`;
    const { node } = fakeRun({ api: () => new Error() }).run;
    const error = toNodeError(node, { message, description: 'Fix it' });
    expect(error).toMatchObject({ message, description: 'Fix it' });
  },
);
