/** Signs that nobody sees: zero-width blanks and joiners, soft hyphens, marks of direction. */
const INVISIBLE = /[\u00AD\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

/** A text without what nobody sees, and without blanks around it. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, '').trim();
}

/** A name or a search as it is compared, however it is capitalized, spaced and encoded. */
export function normalizeName(name: unknown): string {
  return visibleText(String(name ?? ''))
    .replace(/\s+/g, ' ')
    .toLowerCase()
    .normalize('NFC');
}

const ENTITIES: Record<string, string> = {
  ...{ amp: '&', apos: "'", gt: '>', hellip: '…', ldquo: '“', lsquo: '‘', lt: '<' },
  ...{ mdash: '—', nbsp: ' ', ndash: '–', quot: '"', rdquo: '”', rsquo: '’' },
};

/** A spoken text as it is compared: without what an API may rewrite, and what is said stays the same. */
export function comparableText(text: string): string {
  const plain = text
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, entity)
    .replace(/<\/?[a-z][^<>]*>|<[!?][^<>]*>/gi, ' ')
    .normalize('NFKC')
    .replace(/[‘’‚‛′`´]/g, "'")
    .replace(/[“”„‟″«»]/g, '"')
    .replace(/[‐-―−]/g, '-');
  return visibleText(plain).replace(/\s+/g, ' ').trim();
}

function entity(written: string, decimal?: string, hex?: string, name = ''): string {
  const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : NaN;
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
  return ENTITIES[name.toLowerCase()] ?? written;
}
