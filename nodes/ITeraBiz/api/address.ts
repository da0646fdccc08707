/** A base URL as it was entered, without the blanks and slashes that a pasted one may end in. */
export function trimBaseUrl(entered: unknown): string {
  return String(entered ?? '')
    .trim()
    .replace(/\/+$/, '');
}

/**
 * Whether a host is this computer, so that what is sent to it does not leave it.
 *
 * @param host as `URL` spells it
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

/**
 * What stands in place of a status in an error of the credential itself, which refuses a key or a Base
 * URL before anything is sent. n8n behaviour: version 1 keeps this of an error, and not its cause.
 */
export const REFUSED_BEFORE_SENDING = 'REFUSED_BEFORE_SENDING';
