import { createHash, createHmac, timingSafeEqual } from 'crypto';

/** Assumption: this header carries the signature. Lowercase, as Node reports headers. */
export const SIGNATURE_HEADER = 'x-iterabiz-signature';

/** How far a signature's timestamp may be from our clock, in seconds. Older means a replay. */
const TOLERANCE = 5 * 60;

/** One timestamp, and one or more signatures: while a secret is rotated, both secrets sign. */
const HEADER = /^t=(\d{1,12})((?:, *v1=[0-9a-f]{64})+)$/;

/**
 * Why no signature in the header is valid, for the log. `undefined` if one is.
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
  const match = HEADER.exec(String(header));
  if (!match) return 'its signature cannot be read';
  const [, time, list] = match;
  if (!rawBody) return 'its signature cannot be checked, since its body was not read as JSON';
  if (Math.abs(now / 1000 - Number(time)) > TOLERANCE) {
    return 'its signature is not of the last five minutes; if this comes again, check the clock of this server';
  }
  const expected = createHmac('sha256', secret).update(`${time}.`).update(rawBody).digest();
  const signatures = list.split(/, *v1=/).slice(1);
  return signatures.some((signature) => timingSafeEqual(Buffer.from(signature, 'hex'), expected))
    ? undefined
    : 'its signature is wrong';
}

/** The query parameter that carries the token in the registered URL. */
export const TOKEN_PARAMETER = 'token';

/** Minimum length of the token that a user chooses for a manual webhook, in characters. */
export const MIN_TOKEN_LENGTH = 20;

/** A token for a URL: its creation time (milliseconds since 1970), signed with the key. */
export function tokenOf(key: string, time: number): string {
  const stamp = time.toString(36);
  return `${stamp}-${createHmac('sha256', key).update(stamp).digest('base64url')}`;
}

/** Whether a token was made with this key, and after that time (milliseconds since 1970). */
export function isLaterToken(given: unknown, key: string, time: number): boolean {
  const madeAt = typeof given === 'string' ? parseInt(given, 36) : NaN;
  return madeAt > time && isToken(given, tokenOf(key, madeAt));
}

/** Whether a user's token is long enough and needs no escaping in a URL. */
export function isGoodToken(token: string): boolean {
  return token.length >= MIN_TOKEN_LENGTH && /^[\w.~-]+$/.test(token);
}

/** Compares in constant time, which reveals neither how much of the token was right nor its length. */
export function isToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || expected === '') return false;
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
