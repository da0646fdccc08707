import { backOff } from '../../../nodes/ITeraBiz/client/backOff.ts';

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
  expect(backOff(5, 86_400_000, 0.999)).toBe(86_400_999);
});

test('it draws a number of its own', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.25);
  expect([backOff(1, undefined), backOff(4, 60_000)]).toEqual([250, 60_250]);
});
