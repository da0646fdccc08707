import { type ApiResponse, NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { backOff, retryDecision } from '../../../nodes/ITeraBiz/client/retry.ts';

const answer = (status: number, body: unknown = {}): ApiResponse => ({ status, headers: {}, body });
const neverSent = new NetworkError('ECONNREFUSED', false, 'refused');
const brokeOff = new NetworkError('ECONNRESET', true, 'reset');
const challenge = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';

describe('The retry decision', () => {
  test.each([
    [0, 'retry', 'unknown'],
    [199, 'retry', 'unknown'],
    [300, 'refused', 'unknown'],
    [302, 'refused', 'unknown'],
    [399, 'refused', 'unknown'],
    [400, 'refused', 'refused'],
    [401, 'refused', 'refused'],
    [402, 'refused', 'refused'],
    [403, 'refused', 'refused'],
    [404, 'refused', 'refused'],
    [405, 'refused', 'refused'],
    [406, 'refused', 'unknown'],
    [408, 'retry', 'unknown'],
    [409, 'refused', 'unknown'],
    [410, 'refused', 'refused'],
    [413, 'refused', 'refused'],
    [415, 'refused', 'refused'],
    [422, 'refused', 'refused'],
    [425, 'retry', 'unknown'],
    [428, 'refused', 'unknown'],
    [429, 'retry', 'retry'],
    [451, 'refused', 'refused'],
    [499, 'refused', 'unknown'],
    [500, 'retry', 'unknown'],
    [502, 'retry', 'unknown'],
    [503, 'retry', 'retry'],
    [504, 'retry', 'unknown'],
    [520, 'retry', 'unknown'],
    [530, 'retry', 'unknown'],
    [999, 'retry', 'unknown'],
  ])('on status %i is %s for a read and %s for a submission', (status, read, submission) => {
    expect(retryDecision('GET', answer(status))).toBe(read);
    expect(retryDecision('POST', answer(status, { id: 'video_1' }))).toBe(submission);
    expect(retryDecision('POST', answer(status))).toBe(submission);
  });

  test.each([200, 201, 202, 299])('on status %i rests on what the answer says', (status) => {
    expect(retryDecision('GET', answer(status, 'anything'))).toBe('done');
    expect(retryDecision('DELETE', answer(status, ''))).toBe('done');
    for (const accepted of [{ id: 'video_1' }, { data: { id: 7 } }, { job: { id: 'a' } }]) {
      expect(retryDecision('POST', answer(status, accepted))).toBe('done');
    }
    for (const open of [{}, { message: 'Created' }, 'OK', '', null, challenge, [], { id: null }]) {
      expect(retryDecision('POST', answer(status, open))).toBe('unknown');
    }
    for (const no of [
      { success: false, error: 'Insufficient credits' },
      { code: 40119, message: 'Avatar not found', data: null },
      { status: 'error', message: 'No' },
      { error: { message: 'No' } },
      { errors: [{ message: 'No' }], data: null },
    ]) {
      expect(retryDecision('POST', answer(status, no))).toBe('refused');
      expect(retryDecision('GET', answer(status, no))).toBe('refused');
    }
    // It says no, and names a job all the same: nobody knows.
    const both = { success: false, error: 'Timeout', data: { id: 'video_1' } };
    expect(retryDecision('POST', answer(status, both))).toBe('unknown');
    const inside = { code: 500, message: 'Internal error' };
    expect(retryDecision('POST', answer(status, inside))).toBe('unknown');
  });

  test('a success that asks for patience was no success, and may be tried again', () => {
    const body = { success: false, message: 'Rate limit reached' };
    expect(retryDecision('POST', answer(200, body))).toBe('retry');
  });

  test('without an answer lets a read be sent again, and a submission only if it never left', () => {
    expect(retryDecision('GET', neverSent)).toBe('retry');
    expect(retryDecision('GET', brokeOff)).toBe('retry');
    expect(retryDecision('POST', neverSent)).toBe('retry');
    expect(retryDecision('POST', brokeOff)).toBe('unknown');
  });

  test('what is between never decides about a submission, and may let a read through later', () => {
    for (const status of [403, 404, 405, 410]) {
      expect(retryDecision('POST', answer(status, challenge))).toBe('refused');
      const isForNow = status === 403;
      expect(retryDecision('GET', answer(status, challenge))).toBe(isForNow ? 'retry' : 'refused');
    }
  });
});

describe('The pause before the next try', () => {
  afterEach(() => void jest.restoreAllMocks());

  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
    [5, 16_000],
    [6, 30_000],
    [9, 30_000],
  ])('after try %i the pause is a random part of %i ms', (tries, limit) => {
    expect([0, 0.5, 0.999].map((random) => backOff(tries, undefined, random))).toEqual([
      0,
      limit / 2,
      limit * 0.999,
    ]);
  });

  test('it is never shorter than the API asks for, and up to a second longer', () => {
    expect(backOff(1, 2_000, 0)).toBe(2_000);
    expect(backOff(1, 0, 0.5)).toBe(500);
    expect(backOff(1, 1_000, 0.999)).toBe(1_999);
    expect(backOff(5, 86_400_000, 0.999)).toBe(86_400_999);
  });

  test('it grows, too, where the API always asks for a short one', () => {
    expect([1, 3, 6].map((tries) => backOff(tries, 1_000, 0.5))).toEqual([1_500, 2_000, 15_000]);
  });

  test('it draws a number of its own', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.25);
    expect([backOff(1, undefined), backOff(4, 60_000)]).toEqual([250, 60_250]);
  });
});
