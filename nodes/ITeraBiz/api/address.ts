/** Blanks, also invisible ones, and quotes. */
const WRAPPING = '[\\s\\u200b\\u2060"\'`“”‘’]+';
const WRAPPED = new RegExp(`^${WRAPPING}|${WRAPPING}$`, 'gu');

/**
 * A key, secret or other short value without the blanks and quotes that copying leaves around it. A number,
 * as from an expression, counts as text, and everything else as none.
 */
export function trimPasted(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? value.replace(WRAPPED, '') : '';
}

/** A base URL as it was entered, without what {@link trimPasted} removes, and without slashes at its end. */
export function trimBaseUrl(entered: unknown): string {
  return trimPasted(entered).replace(/\/+$/, '');
}

/** Whether a host, as `URL` spells it, is this computer, so that what is sent to it does not leave it. */
export function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

/**
 * What stands in place of a status in an error of the credential itself, which refuses a key or a Base
 * URL before anything is sent. n8n behavior: version 1 keeps this of an error, and not its cause.
 */
export const REFUSED_BEFORE_SENDING = 'REFUSED_BEFORE_SENDING';
