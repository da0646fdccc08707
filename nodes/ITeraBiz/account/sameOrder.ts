import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { isObject } from '../api/json';
import { comparableText } from '../api/text';
import { languageCode } from '../fields/languages';
import { LABELS } from '../messages/message';

/** What is asked of the API, ready to be sent: where to, and the fields. */
export interface Order {
  url: string;
  body: IDataObject;
}

/** Whether an entry of a list was made by an order, by another one, or does not say enough to tell. */
export type Likeness = 'same' | 'other' | 'unclear';

/** The field whose text makes an order what it is, by address. */
const TEXTS: Record<string, string> = {
  '/avatars': 'name',
  '/content/generate': 'prompt',
  '/videos': 'script',
};

/** Where a list may repeat the request. */
const WRAPPERS = ['input', 'request', 'params'];

export function textFieldOf({ url }: Order): string {
  return TEXTS[url];
}

/** The list that shows what an order has made. */
export function listOf({ url }: Order): '/avatars' | '/videos' {
  return url === '/avatars' ? '/avatars' : '/videos';
}

/**
 * Compares an entry of a list with an order, by the fields that the entry states. What it does not
 * state says nothing; only its text has to be there.
 *
 * Invariant: only another text, or another avatar, makes it another order. An API may write down all
 * else in its own way, such as the real length of a finished video, and a wrong "other" is paid for.
 *
 * Assumption: a list says what each job was made of, as it was sent, in the fields of the request,
 * and a generated one by its `prompt`. A text may have been cut.
 */
export function compare(order: Order, listed: IDataObject): Likeness {
  const text = textLikeness(order, listed);
  const avatar = text === 'other' ? text : avatarLikeness(order, listed);
  if (avatar === 'other') return 'other';
  const isSame = text === 'same' && avatar === 'same' && differing(order, listed).length === 0;
  return isSame ? 'same' : 'unclear';
}

/** Why {@link compare} cannot tell, in plain words to follow "because", as in `its Script is not in the list`. */
export function unclearReason(order: Order, listed: IDataObject): string {
  const field = textFieldOf(order);
  const states = (name: string, stated: unknown) =>
    `its ${LABELS[name] ?? name} is listed as ${shown(stated)}, and this item has ${shown(order.body[name])}`;
  const reasons = differing(order, listed).map((name) => states(name, statedIn(listed, name)));
  if (avatarLikeness(order, listed) !== 'same') {
    reasons.unshift(states('avatar_id', avatarIn(listed)));
  }
  if (textLikeness(order, listed) !== 'same') {
    const how = textIn(listed, field) === '' ? 'not in' : 'cut short in';
    reasons.unshift(`its ${LABELS[field] ?? field} is ${how} the list`);
  }
  return reasons.join('; ');
}

/** So many first characters of a text decide which orders an entry is compared with. */
const START = 12;

/** Finds, among many orders, those of a likeness to an entry, in little time for a long list. */
export function indexOrders<T extends { order: Order }>(
  all: T[],
): (listed: IDataObject, likeness: Likeness) => T[] {
  const byStart = new Map<string, T[]>();
  for (const one of all) {
    const start = textIn(one.order.body, textFieldOf(one.order)).slice(0, START);
    byStart.set(start, [...(byStart.get(start) ?? []), one]);
  }
  return (listed, likeness) => {
    const texts = Object.values(TEXTS).map((field) => beginningOf(textIn(listed, field)));
    const stated = texts.filter((text) => text !== '');
    const isShort = stated.length === 0 || stated.some(({ length }) => length < START);
    const starts = new Set(stated.map((text) => text.slice(0, START)));
    const near = isShort ? all : [...starts].flatMap((start) => byStart.get(start) ?? []);
    return near.filter(({ order }) => compare(order, listed) === likeness);
  };
}

/** A name for an order, the same for the same one: by address and all that is sent. */
export function fingerprint({ url, body }: Order): string {
  return createHash('sha256')
    .update(`${url} ${plain(body)}`)
    .digest('hex');
}

function textLikeness(order: Order, listed: IDataObject): Likeness {
  const field = textFieldOf(order);
  const [script, prompt] = [ownText(listed, 'script'), ownText(listed, 'prompt')];
  // A script was not made by a prompt, nor the other way round.
  if (field === 'script' && prompt && prompt !== script) return 'other';
  if (field === 'prompt' && script && !prompt) return 'other';
  const text = textIn(listed, field);
  const wanted = textIn(order.body, field);
  if (text === '' || wanted === '') return 'unclear';
  if (text === wanted) return 'same';
  return isCutOf(wanted, text) ? 'unclear' : 'other';
}

