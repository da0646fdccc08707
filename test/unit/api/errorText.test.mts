import { errorTextOf } from '../../../nodes/ITeraBiz/api/errorText.ts';

test.each([
  [{ error: { code: 'rate_limited', message: 'Slow down' } }, 'Slow down'],
  [{ error: { code: 'rate_limited' } }, 'rate_limited'],
  [{ error: 'Slow down' }, 'Slow down'],
  [{ message: 'Slow down' }, 'Slow down'],
  [{ detail: 'Slow down' }, 'Slow down'],
  [{ detail: [{ message: 'One' }, { detail: 'Two' }] }, 'One; Two'],
  [{ errors: ['One', 'Two'] }, 'One; Two'],
  [{ errors: [{ message: 'One' }, {}, { code: 'two' }] }, 'One; two'],
  [{ code: 'slow' }, 'slow'],
  [{ error: { message: 'First' }, message: 'Second' }, 'First'],
  [{ errors: ['First'], message: 'Second' }, 'First'],
  [{ message: 'First', detail: 'Second' }, 'First'],
  [{ detail: 'First', code: 'Second' }, 'First'],
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
])('of %j there is none', (body) => {
  expect(errorTextOf(body)).toBeUndefined();
});

test('a long text is cut', () => {
  expect(errorTextOf('x'.repeat(300))).toBe('x'.repeat(300));
  expect(errorTextOf('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`);
});
