import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { isObject } from '../api/json';
import { comparableText, wordsIn } from '../api/text';
import { languageCode } from '../fields/languages';
import { LABELS } from '../messages/message';

/** A request to create something, ready to be sent. */
export interface Order {
  url: string;
  body: IDataObject;
}

/** Whether a listed entry comes from this order, from another one, or says too little to tell. */
export type Likeness = 'same' | 'other' | 'unclear';

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

/** The list that shows the job of an order. */
export function listOf({ url }: Order): '/avatars' | '/videos' {
  return url === '/avatars' ? '/avatars' : '/videos';
}

/**
 * Compares a listed entry with an order, by the fields the entry has. Only the text is required;
 * other missing fields are ignored.
 *
 * Invariant: only a different text or avatar makes a different order. The API may record all other fields
 * in its own way, such as the real length of a finished video, and a wrong "other" costs a second video.
 *
 * Assumption: a list repeats the fields of each job's request as they were sent, for a generated video
 * its `prompt`. Texts may be cut short.
 */
export function compare(order: Order, listed: IDataObject): Likeness {
  const text = textLikeness(order, listed);
  const avatar = text === 'other' ? text : avatarLikeness(order, listed);
  if (avatar === 'other') return 'other';
  const isSame = text === 'same' && avatar === 'same' && differing(order, listed).length === 0;
  return isSame ? 'same' : 'unclear';
}

/** Why {@link compare} cannot tell, to follow "but", e.g. `its Script is not in the list`. */
export function unclearReason(order: Order, listed: IDataObject): string {
  const field = textFieldOf(order);
  const describe = (name: string, stated: unknown) =>
    `its ${LABELS[name] ?? name} is listed as ${shown(stated)}, and this item has ${shown(order.body[name])}`;
  const reasons = differing(order, listed).map((name) => describe(name, statedIn(listed, name)));
  if (avatarLikeness(order, listed) !== 'same') {
    reasons.unshift(describe('avatar_id', avatarIn(listed)));
  }
  if (textLikeness(order, listed) !== 'same') {
    reasons.unshift(`its ${LABELS[field] ?? field} is ${textDifference(order, listed)}`);
  }
  return reasons.join('; ');
}

/** Indexes orders, to find those of a given likeness to an entry fast, even for long lists. */
export function indexOrders<T extends { order: Order }>(
  candidates: T[],
): (listed: IDataObject, likeness: Likeness) => T[] {
  const keyOf = (field: string, text: string) => `${field} ${lettersIn(text)}`;
  const sorted = candidates
    .map((candidate) => {
      const field = textFieldOf(candidate.order);
      return { candidate, key: keyOf(field, textIn(candidate.order.body, field)) };
    })
    .sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));
  return (listed, likeness) =>
    Object.values(TEXTS).flatMap((field) => {
      const text = textIn(listed, field);
      const isWhole = likeness === 'same';
      const wanted = keyOf(field, isWhole ? text : beginningOf(text));
      const found: T[] = [];
      for (let n = firstFrom(sorted, wanted); n < sorted.length; n++) {
        const { candidate, key } = sorted[n];
        if (isWhole ? key !== wanted : !key.startsWith(wanted)) break;
        if (compare(candidate.order, listed) === likeness) found.push(candidate);
      }
      return found;
    });
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
  const known = fingerprints.get(order);
  if (known !== undefined) return known;
  const text = `${order.url} ${canonical(order.body)}`;
  const hash = createHash('sha256').update(text).digest('hex');
  fingerprints.set(order, hash);
  return hash;
}

function textLikeness(order: Order, listed: IDataObject): Likeness {
  const field = textFieldOf(order);
  const text = textIn(listed, field);
  const wanted = textIn(order.body, field);
  const isScript = field === 'script';
  // A video has a script or a prompt: an entry with only a prompt is a different order.
  if (isScript && statedTextIn(listed, field) === undefined && states(listed, 'prompt')) {
    return 'other';
  }
  if (text === '' || wanted === '') return 'unclear';
  if (text !== wanted) {
    const isPossible = isSpellingOf(wanted, text) || isCutOf(wanted, text);
    return isPossible ? 'unclear' : 'other';
  }
  // AI may have written the same script.
  const isGenerated = isScript && states(listed, 'prompt') && textIn(listed, 'prompt') !== text;
  return isGenerated ? 'unclear' : 'same';
}

/** How the list shows a text that is not the same, e.g. `cut short in the list`. */
function textDifference(order: Order, listed: IDataObject): string {
  const field = textFieldOf(order);
  const [text, wanted] = [textIn(listed, field), textIn(order.body, field)];
  if (text === '') return 'not in the list';
  if (text === wanted) return `listed with a ${LABELS.prompt}`;
  return `${isSpellingOf(wanted, text) ? 'spelled differently' : 'cut short'} in the list`;
}

/** Whether two texts have the same letters and digits. Lists may lose other characters, e.g. emoji. */
function isSpellingOf(wanted: string, text: string): boolean {
  return lettersIn(wanted) === lettersIn(text);
}

/** Shortest text to count as cut short without a mark, in characters: within a word, or after one. */
const MIN_CUT_LENGTH = { withinWord: 8, afterWord: 20 };

/** How a list may mark a cut, e.g. `...`, `[...]` or `... (more)`. */
const CUT_MARK = /\s*[[(]?\.{3}[\])]?\s*(?:[[(]?(?:\w+ )?more[\])]?)?$/i;

