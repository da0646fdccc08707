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
