import type { IDataObject } from 'n8n-workflow';

import type { JobRegistry } from '../account/jobRegistry';
import { type Listed, MAX_LIST_LAG, readBack } from '../account/listReader';
import { PAGE_SIZE } from '../api/page';
import {
  doubtsAbout,
  indexKeysOf,
  indexOrders,
  fingerprint,
  type Order,
  states,
  textFieldOf,
} from '../account/sameOrder';
import { idOf, outcomeOf } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';
import { yielder } from '../client/time';
import { lookBack, whenVideoExists } from '../fields/options';
import { BadInput } from '../fields/validate';
import type { Message } from '../messages/message';
import { ItemFailed, type Refusal } from '../run/results';
import type { Run } from '../run/run';
import type { Ledger } from './ledger';
import { type Match, needsSubmission, type Row, type Rows } from './rows';

/** Most pages to read: 20,000 videos. */
const MAX_PAGES = 200;

const LIST_CUT: Message = {
  message: "Nothing was sent: your account's list could not be read to its end",
  description: `It goes on for more than ${MAX_PAGES * PAGE_SIZE} videos, or repeats itself, so this node cannot tell whether the video of this item is there already. Lower "${lookBack.displayName}" (older videos are then ordered again), or choose "Order Another One", which orders every item.`,
};

/** The rows with the same order, and what the account has of it. */
interface Group {
  order: Order;
  rows: Row[];
  /** The earliest `reuseSince` of its rows */
  since: number;
  /** By ID, including failed and taken ones */
  existing: Map<string, Listed>;
  /** A job that may match, but the list says too little about it */
  unclear?: IDataObject;
  /** For a prompt: a job listed with a script alone, which AI may have written */
  scripted?: IDataObject;
}

/**
 * Reads the account's list and assigns to each row that reuses videos the oldest job of the same order
 * that has not failed and belongs to no other row. Two equal rows need two jobs, but a model that calls its tool
 * again gets the same one. Sets each row's `match`. A row whose job cannot be identified counts as invalid.
 *
 * @returns why this is not possible, so nothing may be sent; `undefined` on success
 * @throws the signal's reason
 */
export async function findExisting(
  client: ApiClient,
  jobs: JobRegistry,
  rows: Rows,
  ledger: Ledger,
  { onError, isTool }: Pick<Run, 'onError' | 'isTool'>,
): Promise<Refusal | undefined> {
  const groups = groupsOf(rows.good);
  if (groups.length === 0) return undefined;
  const yieldIfDue = yielder();
  for (const { order } of groups) {
    await yieldIfDue();
    indexKeysOf(order); // cached
  }
  const find = indexOrders(groups);
  /** Whether each listed job has failed, by ID */
  const hasFailed = new Map<string | undefined, boolean>();
  const isPrompt = textFieldOf(groups[0].order) === 'prompt';
  let hasPrompts = false;
  const addListed = async (listed: Listed) => {
    await yieldIfDue();
    const { entry, at } = listed;
    const id = idOf(entry);
    const isFailed = outcomeOf(entry) === 'failed';
    hasFailed.set(id, isFailed);
    hasPrompts ||= states(entry, 'prompt');
    const same = find(entry, 'same');
    const isIn = (group: Group) => !(at < group.since);
    for (const group of same.filter(isIn)) {
      if (id !== undefined) group.existing.set(id, listed);
      else if (!isFailed) group.unclear ??= entry;
    }
    // A job that certainly matches one order is not a possible match of another.
    if (same.length > 0 || isFailed) return;
    const isScripted = isPrompt && states(entry, 'script') && !states(entry, 'prompt');
    const kind = isScripted ? 'scripted' : 'unclear';
    if (isScripted && hasPrompts) return;
    // Such an entry may match every order, so finding them takes long.
    const isSkipped = (group: Group) => group[kind] !== undefined || !isIn(group);
    for (const group of find(entry, 'unclear', isSkipped)) group[kind] = entry;
  };
  const since = Math.min(...groups.map((group) => group.since));
  const reading = readBack(client, '/videos', since, MAX_PAGES, addListed);
  const isComplete = await reading.catch(refusalOnly);
  if (isComplete instanceof RequestFailed) {
    return ItemFailed.by(isComplete, { doing: 'list the videos' }).failure;
  }
  if (!isComplete) return LIST_CUT;
  // A job that the list does not show counts for as long as a list may be late.
  const isUsable = (id: string, at: number) =>
    hasFailed.has(id) ? !hasFailed.get(id) : Date.now() - at <= MAX_LIST_LAG;
  // If the list states prompts at all, a job with a script alone was not generated, so it leaves no doubt.
  if (!hasPrompts) groups.forEach((group) => (group.unclear ??= group.scripted));
  for (const group of groups) {
    await yieldIfDue();
    addCreated(group, jobs);
  }
  const taken = new Set(isTool ? [] : ledger.answers.map(idOf));
  const { matches, unclear } = assignOldest(groups, jobs, taken, isUsable);
  matches.forEach((match, row) => (row.match = match));
  refuseUnclear(rows, unclear, onError === 'stop' ? 'Nothing was sent' : 'Not sent');
  return undefined;
}

