import fc from 'fast-check';

import { errorTextOf, fieldsNamedIn } from '../../../nodes/ITeraBiz/api/errorText.ts';

test.each([
  [{ error: { code: 'rate_limited', message: 'Slow down' } }, 'Slow down'],
  [{ error: { code: 'rate_limited' } }, 'rate_limited'],
  [{ error: 'Slow down' }, 'Slow down'],
  [{ message: 'Slow down' }, 'Slow down'],
  [{ detail: 'Slow down' }, 'Slow down'],
  [{ detail: [{ message: 'One' }, { detail: 'Two' }] }, 'One; Two'],
  [{ errors: ['One', 'Two'] }, 'One; Two'],
  [{ errors: [{ message: 'One' }, {}, { code: 'two' }] }, 'One'],
  [{ code: ' slow ' }, 'slow'],
  [{ errors: [{ code: 'slow' }, { code: 'late' }] }, 'slow'],
  [{ request_id: 'r1', hint: 'Cut it', message: 'Too long' }, 'hint: Cut it; Too long'],
  [{ errors: { 'x-y': ['Too long'] } }, 'Too long'],
  [{ error: { message: 'First' }, message: 'Second' }, 'First; Second'],
  [{ errors: ['First'], message: 'Second' }, 'First; Second'],
  [{ message: 'First', detail: 'Second' }, 'First; Second'],
  [{ detail: 'First', code: 'Second' }, 'First'],
  [{ message: 'Script is too long', errors: [] }, 'Script is too long'],
  [{ error: '', message: 'Script is too long' }, 'Script is too long'],
  [{ error: ' ', errors: {}, detail: null, title: 'Too long', msg: 'Cut it' }, 'Too long; Cut it'],
  [{ error: 'Bad Request', message: ['Too long', 'Too loud'] }, 'Too long; Too loud'],
  [{ error: 'Not found' }, 'Not found'],
  [{ status: 'error', code: 'E17', message: 'Unauthorized' }, 'Unauthorized'],
  [{ error: { message: 'Same' }, message: 'Same' }, 'Same'],
  [{ status: 'error', error: { message: 'Same thing' }, message: 'Same' }, 'Same thing'],
  // FastAPI, with the request in it
  [
    {
      detail: [
        { type: 'missing', loc: ['body', 'avatar_id'], msg: 'Field required', input: { a: 'b c' } },
        { type: 'x', loc: ['body', 'script'], msg: 'At most 2000 characters', input: 'Hello you' },
      ],
    },
    'avatar_id: Field required; script: At most 2000 characters',
  ],
  // Laravel
  [
    { message: 'The given data was invalid.', errors: { script: ['Too long.', 'Too loud.'] } },
    'script: Too long.; script: Too loud.; The given data was invalid.',
  ],
  [{ errors: { script: ['Too long'], name: ['Too long'] } }, 'script: Too long; name: Too long'],
  // Zod, as an object, flattened, and as text
  [
    { error: { name: 'ZodError', issues: [{ code: 'x', path: ['script'], message: 'Too long' }] } },
    'script: Too long',
  ],
  [{ formErrors: [], fieldErrors: { duration: ['Too long'] } }, 'duration: Too long'],
  [{ message: '[{"code":"x","path":["script"],"message":"Too long"}]' }, 'script: Too long'],
  [{ message: '\n [{"message":"Too long"}]' }, 'Too long'],
  // Nest, Django, JSend, JSON:API, Problem Details
  [
    { message: [{ property: 'script', constraints: { maxLength: 'script is too long' } }] },
    'script is too long',
  ],
  [
    { script: ['This field is required.'], name: ['Too long'] },
    'script: This field is required.; name: Too long',
  ],
  [{ status: 'fail', data: { script: 'It is too long' } }, 'script: It is too long'],
  [
    { errors: [{ source: { pointer: '/data/script' }, title: 'Invalid', detail: 'Too long' }] },
    'script: Invalid; script: Too long',
  ],
  [{ type: 'https://a.example/x', title: 'No', status: 403, instance: '/a b' }, 'No'],
  ['<?xml version="1.0"?><Error><Code>X</Code><Message>It is over</Message></Error>', 'It is over'],
  ['<p>Sorry,</p><p>no</p>', 'Sorry, no'],
  ['a<b and c>d', 'a<b and c>d'],
  ['Plain words', 'Plain words'],
  ['  Plain \n\n  words\t', 'Plain words'],
  ['a < b and b > c', 'a < b and b > c'],
  ['<html><head><title>502 Bad Gateway</title></head><body>x</body></html>', '502 Bad Gateway'],
  ['  <!DOCTYPE html>\n<TITLE lang="en">Sorry</TITLE>', 'Sorry'],
  ['<?xml version="1.0"?><title>Sorry</title>', 'Sorry'],
  ['<head><title>Sorry</title>', 'Sorry'],
  ['<body><title>Sorry</title>', 'Sorry'],
])('of %j is "%s"', (body, text) => {
  expect(errorTextOf(body)).toBe(text);
});

test.each([
  [''],
  ['   '],
  ['<html><body>No title</body></html>'],
  ['<html><title></title></html>'],
  [{}],
  [{ error: {} }],
  [{ errors: [] }],
  [{ error: 5 }],
  [[]],
  [null],
  [undefined],
  [42],
  // Twenty thousand characters are read.
  [{ error: `${' '.repeat(20_000)}Too late` }],
  [`<html>${' '.repeat(20_000)}<title>Too late</title>`],
])('of %j there is none', (body) => {
  expect(errorTextOf(body)).toBeUndefined();
});

