import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { isObject } from '../api/json';
import { comparableText, wordsIn } from '../api/text';
import { languageCode } from '../fields/languages';
import { LABELS, quoted } from '../messages/message';

/** A request to create something, ready to be sent. */
export interface Order {
  url: string;
  body: IDataObject;
}

/** Whether a listed entry comes from this order, from another one, or says too little to tell. */
type Likeness = 'same' | 'other' | 'unclear';

/** The field whose text identifies an order, by URL. */
const TEXTS: Record<string, string> = {
  '/avatars': 'name',
  '/content/generate': 'prompt',
  '/videos': 'script',
};

/** Objects in which a list may nest the fields of the request. */
const WRAPPERS = ['input', 'request', 'params'];

export function textFieldOf({ url }: Order): string {
  return TEXTS[url];
}

export function listOf({ url }: Order): '/avatars' | '/videos' {
  return url === '/avatars' ? '/avatars' : '/videos';
}

/**
 * Compares a listed entry with an order, by the fields the entry has; only the text is required.
 *
 * Invariant: only a different text or avatar makes a different order. The API may record all other fields
 * in its own way, such as the real length of a finished video, and a wrong "other" costs a second video.
 *
 * Assumption: a list repeats the fields of each job's request as they were sent, for a generated video
 * its `prompt`. Texts may be cut short, and letters lost.
 */
export function compare(order: Order, listed: IDataObject): Likeness {
  const doubts = doubtsAbout(order, listed);
  if (!doubts) return 'other';
  return doubts.length === 0 ? 'same' : 'unclear';
}

/**
 * Why {@link compare} cannot tell, as in `its Script is not in the list`: an empty list if it is the same order,
 * `undefined` if it is another one.
 */
export function doubtsAbout({ url, body }: Order, listed: IDataObject): string[] | undefined {
  const field = TEXTS[url];
  // First, because texts take long.
  const avatar = avatarLikeness(body, listed);
  if (avatar === 'other') return undefined;
  const text = textDoubt(field, body, listed);
  if (text === 'other') return undefined;
  const doubts = text ? [`its ${LABELS[field]} is ${text}`] : [];
  const add = (name: string, stated: unknown) =>
    doubts.push(
      `its ${LABELS[name] ?? name} is listed as ${quoted(stated, 40)}, and this item has ${quoted(body[name], 40)}`,
    );
  if (avatar === 'unclear') add('avatar_id', avatarIn(listed));
  for (const [name, wanted] of Object.entries(body)) {
    const stated = statedIn(listed, name);
    const isCompared = name !== field && name !== 'avatar_id' && isStated(wanted);
    if (isCompared && stated !== undefined && !isEqual(wanted, stated, name)) add(name, stated);
  }
  return doubts;
}

const indexKeys = new WeakMap<Order, string[]>();

/** The texts by which {@link indexOrders} finds an order. Cached: those of a long script take a while. */
export function indexKeysOf(order: Order): string[] {
  const cached = indexKeys.get(order);
  if (cached) return cached;
  const field = textFieldOf(order);
  const { whole, ascii } = formsIn(order.body, field);
  const keys = [...new Set([whole, ascii])].map((text) => `${field} ${lettersIn(text)}`);
  indexKeys.set(order, keys);
  return keys;
}

/** Indexes orders, to find those of a given likeness to an entry fast, even for long lists; some may be skipped. */
export function indexOrders<T extends { order: Order }>(
  candidates: T[],
): (listed: IDataObject, likeness: Likeness, isSkipped?: (candidate: T) => boolean) => T[] {
  const sorted = candidates
    .flatMap((candidate) => indexKeysOf(candidate.order).map((key) => ({ candidate, key })))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return (listed, likeness, isSkipped = () => false) => {
    const found = new Set<T>();
    // The same text has the same letters; an unclear one may be cut short.
    const isSame = likeness === 'same';
    for (const field of Object.values(TEXTS)) {
      const { whole, kept } = formsIn(listed, field);
      for (const text of new Set([whole, kept])) {
        if (isSame && text === '') continue;
        const wanted = `${field} ${lettersIn(isSame ? text : beginningOf(text))}`;
        for (let n = firstFrom(sorted, wanted); sorted[n]?.key.startsWith(wanted); n++) {
          const { candidate, key } = sorted[n];
          if (isSame && key !== wanted) break;
          if (isSkipped(candidate)) continue;
          if (compare(candidate.order, listed) === likeness) found.add(candidate);
        }
      }
    }
    return [...found];
  };
}

