import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import type { VideoEvent } from '../../../nodes/ITeraBiz/api/events.ts';
import { chosenEvents, skipReason } from '../../../nodes/ITeraBiz/fields/events.ts';
import { fakeContext } from '../fakeContext.mts';

const warn = jest.fn();
const contextWith = (parameters: IDataObject) =>
  Object.assign(fakeContext({ parameters }).context, {
    logger: { warn },
    // As n8n: an expression may return nothing.
    getNodeParameter: (name: string, fallback: unknown) =>
      name in parameters ? parameters[name] : fallback,
  }) as unknown as IWebhookFunctions;

const BOTH = ['video.completed', 'video.failed'];

test.each<[unknown, string[]]>([
  [['video.completed', 'video.failed'], BOTH],
  [['video.failed', 'video.completed', 'video.failed'], BOTH],
  [['video.failed'], ['video.failed']],
  ['video.failed', ['video.failed']],
  [' video.failed ', ['video.failed']],
  ['video.completed,video.failed', BOTH],
  ['video.failed, video.completed', BOTH],
  ['["video.completed", "video.failed"]', BOTH],
  ["'video.completed' 'video.failed'", BOTH],
  ['video.completed;;video.failed', BOTH],
  ['Video.Completed', ['video.completed']],
  [[' VIDEO.FAILED\n', '"video.completed"'], BOTH],
])('%j stands for these events: %j', (events, expected) => {
  expect(chosenEvents(contextWith({ events: events as string }))).toEqual(expected);
});

test.each([[[]], [''], [' , '], [null], [undefined]])('with %j, nothing would start', (events) => {
  expect(() => chosenEvents(contextWith({ events }))).toThrow(
    '"Events" is empty, so nothing would ever start this workflow',
  );
});

test.each<[unknown, string]>([
  ['video.made', 'video.made'],
  ['completed', 'completed'],
  ['video.completed.later', 'video.completed.later'],
  [['video.completed', 'video.made'], 'video.completed, video.made'],
  [[['video.completed', 'video.failed']], '["video.completed","video.failed"]'],
  [[7, null], '7, null'],
  [7, '7'],
  [NaN, 'NaN'],
  [true, 'true'],
  [{ event: 'video.completed' }, '{"event":"video.completed"}'],
  ['x'.repeat(100), `${'x'.repeat(60)}…`],
])('%j is refused, with what to do', (events, quoted) => {
  expect(() => chosenEvents(contextWith({ events: events as string }))).toThrow(
    expect.objectContaining({
      message: `"Events": "${quoted}" is not an event of this trigger`,
      description: expect.stringContaining('video.completed, video.failed'),
    }),
  );
});

const event = (avatar_id?: unknown): VideoEvent => ({
  event: 'video.completed',
  eventId: 'evt_1',
  occurredAt: '2025-01-15T10:30:00.000Z',
  video: { id: 'video_1', avatar_id: avatar_id as string },
});

test.each<[unknown, unknown, boolean]>([
  ['avatar_1', 'avatar_1', true],
  [' avatar_1 ', 'avatar_1', true],
  ['"avatar_1"', 'avatar_1', true],
  ['avatar_1', 'avatar_2', false],
  ['avatar_1', 'avatar_12', false],
  ['avatar_1', { id: 'avatar_1', name: 'Maria' }, true],
  [{ id: 'avatar_1' }, 'avatar_1', true],
  ['avatar_1', { id: 'avatar_2', name: 'Maria' }, false],
  ['avatar_1', { name: 'Maria' }, true],
  ['avatar_1', 'avatar_1_2', false],
  ['avatar_1', 'avatars/avatar_1', true],
  [7, '7', true],
  ['7', 7, true],
  [7, '8', false],
  ['', 'avatar_1', true],
  [' ', 'avatar_1', true],
  [null, 'avatar_1', true],
  [undefined, undefined, true],
])('with %j for the avatar, a video of %j starts: %j', (chosen, avatar, starts) => {
  const context = contextWith({ events: BOTH, 'options.avatarId': chosen as string });
  expect(skipReason(event(avatar), context)).toBe(
    starts ? undefined : 'its video is of another avatar',
  );
});

test.each([undefined, null, ''])('a video of %j starts, and the log says so', (avatar) => {
  const context = contextWith({ events: BOTH, 'options.avatarId': 'avatar_1' });
  expect(skipReason(event(avatar), context)).toBeUndefined();
  expect(warn).toHaveBeenLastCalledWith(
    'iTeraBiz does not say the avatar of video video_1, so it counts as chosen',
  );
});

test.each<[unknown, string]>([
  [['avatar_1'], '"["avatar_1"]" is not text'],
  [true, '"true" is not text'],
  [NaN, '"NaN" is not text'],
  ['avatars/avatar_1', '"avatars/avatar_1" is not an ID'],
  ['avatar_1, avatar_2', '"avatar_1, avatar_2" is not an ID'],
  ['undefined', '"undefined" stands for a missing value'],
  ['#N/A', '"#N/A" stands for a missing value'],
  [2 ** 53, '"9007199254740992" is not an exact ID'],
])('%j for the avatar is refused, as by the action node', (avatarId, problem) => {
  const context = contextWith({ events: BOTH, 'options.avatarId': avatarId as string });
  expect(() => skipReason(event('avatar_1'), context)).toThrow(
    expect.objectContaining({
      message: `"Avatar": ${problem}`,
      description: 'Choose an avatar from the list, or enter its ID, such as avatar_abc123',
    }),
  );
});

test('An event that was not chosen does not start, whatever its avatar', () => {
  const context = contextWith({ events: ['video.failed'] });
  expect(skipReason(event(), context)).toBe('this trigger does not listen for video.completed');
});
