import { UserError } from 'n8n-workflow';

import { Slots } from '../../../nodes/ITeraBiz/client/slots.ts';
import { describeEnd, describeRefusedLook } from '../../../nodes/ITeraBiz/waiting/wait.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { Waits, Watch } from '../../../nodes/ITeraBiz/account/watch.ts';
import { readerOf, RefusedLook } from '../../../nodes/ITeraBiz/account/videos.ts';

const answer = (status: number) => ({ status, headers: {}, body: '' });

describe('How a wait ended', () => {
  const running = { id: 'v1', status: 'processing' };
  const failed = { id: 'v1', status: 'failed', error: { message: 'Too dark' } };

  test('well: there is nothing to say', () => {
    const video = { id: 'v1', status: 'completed' };
    expect(describeEnd({ reason: 'finished', video }, 'v1', 60)).toBeUndefined();
    expect(describeEnd({ reason: 'finished', video: failed }, 'v1', 60, 'output')).toBeUndefined();
  });

  test.each([undefined, 'stop' as const])('with a failed video, failedVideos %p', (choice) => {
    expect(describeEnd({ reason: 'finished', video: failed }, 'v1', 60, choice)).toEqual({
      message: 'iTeraBiz could not make video v1: Too dark',
      description:
        'Correct what the reason names and create the video again, or ask api@iterabiz.com.',
    });
  });

  test('with a failed video that gives no reason', () => {
    const video = { status: 'Cancelled' };
    expect(describeEnd({ reason: 'finished', video }, 'v1', 60)?.message).toBe(
      'iTeraBiz could not make video v1 (status: Cancelled)',
    );
  });

  test.each([
    [1, '1 minute'],
    [60, '60 minutes'],
    [0.5, '0.5 minutes'],
  ])('after %p minutes of waiting', (maxWait, time) => {
    for (const choice of ['stop', 'output'] as const) {
      expect(describeEnd({ reason: 'gaveUp', video: running }, 'v1', maxWait, choice)).toEqual({
        message: `Video v1 was not finished after ${time} (last status: processing)`,
        description:
          'It is not lost: iTeraBiz goes on with it. Get it later by this ID, or raise Max Wait in the options.',
      });
    }
  });

  test('with a video that is gone', () => {
    expect(describeEnd({ reason: 'gone', video: running }, 'v1', 60, 'output')).toEqual({
      message: 'iTeraBiz no longer knows video v1 (last status: processing)',
      description:
        'It accepted this video before. Look in your iTeraBiz dashboard whether it was deleted, or ask api@iterabiz.com.',
    });
  });
});

describe('A refused look', () => {
  test.each([
    [401, true],
    [403, true],
    [400, false],
    [402, false],
    [404, false],
    [429, false],
    [500, false],
    [503, false],
  ])('with status %i is final: %p', (status, expected) => {
    expect(new RefusedLook(answer(status)).isFinal).toBe(expected);
  });

  test('without an answer is not', () => {
    expect(new RefusedLook(new NetworkError('ECONNRESET', true, 'x')).isFinal).toBe(false);
  });

  test('is described like any other refusal', () => {
    expect(describeRefusedLook(new RefusedLook(answer(401))).message).toBe(
      'iTeraBiz does not accept the API key of this credential',
    );
    expect(describeRefusedLook(new RefusedLook(answer(500))).message).toBe(
      'iTeraBiz could not look for videos because of a fault on its side',
    );
    const noAnswer = new RefusedLook(new NetworkError('', false, 'x'));
    expect(describeRefusedLook(noAnswer).message).toBe(
      'iTeraBiz could not be reached to look for videos',
    );
  });
});

