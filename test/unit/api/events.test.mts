import { eventFrom, eventOf, readEvent, saysRunning } from '../../../nodes/ITeraBiz/api/events.ts';

const video = { id: 'vid_1', status: 'completed', completed_at: '2025-01-15T10:30:00Z' };
const event = { id: 'evt_1', type: 'video.completed', created_at: '2025-01-15T10:31:00+01:00' };

const eventIn = (body: unknown) => {
  const reading = readEvent(body);
  return 'unverified' in reading ? reading.unverified : undefined;
};

describe('readEvent', () => {
  it('reads the assumed shape', () => {
    expect(readEvent({ ...event, data: video })).toEqual({
      unverified: {
        event: 'video.completed',
        eventId: 'evt_1',
        videoId: 'vid_1',
        occurredAt: '2025-01-15T09:31:00.000Z',
        video,
      },
    });
  });

  it.each([
    ['data', { ...event, data: video }],
    ['data.video', { ...event, data: { id: 'evt_data', video } }],
    ['video', { ...event, video }],
  ])('finds the video under %s', (_place, body) => {
    expect(eventIn(body)).toMatchObject({ eventId: 'evt_1', videoId: 'vid_1', video });
  });

  it('takes ID and time at the top level for those of the video, not of the event, where the video is there', () => {
    const created_at = '2025-01-15T10:25:00Z';
    const body = { event: 'video.completed', ...video, created_at };
    expect(eventIn(body)).toMatchObject({ videoId: 'vid_1', eventId: undefined, video: body });
    expect(eventFrom(eventIn(body)!).occurredAt).toBe('2025-01-15T10:30:00.000Z');
  });

  it('does not take an event for a video', () => {
    expect(readEvent(event)).toEqual({ malformed: 'there is no video in it' });
  });

  const failed = { type: 'video.failed' };

  it.each([
    [null, 'the body is not a JSON object'],
    [[failed], 'the body is not a JSON object'],
    ['video.failed', 'the body is not a JSON object'],
    [{ data: video }, 'the body names no event'],
    [{ type: {}, event: '' }, 'the body names no event'],
    [{ type: 'x'.repeat(201) }, 'the body names no event'],
    [failed, 'there is no video in it'],
    [{ ...failed, data: { id: {} } }, 'there is no video in it'],
    [{ ...failed, status: 'failed' }, 'there is no video in it'],
    [{ ...failed, data: { id: '../avatars' } }, 'its video has no proper ID'],
  ])('finds no event in %j: %s', (body, malformed) => {
    expect(readEvent(body)).toEqual({ malformed });
  });

  it.each([
    { type: 'video.failed' },
    { event: 'video.failed' },
    { type: '', event: 'video.failed' },
    { type: 'event', event: 'video.failed' },
    { type: 'video.failed', event: 'webhook' },
  ])('reads the name in %j', (name) => {
    expect(eventIn({ ...name, data: { id: 'vid_1' } })?.event).toBe('video.failed');
  });

  it('takes numbers for IDs', () => {
    expect(eventIn({ type: 'video.failed', id: 7, data: { id: 12 } })).toMatchObject({
      eventId: '7',
      videoId: '12',
    });
  });

  it('takes nothing but texts and numbers for its own ID', () => {
    for (const id of [['evt_1'], { length: 1 }, true, 'x'.repeat(201)]) {
      expect(eventIn({ ...failed, id, data: { id: 'vid_1' } })?.eventId).toBeUndefined();
    }
  });

  it('refuses an event whose video ended otherwise', () => {
    const body = { type: 'video.completed', data: { id: 'vid_1', status: 'failed' } };
    expect(readEvent(body)).toEqual({
      malformed: 'its video has another status than its name says',
    });
  });

  it('tells an event whose video is still running', () => {
    const says = (status?: string) =>
      saysRunning(eventIn({ type: 'video.completed', data: { id: 'vid_1', status } })!);
    expect(['processing', 'completed', undefined].map(says)).toEqual([true, false, false]);
  });

  it('names an unknown event', () => {
    for (const type of ['avatar.created', 'x'.repeat(200)]) {
      expect(readEvent({ type, data: {} })).toEqual({ unknownEvent: type });
    }
  });

  it.each(['2025-01-15T10:30:00', '2025-01-15 10:30:00', 1_736_937_000, 1_736_937_000_000])(
    'reads the time %j as UTC',
    (at) => {
      const body = { ...event, created_at: at, data: video };
      expect(readEvent(body)).toMatchObject({
        unverified: { occurredAt: '2025-01-15T10:30:00.000Z' },
      });
      expect(eventOf({ ...video, completed_at: at })?.occurredAt).toBe('2025-01-15T10:30:00.000Z');
    },
  );

  it.each(['soon', '', 1e300, null, '+999999-01-01T00:00:00Z'])(
    'drops the time %j',
    (created_at) => {
      expect(eventIn({ ...event, data: video, created_at })?.occurredAt).toBeUndefined();
    },
  );

  it('allows twenty levels and no more', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    const body = (levels: number) => ({ ...event, data: { ...video, extra: nested(levels) } });
    expect(eventIn(body(18))).toBeDefined();
    expect(eventIn(body(19))).toBeUndefined();
  });

  it.each(['__proto__', 'constructor'])('refuses the key %s wherever it is', (key) => {
    const body = JSON.parse(`{"type":"video.failed","data":{"id":"v","a":[{"${key}":{}}]}}`);
    expect(readEvent(body)).toEqual({ malformed: 'the body was made to do harm' });
  });
});

describe('eventOf', () => {
  it('names the event after the status, and makes its ID and time of the video', () => {
    expect(eventOf(video)).toEqual({
      event: 'video.completed',
      eventId: 'vid_1:video.completed',
      occurredAt: '2025-01-15T10:30:00.000Z',
      video,
    });
    expect(eventOf({ ...video, status: 'error' })?.event).toBe('video.failed');
  });

  it('is now where the video has no time', () => {
    const { occurredAt } = eventOf({ id: 'vid_1', status: 'failed' })!;
    expect(Math.abs(Date.parse(occurredAt) - Date.now())).toBeLessThan(60_000);
  });

  it('is none while the video is running', () => {
    expect(eventOf({ id: 'vid_1', status: 'processing' })).toBeUndefined();
  });

  it('keeps what is known of the event', () => {
    const known = { eventId: 'evt_1', occurredAt: '2025-01-01T00:00:00.000Z' };
    expect(eventOf(video, known)).toMatchObject(known);
  });
});

test('eventFrom believes what the sender says', () => {
  const unverified = eventIn({ ...event, data: { id: 'vid_1' } })!;
  expect(eventFrom(unverified)).toEqual({
    event: 'video.completed',
    eventId: 'evt_1',
    occurredAt: '2025-01-15T09:31:00.000Z',
    video: { id: 'vid_1' },
  });
});
