import { createHash, randomBytes, timingSafeEqual } from 'crypto';

/** The query parameter of the registered URL that carries the token. */
export const TOKEN_PARAMETER = 'token';

/** Shortest token that a user may choose for a webhook made by hand, in characters. */
export const SHORTEST_TOKEN = 20;

/** A token that cannot be guessed: 32 random bytes, in characters that a URL takes as they are. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether a token chosen by a user is long enough, and goes into a URL as it is. */
export function isGoodToken(token: string): boolean {
  return token.length >= SHORTEST_TOKEN && /^[\w.~-]+$/.test(token);
}

/**
 * Compares without telling by its duration how much of the token was right. Both sides are hashed,
 * so that not even the length shows.
 *
 * @param given what came in; a list or an object, as from a repeated parameter, is no token
 */
export function isToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || expected === '') return false;
  return timingSafeEqual(hash(given), hash(expected));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
