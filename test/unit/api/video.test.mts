import {
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  failureReasonOf,
  inReadingOrder,
  isVideoOf,
  outcomeOf,
  statusOf,
  videoIdOf,
} from '../../../nodes/ITeraBiz/api/video.ts';
import { isObject } from '../../../nodes/ITeraBiz/api/json.ts';

describe('The outcome', () => {
  test.each(['completed', 'complete', 'succeeded', 'success', 'done', 'ready', ' COMPLETED '])(
    'of %p is completed',
    (status) => expect(outcomeOf({ status })).toBe('completed'),
  );

  test.each([
    'failed',
    'error',
    'errored',
    'canceled',
    'cancelled',
    'expired',
    'rejected',
    'Failed',
  ])('of %p is failed', (status) => expect(outcomeOf({ status })).toBe('failed'));

  test.each(['queued', 'processing', 'completed soon', 'unknown', '', null, undefined, 3, {}])(
    'of %p is that it still runs',
    (status) => expect(outcomeOf({ status })).toBe('running'),
  );
});

test.each([
  [{ status: ' Rendering ' }, 'Rendering'],
  [{ status: ' ' }, 'unknown'],
  [{ status: 7 }, 'unknown'],
  [{}, 'unknown'],
])('the status of %j is in its own word', (video, status) => {
  expect(statusOf(video)).toBe(status);
});

test.each([
  [{ id: 'video_1' }, 'video_1'],
  [{ id: 17 }, '17'],
  [{ id: 0 }, '0'],
  [{ id: '' }, undefined],
  [{ id: null }, undefined],
  [{ id: {} }, undefined],
  [{}, undefined],
  ['video_1', undefined],
  [null, undefined],
  [undefined, undefined],
  [[{ id: 'video_1' }], undefined],
])('the ID in %j is %p', (video, id) => {
  expect(videoIdOf(video)).toBe(id);
});

test.each([
  [{ id: 'video_1', status: 'queued' }, true],
  [{ id: 'video_2', status: 'queued' }, false],
  [{ status: 'queued' }, false],
  [[{ id: 'video_1' }], false],
  ['video_1', false],
  [undefined, false],
])('whether %j is what was asked for as video_1: %p', (body, expected) => {
  expect(isVideoOf('video_1', body)).toBe(expected);
});

test('A video whose ID is a number is found by it', () => {
  expect(isVideoOf('17', { id: 17 })).toBe(true);
});

describe('The download link', () => {
  const link = 'https://cdn.example/a.mp4';

  test.each([
    [{ video_url: link }],
    [{ download_url: link }],
    [{ url: link }],
    [{ result: { url: link } }],
    [{ output: { url: link } }],
    [{ video_url: null, download_url: '', url: link }],
    [{ result: link, output: { url: link } }],
    [{ video_url: link, url: 'https://cdn.example/b.mp4' }],
    [{ video_url: { url: 'no' }, url: link }],
  ])('is found in %j', (video) => {
    expect(downloadUrlOf(video)).toBe(link);
  });

  test.each([[{}], [{ link }], [{ url: 5 }], [{ result: { link } }], [{ result: null }]])(
    'is not found in %j',
    (video) => expect(downloadUrlOf(video)).toBeUndefined(),
  );

  test('is looked for in this order', () => {
    expect(DOWNLOAD_URL_FIELDS).toEqual([
      'video_url',
      'download_url',
      'url',
      'result.url',
      'output.url',
    ]);
  });
});

test.each([
  [{ error: { code: 'nsfw', message: ' Not allowed ' } }, 'Not allowed'],
  [{ error: { code: 'nsfw' } }, 'nsfw'],
  [{ error: 'Not allowed' }, 'Not allowed'],
  [{ error: ' ' }, undefined],
  [{ error: { message: 5 } }, undefined],
  [{ error: null }, undefined],
  [{}, undefined],
])('the reason in %j is %p', (video, reason) => {
  expect(failureReasonOf(video)).toBe(reason);
});

test('an object is neither null nor a list nor text', () => {
  expect([{}, { a: 1 }].every(isObject)).toBe(true);
  expect([null, undefined, [], 'x', 5, true].some(isObject)).toBe(false);
});

describe('The order of reading', () => {
  test('begins with what people look for, and changes and loses nothing', () => {
    const video = {
      script: 'a',
      video_url: null,
      error: null,
      id: 'v',
      language: 'en',
      status: '',
    };
    expect(Object.entries(inReadingOrder(video))).toEqual([
      ['id', 'v'],
      ['status', ''],
      ['video_url', null],
      ['script', 'a'],
      ['error', null],
      ['language', 'en'],
    ]);
  });

  test('adds nothing', () => {
    expect(Object.entries(inReadingOrder({ name: 'Anna', id: 'a' }))).toEqual([
      ['id', 'a'],
      ['name', 'Anna'],
    ]);
    expect(inReadingOrder({})).toEqual({});
  });
});
