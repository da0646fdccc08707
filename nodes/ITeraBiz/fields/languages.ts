import type { INodePropertyOptions } from 'n8n-workflow';

/**
 * The languages that the picker offers, as BCP-47 codes. iTeraBiz publishes no list, so these are the
 * widely spoken ones; any other code can be entered too.
 */
export const LANGUAGE_CODES = [
  ...['af-ZA', 'am-ET', 'ar-AE', 'ar-EG', 'ar-SA', 'az-AZ', 'bg-BG', 'bn-BD', 'bn-IN', 'bs-BA'],
  ...['ca-ES', 'cs-CZ', 'cy-GB', 'da-DK', 'de-AT', 'de-CH', 'de-DE', 'el-GR', 'en-AU', 'en-CA'],
  ...['en-GB', 'en-IE', 'en-IN', 'en-NZ', 'en-US', 'en-ZA', 'es-AR', 'es-CO', 'es-ES', 'es-MX'],
  ...['es-US', 'et-EE', 'eu-ES', 'fa-IR', 'fi-FI', 'fil-PH', 'fr-BE', 'fr-CA', 'fr-CH', 'fr-FR'],
  ...['ga-IE', 'gl-ES', 'gu-IN', 'he-IL', 'hi-IN', 'hr-HR', 'hu-HU', 'hy-AM', 'id-ID', 'is-IS'],
  ...['it-IT', 'ja-JP', 'ka-GE', 'kk-KZ', 'km-KH', 'kn-IN', 'ko-KR', 'lt-LT', 'lv-LV', 'mk-MK'],
  ...['ml-IN', 'mr-IN', 'ms-MY', 'nb-NO', 'ne-NP', 'nl-BE', 'nl-NL', 'pa-IN', 'pl-PL', 'pt-BR'],
  ...['pt-PT', 'ro-RO', 'ru-RU', 'sk-SK', 'sl-SI', 'sq-AL', 'sr-RS', 'sv-SE', 'sw-KE', 'ta-IN'],
  ...['te-IN', 'th-TH', 'tr-TR', 'uk-UA', 'ur-PK', 'uz-UZ', 'vi-VN', 'zh-CN', 'zh-HK', 'zh-TW'],
];

const standard = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard' });

export function languageOptions(): INodePropertyOptions[] {
  return LANGUAGE_CODES.map((code) => ({ name: standard.of(code)!, value: code })).sort((a, b) =>
    a.name.localeCompare(b.name, 'en'),
  );
}

/** Built on first use, because n8n loads the node at every start and few workflows need it. */
let codes: Map<string, string> | undefined;

/**
 * The code for a language's English name, in any case, with or without a region, e.g. `German`,
 * `Swiss High German` or `Portuguese (Brazil)`. Without a region, it gets Unicode's.
 */
export function codeOfLanguage(name: string): string | undefined {
  codes ??= codesByName();
  return codes.get(name.toLowerCase());
}

function codesByName(): Map<string, string> {
  const dialects = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'dialect' });
  // The written standard, Bokmål, has a different name than the language.
  const byName = new Map([['norwegian', 'nb-NO']]);
  for (const code of LANGUAGE_CODES) {
    const { language, region } = new Intl.Locale(code);
    const name = standard.of(language)!.toLowerCase();
    const isMain = new Intl.Locale(language).maximize().region === region;
    if (isMain || !byName.has(name)) byName.set(name, code);
    byName.set(standard.of(code)!.toLowerCase(), code);
    byName.set(dialects.of(code)!.toLowerCase(), code);
  }
  return byName;
}

/**
 * A BCP-47 code in its usual spelling, e.g. `en-US` for `EN_us`, or `undefined` if the text is not a code. BCP-47
 * allows languages of five to eight letters, but none is in use: such words are names.
 */
export function languageCode(text: string): string | undefined {
  const code = text.trim().replace(/_/g, '-');
  if (!/^[a-z]{2,3}(-|$)/i.test(code)) return undefined;
  try {
    return Intl.getCanonicalLocales(code)[0];
  } catch {
    return undefined;
  }
}

/**
 * The code that was probably meant by one of an unknown language, e.g. `ja-JP` by `jp`: people take a
 * country's code for its language's.
 */
export function likelyLanguage(code: string): string | undefined {
  if (!/^[a-z]{2}$/i.test(code)) return undefined;
  const { language, region } = new Intl.Locale(`und-${code}`).maximize();
  const isCountry = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(region!);
  return isCountry && `${language}-${region}`;
}

/** Whether a code is that of a spoken language: `jp`, `tbd` and `und` are not. */
export function isLanguage(code: string): boolean {
  const [language] = code.split('-');
  // `Intl` names an unknown language by its code.
  return !['mul', 'und', 'zxx'].includes(language) && standard.of(language) !== language;
}
