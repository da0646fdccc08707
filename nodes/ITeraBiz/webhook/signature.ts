import { createHmac, timingSafeEqual } from 'crypto';

/** Assumption: the signature comes in this header, in Node's lower case. */
export const SIGNATURE_HEADER = 'x-iterabiz-signature';

/** How far the time in a signature may be from ours, in seconds. Older is a replay. */
const WINDOW = 5 * 60;

/**
 * One time, and a signature or several, as while a secret is being changed. A header that came twice is
 * joined by Node and does not fit.
 */
const HEADER = /^t=(\d{1,12})((?:, *v1=[0-9a-f]{64})+)$/;

/**
 * Why a signature does not hold, for the log, or `undefined` where one of them holds.
 *
 * Assumption: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>." and the raw body>`. A header that
 * cannot be read is a refusal, never a pass.
 *
 * @param rawBody the body's bytes as they came, before anything parsed them
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