/** A text without the mark of a cut, and without a tag or entity that the cut left incomplete. */
function beginningOf(text: string): string {
  const beginning = text.replace(CUT_MARK, '');
  if (beginning === text || beginning === '') return text;
  return beginning.replace(/\s*(<\/?[a-z][^<>]*|&#?\w*)?$/i, '');
}

/** Whether a text may be the whole text, cut short by the list. */
function isCutOf(whole: string, text: string): boolean {
  const beginning = beginningOf(text);
  if (beginning !== text) return lettersIn(whole).startsWith(lettersIn(beginning));
  const [words, cut] = [wordsIn(whole), wordsIn(text)];
  if (!words.startsWith(cut)) return false;
  const rest = words.slice(cut.length);
  const isWithinWord = /\p{L}$/u.test(cut) && /^\p{L}/u.test(rest);
  if (isWithinWord) return text.length >= MIN_CUT_LENGTH.withinWord;
  // Episode 1 is not a cut of Episode 12.
  const isOtherNumber = /\p{N}$/u.test(cut) && !rest.startsWith(' ');
  const isSentence = /[.!?。！？]$/.test(text);
  return text.length >= MIN_CUT_LENGTH.afterWord && !isOtherNumber && !isSentence;
}

/**
 * A list may show a variant of the avatar, e.g. `avatar_1_front`, its ID within more, e.g.
 * `avatars/avatar_1`, or its name.
 */
function avatarLikeness({ body }: Order, listed: IDataObject): Likeness {
  const stated = avatarIn(listed);
  if (!isStated(body.avatar_id) || !isStated(stated)) return 'same';
  const [wanted, id] = [canonical(body.avatar_id), canonical(idIn(stated))];
  if (wanted === id) return 'same';
  const [ours, theirs] = [wanted, id].map((text) => ` ${wordsIn(text)} `);
  const isVariant = theirs.includes(ours) || ours.includes(theirs);
  const hasIdField = statedIn(listed, 'avatar_id') !== undefined;
  const isName = isObject(stated) ? isObject(idIn(stated)) : !hasIdField;
  return isVariant || isName ? 'unclear' : 'other';
}

/** The fields whose listed value differs, other than text and avatar. */
function differing({ url, body }: Order, listed: IDataObject): string[] {
  return Object.keys(body).filter((name) => {
    if (name === TEXTS[url] || name === 'avatar_id') return false;
    const [wanted, stated] = [body[name], statedIn(listed, name)];
    return isStated(wanted) && isStated(stated) && !isEqual(wanted, stated, name);
  });
}

function isEqual(wanted: unknown, stated: unknown, field: string): boolean {
  if (typeof wanted === 'number' || typeof stated === 'number') {
    return secondsIn(wanted) === secondsIn(stated);
  }
  return canonical(wanted, field) === canonical(stated, field);
}

/** Reads a number, also from `"45"`, `"45.0"` or `"45s"`. */
function secondsIn(value: unknown): number {
  return Number(String(value).replace(/\s*s(ec(onds?)?)?\.?$/i, '') || NaN);
}

/** The value of a field in an entry or a request, also if nested. */
function statedIn(entry: IDataObject, field: string): IDataObject[string] {
  if (isStated(entry[field])) return entry[field];
  const inner = WRAPPERS.map((name) => entry[name]).filter(isObject);
  return inner.map((object) => object[field]).find(isStated);
}

function avatarIn(entry: IDataObject): IDataObject[string] {
  return statedIn(entry, 'avatar_id') ?? statedIn(entry, 'avatar');
}

/** The ID of an object that has one, otherwise the value itself. */
function idIn(value: IDataObject[string]): IDataObject[string] {
  return isObject(value) ? ((value.id as string | undefined) ?? value) : value;
}

function isStated(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== '';
  return value !== undefined && value !== null;
}

/** Whether an entry states a field, also if nested. */
export function states(entry: IDataObject, field: string): boolean {
  return statedIn(entry, field) !== undefined;
}

/** Normalized texts, by entry and field. Cached, because an entry is compared with many orders. */
const textCache = new WeakMap<IDataObject, Record<string, string>>();

/** The normalized text of a field; empty if it is not stated, or not as text. */
function textIn(entry: IDataObject, field: string): string {
  const texts = textCache.get(entry) ?? {};
  textCache.set(entry, texts);
  return (texts[field] ??= normalized(statedTextIn(entry, field)));
}

/** The value of a text field, or of `text`, which may be a video's script or prompt. */
function statedTextIn(entry: IDataObject, field: string): IDataObject[string] {
  const isOther = field === 'name' || (field === 'prompt' && states(entry, 'script'));
  return statedIn(entry, field) ?? (isOther ? undefined : statedIn(entry, 'text'));
}

function normalized(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  const text = canonical(value);
  return comparableText(text) || text;
}

/** {@link wordsIn}, without spaces. */
function lettersIn(text: string): string {
  return wordsIn(text).replaceAll(' ', '');
}

function shown(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** A canonical text of a value: equal values give equal texts, however they are written. */
function canonical(value: unknown, field?: string): string {
  if (Array.isArray(value)) return `[${value.map((v) => JSON.stringify(canonical(v))).join()}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, v]) => JSON.stringify([key, canonical(v, key)])).join()}}`;
  }
  const text = String(value).normalize('NFC').replace(/\r\n?/g, '\n').trim();
  return field === 'language' ? (languageCode(text) ?? text) : text;
}
