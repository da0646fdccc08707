import { createHash, createHmac, randomBytes, timingSafeEqual } from 'crypto';

/** Assumption: the signature comes in this header, in Node's lower case. */
export const SIGNATURE_HEADER = 'x-iterabiz-signature';

/** How far the time in a signature may be from ours, in seconds. Older is a replay. */
const WINDOW = 5 * 60;

/** One time, and a signature or several, as while a secret is being changed. */
const HEADER = /^t=(\d{1,12})((?:, *v1=[0-9a-f]{64})+)$/;

/**
 * Why a signature does not hold, for the log, or `undefined` where one of them holds.
 *
 * Assumption: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>." and the raw body>`.
 *
 * @param now milliseconds since 1970
 */
export function signatureProblem(
  header: unknown,
  rawBody: Buffer | undefined,
  secret: string,
  now = Date.now(),
): string | undefined {
  if (header === undefined) return 'it is not signed';
  const [, time, list] = (typeof header === 'string' && HEADER.exec(header)) || [];
  if (time === undefined) return 'its signature cannot be read';
  if (!rawBody) return 'its signature cannot be checked, since its body was not read as JSON';
  if (Math.abs(now / 1000 - Number(time)) > WINDOW) {
    return 'its signature is not of the last five minutes; if this comes again, check the clock of this server';
  }
  const expected = createHmac('sha256', secret).update(`${time}.`).update(rawBody).digest();
  const signatures = list.match(/[0-9a-f]{64}/g) ?? [];
  return signatures.some((signature) => timingSafeEqual(Buffer.from(signature, 'hex'), expected))
    ? undefined
    : 'its signature is wrong';
}

/** The query parameter of the registered URL that carries the token. */
export const TOKEN_PARAMETER = 'token';

/** Shortest token that a user may choose for a webhook made by hand, in characters. */
export const MIN_TOKEN_LENGTH = 20;

/** What proves that a token is ours: 32 random bytes, as text. */
export function newKey(): string {
  return randomBytes(32).toString('base64url');
}

/** A token for a URL: when it was made (milliseconds since 1970), and what only the key makes of that. */
export function tokenOf(key: string, time: number): string {
  const stamp = time.toString(36);
  return `${stamp}-${createHmac('sha256', key).update(stamp).digest('base64url')}`;
}

/** Whether a token was made with this key, and after that time (milliseconds since 1970). */
export function isLaterToken(given: unknown, key: string, time: number): boolean {
  const made = typeof given === 'string' ? parseInt(given, 36) : NaN;
  return made > time && isToken(given, tokenOf(key, made));
}

/** Whether a token chosen by a user is long enough, and goes into a URL as it is. */
export function isGoodToken(token: string): boolean {
  return token.length >= MIN_TOKEN_LENGTH && /^[\w.~-]+$/.test(token);
}

/** Compares without telling by its duration how much of the token was right, nor how long it is. */
export function isToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || expected === '') return false;
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
