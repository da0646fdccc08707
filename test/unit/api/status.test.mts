import type { IDataObject } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { retryAfterOf, retryDecision } from '../../../nodes/ITeraBiz/api/status.ts';

const answer = (status: number, headers: IDataObject = {}): ApiResponse => ({
  status,
  headers,
  body: {},
});
const neverSent = new NetworkError('ECONNREFUSED', false, 'refused');
const brokeOff = new NetworkError('ECONNRESET', true, 'reset');

describe('The verdict', () => {
  test.each([
    [0, 'refused', 'unknown'],
    [199, 'refused', 'unknown'],
    [200, 'done', 'done'],
    [201, 'done', 'done'],
    [299, 'done', 'done'],
    [300, 'refused', 'refused'],
    [302, 'refused', 'refused'],
    [400, 'refused', 'refused'],
    [401, 'refused', 'refused'],
    [404, 'refused', 'refused'],
    [408, 'refused', 'refused'],
    [422, 'refused', 'refused'],
    [428, 'refused', 'refused'],
    [429, 'retry', 'retry'],
    [430, 'refused', 'refused'],
    [499, 'refused', 'refused'],
    [500, 'refused', 'unknown'],
    [501, 'refused', 'unknown'],
    [502, 'retry', 'unknown'],
    [503, 'retry', 'retry'],
    [504, 'retry', 'unknown'],
    [505, 'refused', 'unknown'],
  ])('on status %i is %s for a read and %s for a submission', (status, read, submission) => {
    expect(retryDecision('GET', answer(status))).toBe(read);
    expect(retryDecision('POST', answer(status))).toBe(submission);
  });

  test('without an answer lets a read be sent again, and a submission only if it never left', () => {
    expect(retryDecision('GET', neverSent)).toBe('retry');
    expect(retryDecision('GET', brokeOff)).toBe('retry');
    expect(retryDecision('POST', neverSent)).toBe('retry');
    expect(retryDecision('POST', brokeOff)).toBe('unknown');
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-15T10:00:00Z');
  test.each([
    ['2', 2_000],
    [' 120 ', 120_000],
    ['0', 0],
    [7, 7_000],
    ['Thu, 15 Jan 2026 10:00:30 GMT', 30_000],
    ['Thu, 15 Jan 2026 10:00:00 GMT', 0],
    ['Thu, 15 Jan 2026 09:00:00 GMT', 0],
    ['Thu, 15 Jan 2026 10:00:30 +0000', undefined],
    ['Thu, 99 Jan 2026 10:00:30 GMT', undefined],
    ['2026-01-15T10:00:30Z', undefined],
    ['2.5', undefined],
    ['-5', undefined],
    ['1e3', undefined],
    ['5 s', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %p is read as %p ms', (value, expected) => {
    expect(retryAfterOf({ 'retry-after': value }, now)).toBe(expected);
  });

  test('as a date counts from now', () => {
    const inOneMinute = new Date(Date.now() + 60_000).toUTCString();
    const pause = retryAfterOf({ 'retry-after': inOneMinute })!;
    expect(pause).toBeGreaterThan(50_000);
    expect(pause).toBeLessThanOrEqual(60_000);
  });

  test('as a date counts by the clock of whoever set it', () => {
    const headers = {
      date: 'Thu, 15 Jan 2026 12:00:00 GMT',
      'retry-after': 'Thu, 15 Jan 2026 12:00:20 GMT',
    };
    expect(retryAfterOf(headers, now)).toBe(20_000);
    expect(retryAfterOf({ ...headers, date: 'today' }, now)).toBe(7_220_000);
  });

  test('may be missing', () => {
    expect(retryAfterOf({})).toBeUndefined();
  });
});
