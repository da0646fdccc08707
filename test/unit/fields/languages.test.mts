import { checkBody } from '../../../nodes/ITeraBiz/fields/validate.ts';
import {
  codeOfLanguage,
  isLanguage,
  LANGUAGE_CODES,
  languageOptions,
  likelyLanguage,
} from '../../../nodes/ITeraBiz/fields/languages.ts';
import { language } from '../../../nodes/ITeraBiz/fields/fields.ts';

test('The English name of a language leads to its code, and to its main region', () => {
  // All in one test: the names are read once.
  const codes: Record<string, string | undefined> = {
    German: 'de-DE',
    german: 'de-DE',
    English: 'en-US',
    'British English': 'en-GB',
    'Swiss High German': 'de-CH',
    'German (Switzerland)': 'de-CH',
    Spanish: 'es-ES',
    Portuguese: 'pt-BR',
    Chinese: 'zh-CN',
    Swahili: 'sw-KE',
    Norwegian: 'nb-NO',
    ...Object.fromEntries(languageOptions().map(({ name, value }) => [name, value as string])),
    ...{ Klingon: undefined, de: undefined, Deutsch: undefined, '': undefined },
  };
  const found = Object.keys(codes).map((name) => [name, codeOfLanguage(name)]);
  expect(Object.fromEntries(found)).toEqual(codes);
  expect(checkBody({ language: ' german ' })).toEqual({ language: 'de-DE' });
  const names = new Intl.DisplayNames('en', { type: 'language' });
  for (const code of LANGUAGE_CODES) {
    const { language } = new Intl.Locale(code);
    expect(codeOfLanguage(names.of(language)!)).toMatch(new RegExp(`^${language}-`));
  }
});

describe('The language picker', () => {
  test('offers each code once, in its usual spelling', () => {
    expect(new Set(LANGUAGE_CODES).size).toBe(LANGUAGE_CODES.length);
    expect(Intl.getCanonicalLocales(LANGUAGE_CODES)).toEqual(LANGUAGE_CODES);
  });

  test('has a name for each, and no name twice', () => {
    const options = languageOptions();
    for (const { name, value } of options) expect(name).not.toBe(value);
    expect(new Set(options.map(({ name }) => name)).size).toBe(options.length);
    expect(options).toContainEqual({ name: 'German (Switzerland)', value: 'de-CH' });
  });

  test('is sorted by name', () => {
    const names = languageOptions().map(({ name }) => name);
    expect(names).toEqual([...names].sort((one, other) => one.localeCompare(other, 'en')));
  });

  test('offers nothing that would be refused, and takes other codes', () => {
    const options = languageOptions();
    for (const { value } of options)
      expect(checkBody({ language: value as string })).toEqual({ language: value });
    expect(options.map(({ value }) => value)).toContain(language.default);
    expect(language.allowArbitraryValues).toBe(true);
  });
});

test('every language of the picker is one, and what no language has is none', () => {
  expect(LANGUAGE_CODES.filter((code) => !isLanguage(code))).toEqual([]);
  expect(['gd-GB', 'ceb', 'yue-Hant-HK'].every(isLanguage)).toBe(true);
  expect(['jp', 'cn', 'tbd', 'xx', 'und', 'mul', 'zxx', 'qqx-ZZ'].some(isLanguage)).toBe(false);
});

test.each([
  ['jp', 'ja-JP'],
  ['CN', 'zh-CN'],
  ['cz', 'cs-CZ'],
  ['us', 'en-US'],
  ['xx', undefined],
  ['tbd', undefined],
  ['Klingon', undefined],
  ['', undefined],
])('by %j %j was likely meant', (code, likely) => {
  expect(likelyLanguage(code)).toBe(likely);
});
