/**
 * A BCP-47 code in its usual spelling, or `undefined` where a text is none, as `EN_us` → `en-US`.
 *
 * BCP-47 allows words of five to eight letters for languages, but none is in use: they are names.
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
