/**
 * What an ID may look like. iTeraBiz only shows examples (`avatar_abc123`), so this leaves room: it
 * keeps out what could never be one, and what would change the address that is asked.
 */
export const ID_PATTERN = '^(?!.*\\.\\.)[A-Za-z0-9_-][A-Za-z0-9_.:~-]{0,199}$';

/** Whether a text can be an ID, and so part of an address. */
export function isId(text: string): boolean {
  return new RegExp(ID_PATTERN).test(text);
}
