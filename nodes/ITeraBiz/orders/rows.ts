import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Slot } from '../account/dailyBudget';
import type { JobRegistry } from '../account/jobRegistry';
import type { Order } from '../account/sameOrder';
import { isObject } from '../api/json';
import { visibleText } from '../api/text';
import { yielder } from '../client/time';
import { BY_NAME, withFields } from '../fields/fields';
import { waitForCompletion } from '../fields/options';
import { checkBody, isOn, type Options, textOf } from '../fields/validate';
import { LABELS } from '../messages/message';
import type { RequestTemplate, Run } from '../run/run';
import type { Entry } from './executionLog';
import type { Ledger } from './ledger';

const DAY = 24 * 60 * 60_000;

/** The result of looking for the order of a row in the account's list. */
export interface Match {
  /** The existing job, now assigned to this row */
  job?: IDataObject;
  /**
   * For the `Idempotency-Key` of a new job. Executions that send the same order and see the same list
   * within ten minutes share it, so they get one video if the API honors the header.
   */
  key: string;
}

/** A valid item, ready to be ordered. */
export interface Row {
  item: number;
  options: Options;
  /** Whether to wait until its video is finished */
  waits: boolean;
  /** Validated, as it would be sent */
  order: Order;
  /** Its key in the ledger */
  key: string;
  /** Its earlier submission in this execution, from the ledger */
  known?: Entry;
  /** Videos created since then may be reused, in milliseconds since 1970; `undefined` for none */
  reuseSince?: number;
  /** Set once the list was read, if `reuseSince` is set */
  match?: Match;
  /** Its place in the account's daily budget, if that has a limit */
  slot?: Slot;
}

/**
 * Alone decides whether a row is sent, or sent again: it has no job, and either was never sent, or its outcome is
 * unknown and Resubmit if Unsure is on.
 */
export function needsSubmission({ known, match, options }: Row): boolean {
  if (match?.job) return false;
  return !known || (known.state === 'sent' && options.resubmitUnknown === true);
}

/** The items of a run, all validated before the first is sent. */
export interface Rows {
  good: Row[];
  /** Invalid items, by index: the error, and the body as far as it was built */
  bad: Map<number, { error: Error; body: IDataObject }>;
  isPreview: boolean;
  /** Limits of this run: the lowest of all items */
  maxVideos: number;
  maxSeconds: number;
}

/** Builds and validates the body of every item; errors of an item are in `bad`. @throws the signal's reason */
export async function prepareRows(
  run: Run,
  { url, fields }: RequestTemplate,
  ledger: Ledger,
  jobs: Pick<JobRegistry, 'isSending'>,
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
      if (isByName) body = { ...body, avatar_id: await findAvatar(avatarNameIn(body.avatar_id)) };
      const order = { url, body: checkBody(body) };
      const key = ledger.keyOf(item, order);
      // An item's earlier submission may be another call's of a tool, so only the same order counts there, and its doubt
      // is not taken over while that order is still on its way.
      const earlier = run.isTool ? undefined : ledger.findEarlier(item);
      const isNew = run.isTool && jobs.isSending(order);
      const known = ledger.find(key) ?? earlier ?? (isNew ? undefined : ledger.takeOver(key));
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

/** An expression may return a list with one name: Airtable does for linked fields. @throws {BadInput} if it is no name */
function avatarNameIn(value: IDataObject[string]): string {
  return visibleText(textOf(Array.isArray(value) ? String(value) : value, LABELS.avatar_id));
}

/** @throws {BadInput} if an expression gives neither yes nor no */
export function waitsOf(run: Run, item: number): boolean {
  const { name, displayName } = waitForCompletion;
  return isOn(run.parameter(name, item, false), displayName);
}

/** Each field of the description names the property it fills (`routing.send`). */
function bodyOf(run: Run, fields: INodeProperties[], item: number): IDataObject {
  const body: IDataObject = {};
  for (const { name, routing } of fields) {
    const property = routing?.send?.property;
    if (property) body[property] = run.parameter(name, item) as IDataObject[string];
  }
  const added = run.parameter('additionalFields.field', item, []);
  return withFields(body, Array.isArray(added) ? added.filter(isObject) : []);
}
