/** A base URL as it was entered, without the blanks and slashes that a pasted one may end in. */
export function trimBaseUrl(entered: unknown): string {
  return String(entered ?? '')
    .trim()
    .replace(/\/+$/, '');
}
