import { checkBody } from '../../../nodes/ITeraBiz/run/checks.ts';
import { LANGUAGE_CODES, languageOptions } from '../../../nodes/ITeraBiz/fields/languages.ts';
import { language } from '../../../nodes/ITeraBiz/fields/language.ts';

describe('The language picker', () => {
  const options = languageOptions();

  test('offers each code once, in its usual spelling', () => {
    expect(new Set(LANGUAGE_CODES).size).toBe(LANGUAGE_CODES.length);
    expect(Intl.getCanonicalLocales(LANGUAGE_CODES)).toEqual(LANGUAGE_CODES);
  });

  test('has a name for each, and no name twice', () => {
    for (const { name, value } of options) expect(name).not.toBe(value);
    expect(new Set(options.map(({ name }) => name)).size).toBe(options.length);
    expect(options).toContainEqual({ name: 'German (Switzerland)', value: 'de-CH' });
  });

  test('is sorted by name', () => {
    const names = options.map(({ name }) => name);
    expect(names).toEqual([...names].sort((one, other) => one.localeCompare(other, 'en')));
  });

  test('offers nothing that would be refused, and takes other codes', () => {
    for (const { value } of options)
      expect(checkBody({ language: value as string })).toEqual({ language: value });
    expect(options.map(({ value }) => value)).toContain(language.default);
    expect(language.allowArbitraryValues).toBe(true);
  });
});
