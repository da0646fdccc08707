import {
  createdAt,
  DOWNLOAD_URL_FIELDS,
  downloadUrlOf,
  failureReasonOf,
  hasEnded,
  inReadingOrder,
  isPartial,
  jobIn,
  lacksLink,
  lacksStatus,
  outcomeOf,
  saysNo,
  statusOf,
  timeOf,
  idOf,
  videoIn,
} from '../../../nodes/ITeraBiz/api/video.ts';
import { isObject, jsonOrText } from '../../../nodes/ITeraBiz/api/json.ts';

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

const link = 'https://cdn.example/a.mp4';

test.each([
  [{ status: 'queued' }, { ended: false, link: false, status: false }],
  [
    { status: 'queued', video_url: link },
    { ended: false, link: false, status: false },
  ],
  [{ status: 'failed' }, { ended: true, link: false, status: false }],
  [
    { status: 'completed', video_url: link },
    { ended: true, link: false, status: false },
  ],
  [{ status: 'completed' }, { ended: false, link: true, status: false }],
  [{ video_url: link }, { ended: false, link: false, status: true }],
])('whether %j has ended, and what it lacks: %j', (video, expected) => {
  expect({
    ended: hasEnded(video),
    link: lacksLink(video),
    status: lacksStatus(video),
  }).toEqual(expected);
  expect(isPartial(video)).toBe(expected.link || expected.status);
});

test.each([
  [{ id: 'video_1' }, 'video_1'],
  [{ id: 17 }, '17'],
  [{ id: 0 }, '0'],
  [{ id: 9_007_199_254_740_991 }, '9007199254740991'],
  [{ id: 1_234_567_890_123_456_789 }, undefined],
  [{ id: 1.5 }, undefined],
  [{ id: '' }, undefined],
  [{ id: null }, undefined],
  [{ id: {} }, undefined],
  [{}, undefined],
  ['video_1', undefined],
  [null, undefined],
  [undefined, undefined],
  [[{ id: 'video_1' }], undefined],
])('the ID in %j is %p', (video, id) => {
  expect(idOf(video)).toBe(id);
});

const asked = { id: 'video_1', status: 'queued' };

test.each([
  [asked],
  [{ data: asked }],
  [{ success: true, job: asked }],
  [{ id: 'req_1', data: { video: asked } }],
])('what was asked for as video_1 is in %j', (body) => {
  expect(videoIn(body, 'video_1')).toBe(asked);
});

test.each([
  [{ ...asked, id: 'video_2' }],
  [{ status: 'queued' }],
  [{ data: { ...asked, id: 'video_2' } }],
  [{ avatar: asked }],
  [[asked]],
  [{ data: [asked] }],
  [{ data: { data: { data: asked } } }],
  ['video_1'],
  [undefined],
])('it is not in %j', (body) => expect(videoIn(body, 'video_1')).toBeUndefined());

test('A video whose ID is a number is found by it', () => {
  expect(videoIn({ id: 17 }, '17')).toEqual({ id: 17 });
});

describe('The download link', () => {
  test.each([
    [{ video_url: link }],
    [{ download_url: link }],
    [{ url: link }],
    [{ result: { url: link } }],
    [{ output: { url: link } }],
    [{ video_url: null, download_url: '', url: link }],
    [{ video_url: ` ${link}\n` }],
    [{ video_url: ' ', url: link }],
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
  [{ error: { code: 'nsfw', message: '' } }, 'nsfw'],
  [{ error: [{ message: 'One' }, { message: 'Two' }] }, 'One; Two'],
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
  test('begins with what people look for, and loses nothing but an empty error', () => {
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
      ['language', 'en'],
    ]);
  });

  // n8n before 2.36 takes a first item with the key `error` for a failure, and runs the node again.
  test('gives out why a video failed, but never under the name of an error', () => {
    const error = { code: 'nsfw', message: 'Not allowed' };
    for (const reason of [error, 'Not allowed']) {
      const output = inReadingOrder({ id: 'v', error: reason });
      expect(output).toEqual({ id: 'v', failure: reason });
      expect('error' in output).toBe(false);
      expect(failureReasonOf(output)).toBe('Not allowed');
      expect(inReadingOrder(output)).toEqual(output);
    }
    for (const none of [null, undefined, '', {}]) {
      expect(inReadingOrder({ id: 'v', error: none })).toEqual({ id: 'v' });
    }
  });

  test('adds nothing', () => {
    expect(Object.entries(inReadingOrder({ name: 'Anna', id: 'a' }))).toEqual([
      ['id', 'a'],
      ['name', 'Anna'],
    ]);
    expect(inReadingOrder({})).toEqual({});
  });
});

