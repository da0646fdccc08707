import { visibleText } from './text';

const WRAPPING = '[\\s"\'`“”‘’]';
/** The lookbehind keeps it fast: without it, each character of a long gap would be tried as the start. */
const WRAPPED = new RegExp(`^${WRAPPING}+|(?<!${WRAPPING})${WRAPPING}+$`, 'gu');

/**
 * A key, secret, ID or other short value without the whitespace, the quotes and the invisible characters that
 * get copied along with it. A number, e.g. from an expression, becomes text; anything else becomes an empty text.
 */
export function trimPasted(value: unknown): string {
  if (Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? visibleText(value).replace(WRAPPED, '') : '';
}

/** A base URL as entered, without what {@link trimPasted} removes and without trailing slashes. */
export function trimBaseUrl(entered: unknown): string {
  return trimPasted(entered).replace(/\/+$/, '');
}

/** Whether a text is a full web address. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Whether a host, as spelled by `URL`, is this computer: nothing sent to it leaves the machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

/**
 * The `httpCode` of an error that the credential itself throws when it refuses a key or a Base URL before
 * anything is sent. n8n behavior: version 1 keeps this property of an error, but not its cause.
 */
export const REFUSED_BEFORE_SENDING = 'REFUSED_BEFORE_SENDING';
