import type { IDataObject } from 'n8n-workflow';

import type { ApiResponse } from '../../../nodes/ITeraBiz/api/response.ts';
import { retryAfterOf, statusClassOf } from '../../../nodes/ITeraBiz/api/status.ts';

const answer = (status: number, body: unknown = {}, headers: IDataObject = {}): ApiResponse => ({
  status,
  headers,
  body,
});
const challenge = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';

describe('What an answer means', () => {
  test.each<[number, unknown]>([
    [503, '<html><head><title>503 Backend fetch failed</title></head></html>'],
    [503, { message: 'upstream request timeout' }],
    [503, { error: { message: 'The request timed out' } }],
    [200, { success: false, message: 'Internal error' }],
  ])(
    '%i with %j is a fault, although it asks for a pause: it may have been halfway',
    (status, body) => {
      const headers = { 'retry-after': '5' };
      expect(statusClassOf({ status, body, headers })).toBe('fault');
    },
  );

  test.each<[number, unknown, IDataObject, string]>([
    [200, { success: false, error: 'The script must not say "timeout"' }, {}, 'refused'],
    [200, { success: false, error: 'Insufficient credits' }, {}, 'noCredits'],
    [200, { code: 401, message: 'Invalid key' }, {}, 'badKey'],
    [200, { success: false, code: 'E1', statusCode: 401 }, {}, 'badKey'],
    [200, { success: false, error: { code: 401, message: 'Invalid key' } }, {}, 'badKey'],
    [200, { status: '402', message: 'Top up' }, {}, 'noCredits'],
    [200, { code: 40119, message: 'Avatar not found' }, {}, 'refused'],
    // What is quoted, or said about a text, is the words of that row.
    [403, { error: 'This is not allowed: "Earn 500 dollars per hour"' }, {}, 'notAllowed'],
    [200, { success: false, error: 'Refused: "Try again in a week"' }, {}, 'refused'],
    [
      422,
      { detail: [{ loc: ['body', 'script'], msg: 'Banned phrase: no credit, no credits' }] },
      {},
      'badValues',
    ],
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
    // Links are not what the API says.
    [403, { error: 'Not in your plan. See https://help.example/s/article' }, {}, 'notAllowed'],
    [429, { error: '3 at once. Upgrade at https://app.example/billing' }, {}, 'busy'],
    [429, { error: 'Out of credits. See https://help.example/s/article' }, {}, 'noCredits'],
    [503, { error: 'We are busy. See https://status.example/timeouts' }, {}, 'busy'],
    [400, { error: 'No such image: https://docs.example/low-credits' }, {}, 'badValues'],
    // A rate is one also where the refusal sells something.
    ...[
      'Free accounts are limited to 3 requests per minute. Add a payment method to increase this.',
      'You can create 3 videos per minute. Buy credits to raise this limit.',
      'Credit limit exceeded: 60 per minute',
      'You exceeded your quota, check your billing details: https://ai.example/docs/rate-limits',
      'You exceeded your quota, check your billing details. Please retry in 38s.',
    ].map((error): [number, unknown, IDataObject, string] => [429, { error }, {}, 'busy']),
    [403, { error: 'At most 3 requests/min. Add a payment method for more.' }, {}, 'busy'],
    // A price is not a rate.
    ...[200, 400, 403, 429].map((status): [number, unknown, IDataObject, string] => [
      status,
      { success: false, error: 'Insufficient credits: a video costs 2 credits per minute' },
      {},
      'noCredits',
    ]),
    [403, { code: 'insufficient_credits', message: 'You need 2 credits/min' }, {}, 'noCredits'],
    [403, { message: 'You exceeded 60 credits per minute' }, {}, 'busy'],
    [429, { message: 'You exceeded 60 credits a minute' }, {}, 'busy'],
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
    ['-5', undefined],
    ['1e3', undefined],
    ['2.0', 2_000],
    ['2.5', 2_500],
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