describe('The created object', () => {
  const job = { id: 'video_1', status: 'queued' };

  test.each([
    [job],
    [{ data: job }],
    [{ job }],
    [{ video: job }],
    [{ result: job }],
    [{ success: true, error: null, data: { video: job } }],
    [{ code: 100, message: 'Success', data: job }],
    [{ id: 'req_1', data: job }],
    [{ id: 'req_1', status: 'success', data: { ...job, avatar_id: 'avatar_1' } }],
    [{ ...job, created_at: '2026-01-31T10:30:00Z', output: { id: 'file_1', status: 'pending' } }],
    [{ ...job, avatar: { id: 'avatar_1', status: 'ready' } }],
    [{ id: 'req_1', created_at: '2026-01-31T10:30:00Z', data: job }],
    [{ id: 'req_1', status: 'ok', name: 'a', data: job }],
    [{ id: 'req_1', status: '202', data: job }],
    [{ ...job, output: { id: 'file_1', name: 'video.mp4' } }],
    [{ id: 'queue_1', status: 'queued', data: { video: job } }],
    [
      {
        id: 'queue_1',
        status: 'queued',
        job: { ...job, output: { id: 'file_1', status: 'pending' } },
      },
    ],
  ])('is found in %j', (body) => {
    expect(jobIn(body)).toMatchObject(job);
    expect(saysNo(body)).toBe(false);
  });

  test.each([
    [{ id: 'req_1', status: 'processing', data: { id: 'video_1', avatar_id: 'avatar_1' } }],
    [{ id: 'req_1', status: 'success', data: { id: 'video_1', name: 'Anna' } }],
    [{ id: 'req_1', status: 'success', data: { id: 'video_1', created_at: '2026-01-31' } }],
    [{ id: 'req_1', data: { id: 'video_1', status: 'created' } }],
    [{ id: 'video_1', output: { id: 'file_1' } }],
  ])('is told from its envelope and its file in %j', (body) => {
    expect(jobIn(body)?.id).toBe('video_1');
  });

  test('may have a number for an ID, no status, and may have failed at once', () => {
    expect(jobIn({ data: { id: 7 } })).toEqual({ id: 7 });
    const accepted = { id: 'video_1', status: 'success' };
    expect(jobIn(accepted)).toEqual(accepted);
    const failed = { id: 'video_1', status: 'failed', error: { message: 'No' } };
    expect(jobIn(failed)).toEqual(failed);
    expect(saysNo(failed)).toBe(false);
  });

  test.each([
    [{}],
    [{ id: '' }],
    [{ id: null, data: { id: {} } }],
    [{ avatar: { id: 'avatar_1' } }],
    [{ data: [job], has_more: false }],
    [{ success: false, data: job }],
    [{ ok: 'false', id: 'req_1' }],
    [{ id: 'req_1', error: { code: 'no_credits', message: 'No credits' } }],
    [{ id: 'req_1', status: 402, message: 'No credits' }],
    [{ id: 'req_1', status: 'ok', data: { id: 'video_1' } }],
    [[job]],
    ['video_1'],
    [null],
  ])('is not in %j', (body) => {
    expect(jobIn(body)).toBeUndefined();
  });
});