/** Where the keys from this one on begin, in a sorted list. */
function firstFrom(sorted: Array<{ key: string }>, key: string): number {
  let [start, end] = [0, sorted.length];
  while (start < end) {
    const middle = (start + end) >> 1;
    if (sorted[middle].key < key) start = middle + 1;
    else end = middle;
  }
  return start;
}

const fingerprints = new WeakMap<Order, string>();

/** A hash of an order: equal for the same URL and the same body. */
export function fingerprint(order: Order): string {
  const text = () => `${order.url} ${canonical(order.body)}`;
  const hash = fingerprints.get(order) ?? createHash('sha256').update(text()).digest('hex');
  fingerprints.set(order, hash);
  return hash;
}

/** How a list shows a text, e.g. `cut short in the list`; empty if it is the same, `other` if it is another one. */
function textDoubt(field: string, body: IDataObject, listed: IDataObject): string {
  const isScript = field === 'script';
  // A video has a script or a prompt: an entry with only a prompt is a different order.
  if (isScript && statedTextIn(listed, field) === undefined && states(listed, 'prompt')) {
    return 'other';
  }
  const [wanted, text] = [formsIn(body, field), formsIn(listed, field)];
  if (text.whole === '') return 'not in the list';
  if (text.whole === wanted.whole) {
    // AI may have written the same script.
    const hasPrompt = isScript && states(listed, 'prompt');
    const isGenerated = hasPrompt && formsIn(listed, 'prompt').whole !== text.whole;
    return isGenerated ? `listed with a ${LABELS.prompt}` : '';
  }
  const isOther = showsOtherLetters(wanted.whole, beginningOf(text.whole));
  const isLike = (test: (whole: string, shown: string) => boolean) =>
    test(wanted.whole, text.whole) || (!isOther && test(wanted.ascii, text.kept));
  if (isLike((a, b) => lettersIn(a) === lettersIn(b))) return 'spelled differently in the list';
  return isLike(isCutOf) ? 'cut short in the list' : 'other';
}

/** Latin letters beyond ASCII, except those that stand for the first byte of another one. */
const ACCENTED = /^(?![ÂÃ])[À-ɏ]$/;

/** Whether a list shows other letters in place of some, e.g. `Möller` for `Müller`, and has lost none. */
function showsOtherLetters(whole: string, shown: string): boolean {
  const pairs = [...shown].map((letter, n) => [letter, whole[n]]);
  const differing = pairs.filter(([letter, wanted]) => letter !== wanted);
  return differing.length > 0 && differing.flat().every((letter) => ACCENTED.test(letter));
}

/**
 * Shortest text to count as cut short without a mark, in characters: within a word, after one, or anywhere: lists
 * cut at 100, 200 and so on, even if a sentence ends there.
 */
const MIN_CUT_LENGTH = { withinWord: 8, afterWord: 20, anywhere: 100 };

/** How a list may mark a cut, e.g. `...`, `[...]` or `... (more)`. */
const CUT_MARK = /[[(]?\.{3}[\])]?\s*([[(]?(\w+ )?more[\])]?)?$/i;

