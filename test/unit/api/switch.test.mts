import { readSwitch } from '../../../nodes/ITeraBiz/api/json.ts';

test.each([
  [true, true],
  ['true', true],
  [' TRUE\n', true],
  ['Yes', true],
  ['on', true],
  [1, true],
  ['1', true],
  [false, false],
  ['false', false],
  ['FALSE', false],
  ['no', false],
  ['Off', false],
  [0, false],
  ['0', false],
  [undefined, undefined],
  [null, undefined],
  ['', undefined],
  ['  ', undefined],
  ['maybe', 'unclear'],
  ['truee', 'unclear'],
  [2, 'unclear'],
  [NaN, 'unclear'],
  [[true], 'unclear'],
  [{}, 'unclear'],
])('A switch that says %j is read as %j', (value, expected) => {
  expect(readSwitch(value)).toBe(expected);
});
