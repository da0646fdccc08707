import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { isObject } from '../api/json';
import { comparableText } from '../api/text';
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
    const how = textIn(listed, field) === '' ? 'not in' : 'cut short in';
    reasons.unshift(`its ${LABELS[field] ?? field} is ${how} the list`);
  }
  return reasons.join('; ');
}

/** How many characters of its text an order is indexed by. */
const PREFIX_LENGTH = 12;

/** Indexes orders, to find those of a given likeness to an entry fast, even for long lists. */
export function indexOrders<T extends { order: Order }>(
  candidates: T[],
): (listed: IDataObject, likeness: Likeness) => T[] {
  const byPrefix = new Map<string, T[]>();
  for (const candidate of candidates) {
    const { order } = candidate;
    const prefix = textIn(order.body, textFieldOf(order)).slice(0, PREFIX_LENGTH);
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), candidate]);
  }
  return (listed, likeness) => {
    const texts = Object.values(TEXTS).map((field) => beginningOf(textIn(listed, field)));
    const stated = texts.filter((text) => text !== '');
    const isShort = stated.length === 0 || stated.some(({ length }) => length < PREFIX_LENGTH);
    const prefixes = new Set(stated.map((text) => text.slice(0, PREFIX_LENGTH)));
    const nearby = isShort
      ? candidates
      : [...prefixes].flatMap((prefix) => byPrefix.get(prefix) ?? []);
    return nearby.filter(({ order }) => compare(order, listed) === likeness);
  };
}

/** A hash of an order: equal for the same URL and the same body. */
export function fingerprint({ url, body }: Order): string {
  return createHash('sha256')
    .update(`${url} ${canonical(body)}`)
    .digest('hex');
}

function textLikeness(order: Order, listed: IDataObject): Likeness {
  const field = textFieldOf(order);
  const [script, prompt] = [ownText(listed, 'script'), ownText(listed, 'prompt')];
  // A video has a script or a prompt: an entry with the other one is a different order.
  if (field === 'script' && prompt && prompt !== script) return 'other';
  if (field === 'prompt' && script && !prompt) return 'other';
  const text = textIn(listed, field);
  const wanted = textIn(order.body, field);
  if (text === '' || wanted === '') return 'unclear';
  if (text === wanted) return 'same';
  return isCutOf(wanted, text) ? 'unclear' : 'other';
}

/** Shortest text to count as cut short without dots, in characters: within a word, or after one. */
const MIN_CUT_LENGTH = { withinWord: 8, afterWord: 20 };

/** A text without the dots of a cut, and without a tag or entity that the cut left incomplete. */
function beginningOf(text: string): string {
  if (!text.endsWith('...') || text.length === 3) return text;
  return text.slice(0, -3).replace(/\s*(<\/?[a-z][^<>]*|&#?\w*)?$/i, '');
}

/** Whether a text may be the whole text, cut short by the list. */
function isCutOf(whole: string, text: string): boolean {
  const beginning = beginningOf(text);
  if (beginning !== text) return whole.startsWith(beginning);
  if (!whole.startsWith(text)) return false;
  const isWithinWord = /\p{L}$/u.test(text) && /^\p{L}/u.test(whole.slice(text.length));
  if (isWithinWord) return text.length >= MIN_CUT_LENGTH.withinWord;
  return text.length >= MIN_CUT_LENGTH.afterWord && !/[\d.!?。！？]$/.test(text);
}

/** A list may show a variant of the avatar, e.g. `avatar_1_front`, or its name instead of its ID. */
function avatarLikeness({ body }: Order, listed: IDataObject): Likeness {
  const stated = avatarIn(listed);
  if (!isStated(body.avatar_id) || !isStated(stated)) return 'same';
  const [wanted, id] = [canonical(body.avatar_id), canonical(idIn(stated))];
  if (wanted === id) return 'same';
  const isVariant = id.startsWith(wanted) && /^[_.:/~-]/.test(id.slice(wanted.length));
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
  const objects = [entry, ...WRAPPERS.map((name) => entry[name]).filter(isObject)];
  return objects.map((object) => object[field]).find(isStated);
}

function avatarIn(entry: IDataObject): IDataObject[string] {
  return statedIn(entry, 'avatar_id') ?? statedIn(entry, 'avatar');
}

/** The ID of an object that has one, otherwise the value itself. */
function idIn(value: IDataObject[string]): IDataObject[string] {
  return isObject(value) ? ((value.id as string | undefined) ?? value) : value;
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && canonical(value) !== '';
}

/** Normalized texts, by entry and field. Cached, because an entry is compared with many orders. */
const textCache = new WeakMap<IDataObject, Record<string, string>>();

function ownText(entry: IDataObject, field: string): string {
  const texts = textCache.get(entry) ?? {};
  textCache.set(entry, texts);
  const stated = () => canonical(statedIn(entry, field) ?? '');
  return (texts[field] ??= comparableText(stated()) || stated());
}

/** The text in its own field, or in `text`. */
function textIn(entry: IDataObject, field: string): string {
  return ownText(entry, field) || (field === 'name' ? '' : ownText(entry, 'text'));
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