/** Adds what this process has created, perhaps while the list was read: it may not show it yet, or not clearly. */
function addCreated({ order, existing }: Group, jobs: JobRegistry): void {
  for (const job of jobs.createdBy(fingerprint(order))) {
    const id = idOf(job.entry)!;
    if (!existing.has(id)) existing.set(id, job);
  }
}

/** Moves the rows whose existing video cannot be identified from the good ones to the bad ones. */
function refuseUnclear(rows: Rows, unclear: Map<Row, IDataObject>, consequence: string): void {
  unclear.forEach((entry, row) => {
    const { message, description } = describeUnclear(row, entry, consequence);
    const error = new BadInput(message, description);
    rows.bad.set(row.item, { error, body: row.order.body });
  });
  rows.good = rows.good.filter((row) => !unclear.has(row));
}

/** Groups the rows that look for an existing video by their order. */
function groupsOf(rows: Row[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const { order, known, reuseSince: since } = row;
    if (since === undefined || known?.state === 'accepted') continue;
    const key = fingerprint(order);
    const group: Group = groups.get(key) ?? { order, since, rows: [], existing: new Map() };
    group.rows.push(row);
    group.since = Math.min(group.since, since);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Invariant: a job that matches several orders, because the list says too little to tell them apart, is
 * assigned only once.
 * @param taken IDs of jobs that belong to other rows; those of the matches are added
 * @returns the match of each row, or a listed job that may be one
 */
function assignOldest(
  groups: Group[],
  jobs: JobRegistry,
  taken: Set<string | undefined>,
  isUsable: (id: string, at: number) => boolean,
) {
  const matches = new Map<Row, Match>();
  const unclear = new Map<Row, IDataObject>();
  // E.g. `2026-01-31T14:0`: not longer than this process remembers refusals.
  const tenMinutes = new Date().toISOString().slice(0, 15);
  for (const { order, rows, existing, unclear: entry } of groups) {
    const print = fingerprint(order);
    const usable = [...existing].filter(([id, { at }]) => isUsable(id, at));
    // Jobs without a creation time come last.
    const timeOf = ({ at }: Listed) => (Number.isNaN(at) ? Infinity : at);
    const oldestFirst = usable.sort(([, a], [, b]) => timeOf(a) - timeOf(b));
    let missing = 0;
    for (const row of rows) {
      const { reuseSince: since = 0 } = row;
      const found = oldestFirst.find(([id, { at }]) => !taken.has(id) && !(at < since));
      if (found) taken.add(found[0]);
      else if (entry) {
        // One that may have been sent already is not sent, and says so.
        if (needsSubmission(row)) unclear.set(row, entry);
        continue;
      } else missing += 1;
      const key = [print, tenMinutes, existing.size, missing, jobs.refusalsOf(print)].join(' ');
      matches.set(row, { job: found?.[1].entry, key });
    }
  }
  return { matches, unclear };
}

/** @param consequence as in `Nothing was sent` */
function describeUnclear({ order, item }: Row, listed: IDataObject, consequence: string): Message {
  const id = idOf(listed) ?? 'without an ID';
  const reason = doubtsAbout(order, listed)?.join('; ') || 'the list does not say its ID';
  return {
    message: `${consequence}: video ${id} may already be the video of item ${item + 1}, but ${reason}`,
    description: `So this node cannot tell whether to order it. Look at that video. If it is the right one, leave this item out. If not, run this item alone with "${whenVideoExists.displayName}" set to "Order Another One", which orders every item it gets.`,
  };
}