test('a long text is cut', () => {
  expect(errorTextOf('x'.repeat(300))).toBe('x'.repeat(300));
  expect(errorTextOf('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`);
});

test('a body that is made to do harm does none', () => {
  expect(errorTextOf(JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)))).toBeUndefined();
  const errors = Array.from({ length: 300 }, (_, index) => `field_${index} is taken`);
  const names = errors.map((text) => text.split(' ')[0]);
  expect(fieldsNamedIn({ errors }, names)).toHaveLength(200);
});

test.each([
  ['markup without ends', `<a${'<'.repeat(60_000)}`],
  ['open titles', `<html>${'<title '.repeat(12_000)}`],
  ['long blanks', `x${' '.repeat(100_000)}y`],
  ['open quotes', { error: `[1234567890123456789 ${'"\\'.repeat(30_000)}` }],
])('garbage does not hold up n8n: %s', (_, body) => {
  const start = performance.now();
  errorTextOf(body);
  expect(performance.now() - start).toBeLessThan(100);
});

test.each([
  ['Incorrect API key provided: sk_live_abc123-4.', 'Incorrect API key provided: sk_….'],
  ['Bad header Authorization: Bearer key_1', 'Bad header Authorization: Bearer …'],
  ['No account has "Bearer abcdefghijklmnop"', 'No account has "Bearer …"'],
  [
    'Could not reach https://n.example/a?token=k-1_a&b=1',
    'Could not reach https://n.example/a?token=…&b=1',
  ],
  ['Incorrect API key: itb-live.abc1234', 'Incorrect API key: …'],
  ['This key may not use avatar_12345678', 'This key may not use avatar_12345678'],
  ['API key expired on 2025-01-15T10:30:00Z', 'API key expired on 2025-01-15T10:30:00Z'],
  ['Keyword 2: "extraordinarily" at 12:30', 'Keyword 2: "extraordinarily" at 12:30'],
  ['There is no such video: 1a2b3c4d5e6f7a', 'There is no such video: 1a2b3c4d5e6f7a'],
  ['Send a Bearer token, as task_1234 does', 'Send a Bearer token, as task_1234 does'],
])('an API key is not repeated: %s', (message, text) => {
  expect(errorTextOf({ error: { message } })).toBe(text);
});

test('an API key is not repeated either where another part says what it is', () => {
  const error = { message: 'Invalid API key', details: 'acme-live-9f8e7d6c5b4a' };
  expect(errorTextOf({ error })).toBe('Invalid API key; …');
  const long = 'This is said at length. '.repeat(20);
  expect(errorTextOf({ error: { ...error, title: long } })).not.toContain('9f8e7d6c5b4a');
});

const word = fc.stringMatching(/^[A-Z][a-z]{2,8}$/);
const sentence = fc.array(word, { minLength: 2, maxLength: 12 }).map((words) => words.join(' '));
const key = fc.constantFrom(
  ...['error', 'errors', 'message', 'detail', 'msg', 'title', 'reason', 'issues', 'script', 'hint'],
);

test('a long name of a field puts no shorter text first', () => {
  const [long, shorter] = ['Long word '.repeat(20).trim(), 'Other word '.repeat(18).trim()];
  const said = errorTextOf({ errors: { reference_picture: shorter }, message: long });
  expect(said).toMatch(new RegExp(`^${long}; reference_picture: Other`));
});

test('whatever the shape of a body, its longest sentence is not lost', () => {
  const { shape } = fc.letrec((tie) => ({
    shape: fc.oneof(
      { maxDepth: 4 },
      sentence,
      fc.constantFrom('', ' ', null, 5, 'Bad Request'),
      fc.dictionary(key, tie('shape'), { maxKeys: 4 }),
      fc.array(tie('shape'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, shape, { minKeys: 1, maxKeys: 4 }), (body) => {
      const all = JSON.stringify(body).match(/[A-Z][a-z]+( [A-Z][a-z]+)+/g) ?? [];
      const longest = all.sort((one, other) => other.length - one.length)[0] ?? '';
      fc.pre(longest !== 'Bad Request');
      expect(errorTextOf(body) ?? '').toContain(longest);
    }),
  );
});

describe('A field is blamed', () => {
  const names = ['avatar_id', 'duration', 'language', 'name', 'script', 'voice_id'];
  test.each<[unknown, string[]]>([
    [{ detail: [{ loc: ['body', 'script'], msg: 'for this duration too long' }] }, ['script']],
    [{ errors: { duration: ['Too long.'], language: ['Unknown.'] } }, ['duration', 'language']],
    [{ error: { param: 'voice_id', message: 'Unknown' } }, ['voice_id']],
    ['script is too long for the requested duration', ['script']],
    ['duration: must be below 300', ['duration']],
    ['body/language must be a string', ['language']],
    ['There is no "name"', ['name']],
    ['The script field must not be greater than 2000 characters.', ['script']],
    ['Nobody has this avatar_id', ['avatar_id']],
  ])('by %j: %j', (body, fields) => {
    expect(fieldsNamedIn(body, names)).toEqual(fields);
  });

  test.each([
    ['unknown voice name'],
    ['Unknown language'],
    ['the transcript is too long'],
    ['scripts are too long'],
    ['This is too long for the duration'],
    [{ error: { param: 'limit', message: 'Too large' } }],
    [undefined],
  ])('not by %j', (body) => expect(fieldsNamedIn(body, names)).toEqual([]));
});
