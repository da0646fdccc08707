import type { IDataObject } from 'n8n-workflow';

/** Whether a value is a JSON object: neither `null` nor a list nor text. */
export function isObject(value: unknown): value is IDataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const STRING_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b\d{16,}\b(?![.eE])/g;

/**
 * A text as JSON, or as it is where it is none. Whole numbers that JavaScript would round, such as IDs of
 * 19 digits, are text.
 */
export function jsonOrText(text: string): unknown {
  const isExact = (token: string) => token.startsWith('"') || Number.isSafeInteger(Number(token));
  const asText = (token: string) => (isExact(token) ? token : `"${token}"`);
  try {
    return JSON.parse(/\d{16}/.test(text) ? text.replace(STRING_OR_LONG_NUMBER, asText) : text);
  } catch {
    return text;
  }
}

/** Leaves room, as iTeraBiz only shows examples; keeps out what would change the address that is asked. */
const ID = /^(?!.*\.\.)[A-Za-z0-9_-][A-Za-z0-9_.:~-]{0,199}$/;

/** Whether a text can be an ID, and so part of an address. */
export function isId(text: string): boolean {
  return ID.test(text);
}

const ON = ['true', 'yes', 'on', '1'];
const OFF = ['false', 'no', 'off', '0'];

/**
 * Reads a switch, however an expression, a spreadsheet or an API spells it. Never throws.
 *
 * @returns `undefined` where nothing is said (`undefined`, `null`, blank text)
 */
export function readSwitch(value: unknown): boolean | undefined | 'unclear' {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') return 'unclear';
  const word = String(value).trim().toLowerCase();
  if (word === '') return undefined;
  if (ON.includes(word)) return true;
  return OFF.includes(word) ? false : 'unclear';
}
