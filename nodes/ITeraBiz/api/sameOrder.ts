import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { isObject } from './json';
import { languageCode } from './language';

/** What is asked of the API, ready to be sent: where to, and the fields. */
export interface Order {
  url: string;
  body: IDataObject;
}

/**
 * How an entry of the account's list compares with an order: made by the same one, by another one,
 * or it does not say enough to tell.
 */
export type Likeness = 'same' | 'other' | 'unclear';

/** The field whose text makes an order what it is, by address. */
const TEXTS: Record<string, string> = {
  '/avatars': 'name',
  '/content/generate': 'prompt',
  '/videos': 'script',
};

/** The field whose text makes an order what it is, as in `script`. */
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
 * Assumption: a list says what each job was made of, as it was sent, in the fields of the request,
 * and a generated one by its `prompt`. A text that ends in dots may have been shortened.
 */
export function compare(order: Order, listed: IDataObject): Likeness {
  const field = textFieldOf(order);
  if (field === 'script' && isStated(listed.prompt)) return 'other';
  if (field === 'prompt' && isStated(listed.script) && !isStated(listed.prompt)) return 'other';
  const stated = Object.keys(order.body).filter(
    (name) => name !== field && isStated(order.body[name]) && isStated(listed[name]),
  );
  if (!stated.every((name) => isEqual(order, listed, name))) return 'other';
  if (!isStated(listed[field])) return 'unclear';
  const text = plain(listed[field]);
  const wanted = plain(order.body[field]);
  if (text === wanted) return 'same';
  const [, beginning] = /^(.+?)\s*(?:…|\.\.\.)$/s.exec(text) ?? [];
  return beginning && wanted.startsWith(beginning) ? 'unclear' : 'other';
}

/**
 * Finds, among many orders, those that an entry of a list can have been made by. By its text first,
 * so that a long list is quickly gone through.
 */
export function finderOf<T extends { order: Order }>(
  wanted: Iterable<T>,
): (listed: IDataObject) => T[] {
  const byText = new Map<string, T[]>();
  for (const one of wanted) {
    const field = textFieldOf(one.order);
    const key = `${field} ${plain(one.order.body[field])}`;
    byText.set(key, [...(byText.get(key) ?? []), one]);
  }
  const fields = Object.values(TEXTS);
  return (listed) =>
    fields
      .flatMap((field) => byText.get(`${field} ${plain(listed[field])}`) ?? [])
      .filter(({ order }) => compare(order, listed) === 'same');
}

/** A name for an order, the same for the same one: by address and all that is sent. */
export function nameOf({ url, body }: Order): string {
  const fields = Object.keys(body)
    .sort()
    .map((field) => [field, plain(body[field], field)]);
  return createHash('sha256')
    .update(JSON.stringify([url, fields]))
    .digest('hex');
}

function isStated(value: IDataObject[string]): boolean {
  return value !== undefined && value !== null && plain(value) !== '';
}

function isEqual({ body }: Order, listed: IDataObject, field: string): boolean {
  const [one, other] = [body[field], listed[field]];
  if (typeof one === 'number' || typeof other === 'number') return Number(one) === Number(other);
  return plain(one, field) === plain(other, field);
}

/** A value as text that is the same for the same value, however it was written down. */
function plain(value: unknown, field?: string): string {
  if (Array.isArray(value)) return `[${value.map((one) => JSON.stringify(plain(one))).join()}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([name, one]) => JSON.stringify([name, plain(one)])).join()}}`;
  }
  const text = String(value).normalize('NFC').replace(/\r\n?/g, '\n').trim();
  return field === 'language' ? (languageCode(text) ?? text) : text;
}