describe('Looking through the API', () => {
  const prepared = {
    url: '/videos',
    method: 'POST' as const,
    body: { script: 'x' },
    timeout: 9,
  };

  function reading(answering: Answering, slots = new Slots(5)) {
    const { context, asked } = fakeContext({ answer: answering });
    return { reader: readerOf(context, prepared, slots), asked };
  }

  test('asks for one video by its ID, which is encoded', async () => {
    const { reader, asked } = reading(() => answered({ id: 'a/b', status: 'queued' }));
    expect(await reader.byId('a/b')).toEqual({ id: 'a/b', status: 'queued' });
    expect(asked).toMatchObject([{ method: 'GET', url: '/videos/a%2Fb', timeout: 9 }]);
    expect(asked[0].body).toBeUndefined();
  });

  test('asks for pages of a hundred', async () => {
    const page = { data: [{ id: 'a' }], has_more: true };
    const { reader, asked } = reading(() => answered(page));
    expect(await reader.page()).toEqual(page);
    expect(await reader.page('a')).toEqual(page);
    expect(asked).toMatchObject([
      { method: 'GET', url: '/videos', qs: { limit: 100 } },
      { method: 'GET', url: '/videos', qs: { limit: 100, starting_after: 'a' } },
    ]);
    expect(asked[0].qs).toStrictEqual({ limit: 100 });
  });

  test('a video the API does not know is none', async () => {
    const { reader } = reading(() => answered({}, 404));
    expect(await reader.byId('a')).toBeUndefined();
  });

  test.each([300, 302, 400, 401, 429, 500, 502, 503])('status %i is a refusal', async (status) => {
    const { reader } = reading(() => answered({ id: 'a' }, status));
    const refusal = { refusal: { status } };
    await expect(reader.byId('a')).rejects.toMatchObject(refusal);
    await expect(reader.page()).rejects.toMatchObject(refusal);
    await expect(reader.page()).rejects.toBeInstanceOf(RefusedLook);
  });

  test.each(['<html>', '', []])('an answer like %p is one too', async (body) => {
    const { reader } = reading(() => answered(body));
    await expect(reader.byId('a')).rejects.toBeInstanceOf(RefusedLook);
  });

  test('so is a page that is none, and one at an address that is not there', async () => {
    await expect(reading(() => answered({ ok: true })).reader.page()).rejects.toBeInstanceOf(
      RefusedLook,
    );
    await expect(reading(() => answered({}, 404)).reader.page()).rejects.toMatchObject({
      refusal: { status: 404 },
    });
  });

  test('and no answer at all', async () => {
    const { reader } = reading(() => connectionReset);
    await expect(reader.byId('a')).rejects.toMatchObject({ refusal: { code: 'ECONNRESET' } });
  });

  test('Retry-After holds back the next look, but not for longer than five minutes', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
    jest.useFakeTimers({ now: 0 });
    const slots = new Slots(5);
    const after = { seconds: '7' };
    const { reader } = reading(() => answered({}, 429, { 'retry-after': after.seconds }), slots);
    await expect(reader.byId('a')).rejects.toBeInstanceOf(RefusedLook);
    expect(await opening(slots)).toBe(7_000);

    after.seconds = '86400';
    await expect(reader.byId('a')).rejects.toBeInstanceOf(RefusedLook);
    expect(await opening(slots)).toBe(307_000);
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('no look is made while the API asks for a pause', async () => {
    jest.useFakeTimers({ now: 0 });
    const slots = new Slots(5);
    await slots.holdBack(3_000);
    const { reader, asked } = reading(() => answered({ id: 'a' }), slots);
    const looked = reader.byId('a');
    await jest.advanceTimersByTimeAsync(2_999);
    expect(asked).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(await looked).toEqual({ id: 'a' });
    jest.useRealTimers();
  });

  /** When the slots are open again, in milliseconds. */
  async function opening(slots: Slots): Promise<number> {
    let at = -1;
    void slots.untilOpen().then(() => (at = Date.now()));
    while (at < 0) await jest.advanceTimersByTimeAsync(1_000);
    return at;
  }
});

describe('A watch through the API', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  const wish = { id: 'a', interval: 1_000, deadline: 60_000, last: { id: 'a' } };

  function waiting(answering: Answering) {
    const { context, asked } = fakeContext({ answer: answering });
    const reader = readerOf(context, { url: '' }, new Slots(1));
    const waits = new Waits(async () => new Watch(), reader);
    const end: { value?: unknown } = {};
    waits.wait(wish).then(
      (wake) => (end.value = wake),
      (error: unknown) => (end.value = error),
    );
    return { asked, end };
  }

  test('ends with a key that is refused', async () => {
    const { asked, end } = waiting(() => answered({}, 401));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(end.value).toBeInstanceOf(RefusedLook);
    expect(asked).toHaveLength(1);
  });

  test('goes on while the API is busy', async () => {
    const { asked, end } = waiting(() => answered({}, 503));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(end.value).toBeUndefined();
    expect(asked.length).toBeGreaterThan(1);
  });

  test('ends with what is no answer of the network', async () => {
    const { asked, end } = waiting(() => new UserError('no credential'));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(end.value).toMatchObject({ message: 'no credential' });
    expect(asked).toHaveLength(1);
  });
});
