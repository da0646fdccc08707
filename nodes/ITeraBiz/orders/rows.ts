import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Slot } from '../account/dailyBudget';
import type { Order } from '../account/sameOrder';
import { isObject } from '../api/json';
import { BY_NAME, withFields } from '../fields/fields';
import { waitForCompletion } from '../fields/options';
import { checkBody, isOn, type Options } from '../fields/validate';
import { yielder } from '../run/eachItem';
import type { RequestTemplate, Run } from '../run/run';
import type { Entry, Ledger } from './ledger';

const DAY = 24 * 60 * 60_000;

/** What the account's list says of an order. */
export interface Match {
  /** The job that is there already, and is this row's now */
  job?: IDataObject;
  /**
   * For the `Idempotency-Key` of a new one. Executions that want the same order and see the same list
   * in the same hour share it: they get one video where the API honors the header.
   */
  key: string;
}

/** An item that can be ordered. */
export interface Row {
  item: number;
  options: Options;
  /** Whether to wait until its video is finished */
  waits: boolean;
  /** Checked, as it would be sent */
  order: Order;
  /** Its name in the ledger */
  key: string;
  /** What is known of it from before, in this execution */
  known?: Entry;
  /** From when on an existing video counts, in milliseconds since 1970; nothing where none does */
  reuseSince?: number;
  /** Where `reuseSince` is set and the list was read */
  match?: Match;
  /** In the account's daily budget, where it has a limit */
  slot?: Slot;
}

/** What a run is about to order, checked over all its items before the first is sent. */
export interface Rows {
  good: Row[];
  /** Invalid items, and why; with the body, as far as there is one */
  bad: Map<number, { error: Error; body: IDataObject }>;
  isPreview: boolean;
  /** What this run may order at the most */
  maxVideos: number;
  maxSeconds: number;
}

/**
 * Makes and checks the body of every item.
 *
 * @param findAvatar an avatar's ID by its name
 * @throws what `findAvatar` throws, but for {@link BadInput}
 */
export async function prepareRows(
  run: Run,
  { url, fields }: RequestTemplate,
  ledger: Ledger,
  findAvatar: (name: string) => Promise<IDataObject[string]>,
): Promise<Rows> {
  const limits = { maxVideos: Infinity, maxSeconds: Infinity };
  const rows: Rows = { good: [], bad: new Map(), isPreview: false, ...limits };
  const yieldIfDue = yielder();
  const isByName = run.locatorMode('avatarId') === BY_NAME;
  for (let item = 0; item < run.size; item++) {
    await yieldIfDue();
    let body: IDataObject = {};
    try {
      const options = run.options(item);
      rows.isPreview ||= options.previewOnly === true;
      rows.maxVideos = Math.min(rows.maxVideos, options.maxVideos ?? Infinity);
      rows.maxSeconds = Math.min(rows.maxSeconds, options.maxSeconds ?? Infinity);
      body = bodyOf(run, fields, item);
      const name = isByName ? String(body.avatar_id ?? '').trim() : '';
      if (name !== '') body = { ...body, avatar_id: await findAvatar(name) };
      const order = { url, body: checkBody(body) };
      const key = ledger.keyOf(item, order);
      const known = ledger.find(key);
      const { whenVideoExists, lookBack = 30 } = options;
      const reuseSince = whenVideoExists === 'reuse' ? Date.now() - lookBack * DAY : undefined;
      const waits = waitsOf(run, item);
      rows.good.push({ item, options, waits, order, key, known, reuseSince });
    } catch (error) {
      run.signal?.throwIfAborted();
      rows.bad.set(item, { error: error as Error, body });
    }
  }
  return rows;
}

/** @throws {BadInput} where an expression gives neither yes nor no */
export function waitsOf(run: Run, item: number): boolean {
  const { name, displayName } = waitForCompletion;
  return isOn(run.parameter(name, item, false), displayName);
}

/** The body of an item, by what the description says: a field names where it goes. */
function bodyOf(run: Run, fields: INodeProperties[], item: number): IDataObject {
  const body: IDataObject = {};
  for (const { name, routing } of fields) {
    const property = routing?.send?.property;
    if (property) body[property] = run.parameter(name, item) as IDataObject[string];
  }
  const added = run.parameter('additionalFields.field', item, []);
  return withFields(body, Array.isArray(added) ? added.filter(isObject) : []);
}
