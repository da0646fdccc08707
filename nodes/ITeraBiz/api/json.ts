import type { IDataObject } from 'n8n-workflow';

/** Whether a value is a JSON object: neither `null` nor a list nor text. */
export function isObject(value: unknown): value is IDataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * JSON as `JSON.parse` reads it, but whole numbers that a JavaScript number would round, such as IDs
 * of 19 digits, are text.
 *
 * @throws {SyntaxError} where it is no JSON
 */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\b\d{16,}\b(?![.eE])/g, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
  );
  return JSON.parse(exact);
}

/** A response's text as JSON, or as it is where it is none. */
export function jsonOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/**
 * What an ID may look like. iTeraBiz only shows examples (`avatar_abc123`), so this leaves room: it
 * keeps out what could never be one, and what would change the address that is asked.
 */
export const ID_PATTERN = '^(?!.*\\.\\.)[A-Za-z0-9_-][A-Za-z0-9_.:~-]{0,199}$';

/** Whether a text can be an ID, and so part of an address. */
export function isId(text: string): boolean {
  return new RegExp(ID_PATTERN).test(text);
}

const ON = ['true', 'yes', 'on', '1'];
const OFF = ['false', 'no', 'off', '0'];

/**
 * Reads a switch, however an expression, a spreadsheet or an API spells it: `true`, `"FALSE"`,
 * `" yes "`, `1`, `"off"`.
 *
 * @returns `undefined` where nothing is said (`undefined`, `null`, blank text), and `'unclear'` for
 *   everything else. Never throws.
 */
export function readSwitch(value: unknown): boolean | undefined | 'unclear' {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') return 'unclear';
  const word = String(value).trim().toLowerCase();
  if (word === '') return undefined;
  if (ON.includes(word)) return true;
  return OFF.includes(word) ? false : 'unclear';
}
