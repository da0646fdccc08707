/** Invisible characters: zero-width spaces and joiners, soft hyphens, direction marks. */
const INVISIBLE = /[\u00AD\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

export function visibleText(text: string): string {
  return text.replace(INVISIBLE, '').trim();
}

/** A name or a search term for comparison: case, spacing and encoding make no difference. */
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

/** A script for comparison: without the changes that an API may make and no listener would hear. */
export function comparableText(text: string): string {
  const plain = text
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, entity)
    .replace(/<\/?[a-z][^<>]*>|<[!?][^<>]*>/gi, ' ')
    .normalize('NFKC')
    .replace(/[‘’‚‛′`´]/g, "'")
    .replace(/[“”„‟″«»]/g, '"')
    .replace(/[‐-―−]/g, '-');
  return visibleText(plain).replace(/\s+/g, ' ');
}

/** The words of a text for a rough comparison: letters and digits alone, without case and accents. */
export function wordsIn(text: string): string {
  return text
    .toUpperCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function entity(match: string, decimal?: string, hex?: string, name = ''): string {
  const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : NaN;
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
  return ENTITIES[name.toLowerCase()] ?? match;
}