/** A text without the mark of a cut, and without a tag or entity that the cut left incomplete. */
function beginningOf(text: string): string {
  const beginning = text.replace(CUT_MARK, '');
  if (beginning === text || beginning === '') return text;
  return beginning.replace(/(<\/?[a-z][^<>]*|&#?\w*)$/i, '');
}

/** Whether a text may be the whole text, cut short by the list. */
function isCutOf(whole: string, text: string): boolean {
  const beginning = beginningOf(text);
  if (beginning !== text) return lettersIn(whole).startsWith(lettersIn(beginning));
  const [words, cut] = [wordsIn(whole), wordsIn(text)];
  if (!words.startsWith(cut)) return false;
  const seam = words.slice(cut.length - 1, cut.length + 1);
  if (/\p{L}{2}/u.test(seam)) return text.length >= MIN_CUT_LENGTH.withinWord;
  // Episode 1 is not a cut of Episode 12, and a whole sentence is not a cut at all.
  const isOther = /\p{N}\S/u.test(seam) || /[.!?。]$/.test(text);
  return text.length >= (isOther ? MIN_CUT_LENGTH.anywhere : MIN_CUT_LENGTH.afterWord);
}

/**
 * A list may show a variant of the avatar, e.g. `avatar_1_front`, its ID within more, e.g.
 * `avatars/avatar_1`, or its name.
 */
function avatarLikeness(body: IDataObject, listed: IDataObject): Likeness {
  const stated = avatarIn(listed);
  if (!isStated(body.avatar_id) || stated === undefined) return 'same';
  const id = isObject(stated) ? stated.id : stated;
  if (!isStated(id)) return 'unclear';
  const [wanted, shown] = [canonical(body.avatar_id), canonical(id)];
  if (wanted === shown) return 'same';
  const [ours, theirs] = [wanted, shown].map((text) => ` ${wordsIn(text)} `);
  const isVariant = theirs.includes(ours) || ours.includes(theirs);
  const isName = !isObject(stated) && !states(listed, 'avatar_id');
  return isVariant || isName ? 'unclear' : 'other';
}

function isEqual(wanted: unknown, stated: unknown, field: string): boolean {
  if (typeof wanted === 'number' || typeof stated === 'number') {
    return numberIn(wanted) === numberIn(stated);
  }
  const read = (value: unknown) =>
    (field === 'language' && languageCode(String(value))) || canonical(value);
  return read(wanted) === read(stated);
}

/** Reads a number, also from `"45"`, `"45.0"` or `"45s"`, but not from `"45 min"` or `"1080x1920"`. */
function numberIn(value: unknown): number {
  const digits = String(value).replace(/s(ec(onds?)?)?\.?$/i, '');
  return Number(digits.trim() || NaN);
}

function statedIn(entry: IDataObject, field: string): IDataObject[string] {
  if (isStated(entry[field])) return entry[field];
  const inner = WRAPPERS.map((name) => entry[name]).filter(isObject);
  return inner.map((object) => object[field]).find(isStated);
}

function avatarIn(entry: IDataObject): IDataObject[string] {
  return statedIn(entry, 'avatar_id') ?? statedIn(entry, 'avatar');
}

function isStated(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== '';
  return value !== undefined && value !== null;
}

export function states(entry: IDataObject, field: string): boolean {
  return statedIn(entry, field) !== undefined;
}

/** The forms in which texts are compared. All are empty if a field is not stated, or not as text. */
interface Forms {
  /** The normalized text */
  whole: string;
  /** What every list can show of it: some mangle other letters, e.g. `Gr??e` or `Gr&uuml;&szlig;e` */
  ascii: string;
  /** What a list that shows this text has certainly kept of the original: all, or the same */
  kept: string;
}

/** By entry and field. Cached, because an entry is compared with many orders. */
const formCache = new WeakMap<IDataObject, Record<string, Forms>>();

function formsIn(entry: IDataObject, field: string): Forms {
  const cached = formCache.get(entry) ?? {};
  formCache.set(entry, cached);
  return (cached[field] ??= formsOf(statedTextIn(entry, field)));
}

/** The value of a text field, or of `text`, which may be a video's script or prompt. */
function statedTextIn(entry: IDataObject, field: string): IDataObject[string] {
  const isOther = field === 'name' || (field === 'prompt' && states(entry, 'script'));
  return statedIn(entry, field) ?? (isOther ? undefined : statedIn(entry, 'text'));
}

/** Letters beyond Latin: a list that shows one can store them all. */
const NOT_LATIN = /(?![\0-\u036F])\p{L}/u;

function formsOf(value: unknown): Forms {
  const text = typeof value === 'string' || typeof value === 'number' ? canonical(value) : '';
  const [whole, ascii] = [text, text.replace(/[^ -~\s…]|&#?\w+;/g, '')].map(
    (form) => comparableText(form) || form,
  );
  return { whole, ascii, kept: NOT_LATIN.test(text) ? whole : ascii };
}

function lettersIn(text: string): string {
  return wordsIn(text).replaceAll(' ', '');
}

/** A canonical text of a value: equal values give equal texts, however they are written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => JSON.stringify(canonical(v))).join()}]`;
  if (isObject(value)) {
    const fields = Object.entries(value).map(([key, v]) => JSON.stringify([key, canonical(v)]));
    return `{${fields.sort().join()}}`;
  }
  return String(value).normalize('NFC').replace(/\r\n?/g, '\n').trim();
}