/** A text that was cut without dots is at least this long, in characters: within a word, or after one. */
const MIN_CUT_LENGTH = { withinWord: 8, afterWord: 20 };

/** A text as far as a list that has cut it with dots shows it: such a cut may go through a tag or an entity. */
function beginningOf(text: string): string {
  if (!text.endsWith('...') || text.length === 3) return text;
  return text.slice(0, -3).replace(/\s*(<\/?[a-z][^<>]*|&#?\w*)?$/i, '');
}

/** Whether a text can be the beginning of a longer one, which a list has cut. */
function isCutOf(whole: string, text: string): boolean {
  const beginning = beginningOf(text);
  if (beginning !== text) return whole.startsWith(beginning);
  if (!whole.startsWith(text)) return false;
  const isWithinWord = /\p{L}$/u.test(text) && /^\p{L}/u.test(whole.slice(text.length));
  if (isWithinWord) return text.length >= MIN_CUT_LENGTH.withinWord;
  return text.length >= MIN_CUT_LENGTH.afterWord && !/[\d.!?。！？]$/.test(text);
}

/** The list may name a look of the avatar, as in `avatar_1_front`, or its name in place of its ID. */
function avatarLikeness({ body }: Order, listed: IDataObject): Likeness {
  const stated = avatarIn(listed);
  if (!isStated(body.avatar_id) || !isStated(stated)) return 'same';
  const [wanted, id] = [plain(body.avatar_id), plain(idIn(stated))];
  if (wanted === id) return 'same';
  const isLook = id.startsWith(wanted) && /^[_.:/~-]/.test(id.slice(wanted.length));
  const isOwn = statedIn(listed, 'avatar_id') !== undefined;
  const isName = isObject(stated) ? isObject(idIn(stated)) : !isOwn;
  return isLook || isName ? 'unclear' : 'other';
}

/** The fields besides text and avatar that the list states in another way. */
function differing({ url, body }: Order, listed: IDataObject): string[] {
  const isLesser = (name: string) => name !== TEXTS[url] && name !== 'avatar_id';
  return Object.keys(body).filter((name) => {
    const [wanted, stated] = [body[name], statedIn(listed, name)];
    return isLesser(name) && isStated(wanted) && isStated(stated) && !isEqual(wanted, stated, name);
  });
}

function isEqual(wanted: unknown, stated: unknown, field: string): boolean {
  if (typeof wanted === 'number' || typeof stated === 'number') {
    return secondsIn(wanted) === secondsIn(stated);
  }
  return plain(wanted, field) === plain(stated, field);
}

/** A number, also as `"45"`, `"45.0"` or `"45s"`. */
function secondsIn(value: unknown): number {
  return Number(String(value).replace(/\s*s(ec(onds?)?)?\.?$/i, '') || NaN);
}

/** What an entry, or a request, states of a field. */
function statedIn(entry: IDataObject, field: string): IDataObject[string] {
  const places = [entry, ...WRAPPERS.map((name) => entry[name]).filter(isObject)];
  return places.map((place) => place[field]).find(isStated);
}

function avatarIn(entry: IDataObject): IDataObject[string] {
  return statedIn(entry, 'avatar_id') ?? statedIn(entry, 'avatar');
}

/** An object counts by its ID, where it has one. */
function idIn(value: IDataObject[string]): IDataObject[string] {
  return isObject(value) ? ((value.id as string | undefined) ?? value) : value;
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && plain(value) !== '';
}

/** Texts as they are compared, by entry and field. Worked out once: it is compared with many orders. */
const textCache = new WeakMap<IDataObject, Record<string, string>>();

function ownText(entry: IDataObject, field: string): string {
  const texts = textCache.get(entry) ?? {};
  textCache.set(entry, texts);
  const stated = () => plain(statedIn(entry, field) ?? '');
  return (texts[field] ??= comparableText(stated()) || stated());
}

/** The text under its own name, or as `text`. */
function textIn(entry: IDataObject, field: string): string {
  return ownText(entry, field) || (field === 'name' ? '' : ownText(entry, 'text'));
}

function shown(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** A value as text that is the same for the same value, however it was written down. */
function plain(value: unknown, field?: string): string {
  if (Array.isArray(value)) return `[${value.map((one) => JSON.stringify(plain(one))).join()}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, one]) => JSON.stringify([name, plain(one, name)])).join()}}`;
  }
  const text = String(value).normalize('NFC').replace(/\r\n?/g, '\n').trim();
  return field === 'language' ? (languageCode(text) ?? text) : text;
}
