import type { IDataObject } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { retryAfterOf, retryDecision, statusClassOf } from '../../../nodes/ITeraBiz/api/status.ts';

const answer = (status: number, body: unknown = {}, headers: IDataObject = {}): ApiResponse => ({
  status,
  headers,
  body,
});
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
});

describe('What an answer means', () => {
  test.each<[number, unknown, IDataObject, string]>([
    [200, { success: false, error: 'Insufficient credits' }, {}, 'noCredits'],
    [200, { code: 401, message: 'Invalid key' }, {}, 'badKey'],
    [200, { success: false, code: 'E1', statusCode: 401 }, {}, 'badKey'],
    [200, { success: false, error: { code: 401, message: 'Invalid key' } }, {}, 'badKey'],
    [200, { status: '402', message: 'Top up' }, {}, 'noCredits'],
    [200, { code: 40119, message: 'Avatar not found' }, {}, 'refused'],
    [400, { error: 'Your credit balance is too low' }, {}, 'noCredits'],
    [400, { error: 'script: "credits" is not a word we speak' }, {}, 'badValues'],
    [422, { errors: { credits: ['The credits field is required.'] } }, {}, 'badValues'],
    [429, { message: '60 credits a minute are allowed' }, {}, 'busy'],
    [200, { code: 600, message: 'No' }, {}, 'refused'],
    [200, { success: false, error: 'Too many requests' }, {}, 'busy'],
    [300, {}, {}, 'moved'],
    [399, {}, {}, 'moved'],
    [400, { error: 'Too many requests' }, {}, 'badValues'],
    [400, { error: 'There are no "Tea" credits at its end' }, {}, 'badValues'],
    [400, { error: { code: { toString: 1 }, message: 'No' } }, {}, 'badValues'],
    [404, { error: 'You have no credits' }, {}, 'notFound'],
    [404, 'No such video <here>', {}, 'notFound'],
    [429, { message: 'You exceeded your quota, check your billing details' }, {}, 'noCredits'],
    [503, '<html></html>', { 'www-authenticate': 'Basic' }, 'fault'],
    [402, {}, { 'retry-after': '5' }, 'noCredits'],
    ...[400, 403, 422, 429].flatMap((status) =>
      [
        'You need 5 more credits',
        'You do not have enough credits left',
        'Your monthly credits have all been used up',
        'Your balance of 3 credits is too low',
        'This exceeds your remaining balance',
        'INSUFFICIENT_FUNDS',
        'credits: Insufficient',
        'You\'re out of credits, so the avatar "Anna" can\'t speak',
      ].map((error): [number, unknown, IDataObject, string] => [
        status,
        { error },
        {},
        'noCredits',
      ]),
    ),
    ...[400, 403, 422].flatMap((status) =>
      [
        'The script must not promise anything about payment: no guarantees',
        'script: "Out of funds? Check your balance" needs a shorter sentence',
        "script: 'You have no credits' is too short",
        'You need to shorten the credits',
        'The avatar "Credit Advisor" is not yours',
      ].map((error): [number, unknown, IDataObject, string] => {
        return [status, { error }, {}, status === 403 ? 'notAllowed' : 'badValues'];
      }),
    ),
    [403, challenge, {}, 'intercepted'],
    [403, 'error code: 1020', {}, 'intercepted'],
    [403, '', { 'cf-mitigated': 'challenge' }, 'intercepted'],
    [403, '', {}, 'notAllowed'],
    ...[404, 410].flatMap((status): [number, unknown, IDataObject, string][] => [
      [status, '<html><head><title>404 Not Found</title></head></html>', {}, 'misrouted'],
      [status, '\uFEFF\r\n<!-- a site --><h1>Oops</h1>', {}, 'misrouted'],
      [status, '404 page not found\n', {}, 'misrouted'],
      [status, 'default backend - 404', {}, 'misrouted'],
      [status, '', {}, 'notFound'],
      [status, null, {}, 'notFound'],
      [status, ['<p> is no avatar'], {}, 'notFound'],
      [status, 'Not Found', {}, 'notFound'],
      [status, { message: 'No such video <here>' }, {}, 'notFound'],
    ]),
    [405, '<html><title>405 Not Allowed</title></html>', {}, 'misrouted'],
    [405, { message: 'No' }, {}, 'refused'],
    [401, '<html><title>Sign in</title></html>', {}, 'badKey'],
    ...['Basic realm="proxy"', 'Negotiate', 'NTLM', 'Digest realm="a"'].map(
      (login): [number, unknown, IDataObject, string] => {
        return [
          401,
          '<html><title>No</title></html>',
          { 'www-authenticate': login },
          'intercepted',
        ];
      },
    ),
    [401, { message: 'No key' }, { 'www-authenticate': 'Basic realm="API"' }, 'badKey'],
    [401, '<html></html>', { 'www-authenticate': 'Bearer' }, 'badKey'],
    [503, '<html><head><title>Application error</title></head></html>', {}, 'fault'],
    [503, 'upstream connect error or disconnect/reset before headers', {}, 'fault'],
    [503, '<html><title>Busy</title></html>', { 'retry-after': '1' }, 'busy'],
    [503, 'Service Unavailable', {}, 'busy'],
    [503, '', {}, 'busy'],
    [503, { message: 'Busy' }, {}, 'busy'],
    [503, { message: 'Service Unavailable' }, {}, 'fault'],
    [503, { message: 'Service Unavailable' }, { 'retry-after': '1' }, 'busy'],
    [503, { message: 'Service Unavailable', code: 'busy' }, {}, 'busy'],
    [403, '<html><title>Payment required</title></html>', {}, 'noCredits'],
    [403, { message: 'Not yours' }, {}, 'notAllowed'],
    [403, { message: 'Not yours' }, { 'retry-after': '5' }, 'notAllowed'],
    [403, { message: 'You may not use a second avatar' }, {}, 'notAllowed'],
    [403, { message: 'API rate limit exceeded' }, {}, 'busy'],
    [407, '<html><title>Proxy</title></html>', {}, 'intercepted'],
    [429, { message: 'You are out of credits' }, {}, 'noCredits'],
    [429, { message: 'You are out of credits' }, { 'retry-after': '30' }, 'busy'],
    [429, { message: 'Limit of credits per minute reached' }, {}, 'busy'],
    [429, { message: 'Add a payment method to raise your limit' }, { 'retry-after': '9' }, 'busy'],
    [429, { error: { code: 'rate_limit', message: 'Add credits to go faster' } }, {}, 'busy'],
  ])('%i with %j and %j: %s', (status, body, headers, meaning) => {
    expect(statusClassOf({ status, body, headers })).toBe(meaning);
  });

  test('what is between never decides about a submission, and may let a read through later', () => {
    for (const status of [403, 404, 405, 410]) {
      expect(retryDecision('POST', answer(status, challenge))).toBe('refused');
      const isForNow = status === 403;
      expect(retryDecision('GET', answer(status, challenge))).toBe(isForNow ? 'retry' : 'refused');
    }
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-15T10:00:00Z');
  test.each([
    ['2', 2_000],
    [' 120 ', 120_000],
    ['0', 0],
    [7, 7_000],
    [2_678_400, 31 * 24 * 3_600_000],
    ['Thu, 15 Jan 2026 10:00:30 GMT', 30_000],
    ['Thu, 15 Jan 2026 10:00:00 GMT', 0],
    ['Thu, 15 Jan 2026 09:00:00 GMT', 0],
    ['Thu, 15 Jan 2026 10:00:30 +0000', undefined],
    ['Thu, 99 Jan 2026 10:00:30 GMT', undefined],
    ['2026-01-15T10:00:30Z', 30_000],
    ['2.5', undefined],
    ['-5', undefined],
    ['1e3', undefined],
    ['5 s', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    // The account would pause for as long as n8n runs.
    ['2678401', undefined],
    ['1768478400', undefined],
    ['9'.repeat(400), undefined],
    ['Thu, 15 Jan 2099 12:00:00 GMT', undefined],
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

test('the body of a failed download may be a stream, which refers to itself', () => {
  const body: IDataObject = {};
  body.self = body;
  expect(statusClassOf(answer(503, body))).toBe('busy');
});
