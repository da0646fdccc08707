import type { IDataObject } from 'n8n-workflow';

export function isObject(value: unknown): value is IDataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No fraction either: its digits are not a number of their own. */
const STRING_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|-?(?<![\w.])\d{16,}\b(?![.eE])/g;

/**
 * Parses a text as JSON; a text that is not JSON is returned unchanged. Whole numbers that JavaScript would
 * round, e.g. IDs of 19 digits, become text.
 */
export function jsonOrText(text: string): unknown {
  const isExact = (token: string) => token.startsWith('"') || Number.isSafeInteger(Number(token));
  const asText = (token: string) => (isExact(token) ? token : `"${token}"`);
  try {
    // First as it is: in a text that is not JSON, the pattern would take long.
    const json: unknown = JSON.parse(text);
    return /\d{16}/.test(text) ? JSON.parse(text.replace(STRING_OR_LONG_NUMBER, asText)) : json;
  } catch {
    return text;
  }
}

/** Lenient, since iTeraBiz only shows examples; rejects what would change the URL of a request. */
export function isId(text: string): boolean {
  return /^(?!.*\.\.)[A-Za-z0-9_-][A-Za-z0-9_.:~-]{0,199}$/.test(text);
}

const ON = ['true', 'yes', 'on', '1'];
const OFF = ['false', 'no', 'off', '0'];

/**
 * Reads a boolean, however an expression, a spreadsheet or an API spells it. Never throws.
 *
 * @returns `undefined` if there is no value (`undefined`, `null`, blank text)
 */
export function readSwitch(value: unknown): boolean | undefined | 'unclear' {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') return 'unclear';
  const word = String(value).trim().toLowerCase();
  if (word === '') return undefined;
  if (ON.includes(word)) return true;
  return OFF.includes(word) ? false : 'unclear';
}