describe('A body says no', () => {
  test.each([
    [{ success: false }],
    [{ success: 'false', message: 'No' }],
    [{ ok: false }],
    [{ status: 'error' }],
    [{ status: 'fail', data: { script: 'Too long' } }],
    [{ error: 'No' }],
    [{ error: true, message: 'No' }],
    [{ errors: ['No'] }],
    [{ code: 40119, message: 'Avatar not found' }],
    [{ statusCode: '422', message: ['Too long'] }],
    [{ status: 401, message: 'Invalid key' }],
    [{ request_id: 'r1', trace_id: 't1', avatar_id: 'avatar_1', error: 'No' }],
    [{ job_id: null, video_id: '', error: 'No' }],
    [{ success: false, status: 'queued', error: 'No' }],
    [{ error: 'OK is no language' }],
    [{ data: [], errors: ['No'] }],
    [{ code: 400, message: 'No' }],
    [{ status: 'failure' }],
    [{ status: 'unauthorized', code: 401, error: 'Invalid API key' }],
    [{ status: 'Insufficient_Credits' }],
    [{ status: 'rate_limited', error: 'Too many requests' }],
    [{ status: 'invalid', error: 'Script too long' }],
  ])('%j', (body) => expect(saysNo(body)).toBe(true));

  test.each([
    [{}],
    [{ message: 'Accepted' }],
    [{ success: true }],
    [{ error: null, errors: [] }],
    [{ error: '' }],
    [{ error: false }],
    [{ code: 0, message: 'ok' }],
    [{ code: 200, message: 'ok' }],
    [{ code: 1000, message: 'Success', data: {} }],
    [{ status: 200, message: 'Your job was taken' }],
    [{ success: false, id: 'video_1' }],
    [{ success: false, task_id: 't1' }],
    [{ success: true, errors: ['en-US is in beta'] }],
    [{ ok: 1, code: 1000, message: 'It is being made' }],
    [{ status: 'queued', errors: [{ message: 'The duration was rounded' }] }],
    [{ status: 'Completed', error: 'Late' }],
    [{ job_id: 'j1', error: 'Late' }],
    [{ data: { videoId: 7 }, errors: ['Late'] }],
    [{ video_id: 'v1', status: 'failed', error: { message: 'The renderer is down' } }],
    [{ generation_id: 'g1', code: 500, message: 'Late' }],
    [{ code: 20000, message: 'It is being made', data: { task_id: 't1' } }],
    [{ status: 'failed over', errors: ['Late'] }],
    [{ status: 'in the works', errors: ['en-US is in beta'] }],
    [{ status: '2 in line', errors: ['en-US is in beta'] }],
    [{ status: 'step 1', errors: ['en-US is in beta'] }],
    [{ data: { status: 'queued' }, errors: ['en-US is in beta'] }],
    [{ code: 500 }],
    [{ error: 'none' }],
    [{ error: { code: 0, message: 'OK' } }],
    [{ error: 'No', data: { id: 1_234_567_890_123_456_789 } }],
    [{ data: [], has_more: false }],
    [{ data: [{ name: 'a' }], errors: ['One is missing'] }],
    ['No'],
    [null],
  ])('%j does not', (body) => expect(saysNo(body)).toBe(false));
});

describe('A time', () => {
  const at = Date.UTC(2026, 0, 31, 10, 30);

  test.each([
    ['2026-01-31T10:30:00Z'],
    ['2026-01-31T10:30:00'],
    ['2026-01-31 10:30:00'],
    ['2026-01-31T10:30'],
    ['2026-01-31 10:30:00 UTC'],
    ['2026-01-31T10:30:00.000000'],
    ['2026-01-31T12:30:00+02:00'],
    ['2026-01-31T12:30:00+0200'],
    ['2026-01-31 05:30:00-05'],
    ['Sat, 31 Jan 2026 10:30:00 GMT'],
    [at],
    [at / 1_000],
    [String(at / 1_000)],
    [` ${at} `],
  ])('%j', (value) => {
    expect(timeOf(value)).toBe(at);
    expect(createdAt({ created_at: value })).toBe(at);
  });

  test('may have fractions', () => {
    expect(timeOf('2026-01-31T10:30:00.123456')).toBe(at + 123);
    expect(timeOf('2026-01-31 10:30:00,123')).toBe(at + 123);
    expect(timeOf(at / 1_000 + 0.25)).toBe(at + 250);
    expect(timeOf('2026-01-31')).toBe(Date.UTC(2026, 0, 31));
  });

  test.each([
    [1e9, 1e12],
    [1e11, 1e11],
    [1e14 - 1, 1e14 - 1],
  ])('as the number %i is %i', (number, milliseconds) => {
    expect(timeOf(number)).toBe(milliseconds);
  });

  test.each([
    ['soon'],
    ['5'],
    [5],
    [0],
    [-1],
    [''],
    [null],
    [undefined],
    [{}],
    ['2026-13-01'],
    ['Sat, 31 Xyz 2026 10:30:00 GMT'],
    [{ toString: 1, valueOf: 1 }],
    [1e9 - 1],
    [1e14],
    [1e18],
  ])('%j is none', (value) => expect(timeOf(value)).toBeNaN());
});

test('JSON keeps what JavaScript would round', () => {
  expect(
    jsonOrText(
      '{"id":1234567890123456789,"ids":[-9007199254740993],"n":12,"x":[1.2345678901234567,0.30000000000000004,-0.9166666666666666,1e22],"t":"a 1234567890123456789 \\" 1234567890123456789"}',
    ),
  ).toEqual({
    id: '1234567890123456789',
    ids: ['-9007199254740993'],
    n: 12,
    x: [1.2345678901234567, 0.30000000000000004, -0.9166666666666666, 1e22],
    t: 'a 1234567890123456789 " 1234567890123456789',
  });
  expect(jsonOrText('9007199254740991')).toBe(9007199254740991);
  expect(jsonOrText('{"id":1234567890123456789')).toBe('{"id":1234567890123456789');
});

test('Text that is not JSON, with a string that never ends, is read at once', () => {
  const text = `1234567890123456${'\\"'.repeat(50_000)}`;
  const start = performance.now();
  expect(jsonOrText(text)).toBe(text);
  expect(performance.now() - start).toBeLessThan(300);
});
