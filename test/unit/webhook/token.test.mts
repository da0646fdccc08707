import { isGoodToken, isToken, newToken } from '../../../nodes/ITeraBiz/webhook/token.ts';

test('a new token is 32 random bytes that need no escaping in a URL', () => {
  const tokens = Array.from({ length: 100 }, newToken);
  expect(new Set(tokens).size).toBe(100);
  for (const token of tokens) {
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(encodeURIComponent(token)).toBe(token);
    expect(isGoodToken(token)).toBe(true);
  }
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
