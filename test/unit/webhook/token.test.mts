import {
  isGoodToken,
  isLaterToken,
  isToken,
  tokenOf,
} from '../../../nodes/ITeraBiz/webhook/authenticity.ts';

const NOW = Date.UTC(2026, 0, 15);

test('a token is another for each key and each time, and needs no escaping in a URL', () => {
  const tokens = ['a', 'b'].flatMap((key) => [NOW, NOW + 1].map((time) => tokenOf(key, time)));
  expect(new Set(tokens.map((token) => token.slice(token.indexOf('-') + 1))).size).toBe(4);
  for (const token of tokens) {
    expect(encodeURIComponent(token)).toBe(token);
    expect(isGoodToken(token)).toBe(true);
  }
  expect(tokenOf('a', NOW)).toBe(tokens[0]);
});

test.each([
  ['a later one of this key', tokenOf('key', NOW + 1), true],
  ['one that is much later', tokenOf('key', 36 ** 9 - 1), true],
  ['the same', tokenOf('key', NOW), false],
  ['an earlier one', tokenOf('key', NOW - 1), false],
  ['a later one of another key', tokenOf('other', NOW + 1), false],
  [
    'one that says another time',
    tokenOf('key', NOW + 1).replace(/^\w+/, (NOW + 2).toString(36)),
    false,
  ],
  [
    'an earlier one that says a later time',
    tokenOf('key', NOW - 1).replace(/^\w+/, (NOW + 2).toString(36)),
    false,
  ],
  ['only a time', (NOW + 1).toString(36), false],
  ['a time and nothing', `${(NOW + 1).toString(36)}-`, false],
  ['a time beyond all numbers', tokenOf('key', NOW + 1).replace(/^\w+/, 'z'.repeat(1_000)), false],
  ['no time', tokenOf('key', NOW + 1).replace(/^\w+/, ''), false],
  ['one with something before it', ` ${tokenOf('key', NOW + 1)}`, false],
  ['one with something behind it', `${tokenOf('key', NOW + 1)}A`, false],
  ['a list with one', [tokenOf('key', NOW + 1)], false],
  ['nothing', undefined, false],
  ['what cannot become text', Object.create(null), false],
])('whether %s is a later token', (_case, given, expected) => {
  expect(isLaterToken(given, 'key', NOW)).toBe(expected);
});

test.each([
  ['exactly the token', 'secret', true],
  ['another', 'Secret', false],
  ['a longer one', 'secret1', false],
  ['a shorter one', 'secre', false],
  ['nothing', undefined, false],
  ['a list with the token', ['secret'], false],
  ['an object', { secret: 'secret' }, false],
])('%s', (_case, given, expected) => {
  expect(isToken(given, 'secret')).toBe(expected);
});

test('where no token is expected, none is right', () => {
  expect(isToken('', '')).toBe(false);
  expect(isToken(undefined, '')).toBe(false);
});

test.each([
  ['a'.repeat(20), true],
  ['a'.repeat(19), false],
  [`${'a'.repeat(20)} `, false],
  [`${'a'.repeat(20)}&b=c`, false],
  [`${'a'.repeat(20)}ä`, false],
  ['AZaz09-_.~AZaz09-_.~', true],
])('whether "%s" is good enough', (token, expected) => {
  expect(isGoodToken(token)).toBe(expected);
});
