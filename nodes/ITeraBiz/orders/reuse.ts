import type { IDataObject } from 'n8n-workflow';

import type { JobRegistry } from '../account/jobRegistry';
import { type Extent, type Listed, readBack } from '../account/listReader';
import { PAGE_SIZE } from '../api/page';
import {
  indexOrders,
  fingerprint,
  type Order,
  states,
  textFieldOf,
  unclearReason,
} from '../account/sameOrder';
import { outcomeOf, videoIdOf } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';
import { lookBack, whenVideoExists } from '../fields/options';
import { type Message, SUPPORT } from '../messages/message';
import { ItemFailed, type Refusal } from '../run/results';
import type { Ledger } from './ledger';
import type { Match, Row } from './rows';

/** Most pages to read: 20,000 videos. */
const MAX_PAGES = 200;

/**
 * How long a list may leave out a new job, in milliseconds; `RECONCILING` expects it within seconds. One
 * left out for longer was deleted, or has failed.
 */
const MAX_LIST_LAG = 5 * 60_000;

/** The rows with the same order, and the listed jobs that match it. */
interface Group {
  order: Order;
  rows: Row[];
  /** The earliest `reuseSince` of its rows */
  since: number;
  /** Jobs that may be reused */
  jobs: Listed[];
  /** How many matching jobs are listed, including failed and taken ones */
  made: number;
  /** A job that may match, but the list says too little about it */
  unclear?: IDataObject;
  /** For a prompt: a job listed with a script alone, which AI may have written */
  scripted?: IDataObject;
}

/**
 * Reads the account's list and assigns to each row that reuses videos the oldest job of the same order
 * that has not failed and belongs to no other row. Two equal rows need two jobs. Sets each row's `match`.
 *
 * @param isTaken whether a job belongs to another row
 * @returns why this is not possible, so nothing may be sent; `undefined` on success
 * @throws the signal's reason
 */
export async function findExisting(
  client: ApiClient,
  jobs: JobRegistry,
  rows: Row[],
  ledger: Ledger,
  isTaken: (id: string) => boolean,
): Promise<Refusal | undefined> {
  rows.forEach((row) => (row.match = undefined));
  const groups = groupsOf(rows.filter(({ known }) => known?.state !== 'accepted'));
  if (groups.length === 0) return undefined;
  const find = indexOrders(groups);
  const since = Math.min(...groups.map((group) => group.since));
  const shown = new Set<string>();
  const failed = new Set<string>();
  const isPrompt = textFieldOf(groups[0].order) === 'prompt';
  let hasPrompts = false;
  const addListed = (listed: Listed) => {
    const { entry, at } = listed;
    const id = videoIdOf(entry);
    if (id !== undefined) shown.add(id);
    hasPrompts ||= states(entry, 'prompt');
    if (at < since) return;
    const isFailed = outcomeOf(entry) === 'failed';
    if (isFailed && id !== undefined) failed.add(id);
    const same = id === undefined ? [] : find(entry, 'same');
    for (const group of same) {
      if (at < group.since) continue;
      group.made += 1;
      if (!isFailed && !isTaken(id!)) group.jobs.push(listed);
    }
    // A job that certainly matches one order is not a possible match of another.
    if (same.length > 0 || isFailed) return;
    const isScripted = isPrompt && states(entry, 'script') && !states(entry, 'prompt');
    if (isScripted && hasPrompts) return;
    const kind = isScripted ? 'scripted' : 'unclear';
    // Such an entry may match every order, so finding them takes long.
    if (groups.every((group) => group[kind])) return;
    for (const group of find(entry, 'unclear')) {
      if (!(at < group.since)) group[kind] ??= entry;
    }
  };
  const extent = await readBack(client, '/videos', since, MAX_PAGES, addListed).catch(refusalOnly);
  if (extent instanceof RequestFailed) {
    return ItemFailed.by(extent, { doing: 'list the videos' }).failure;
  }
  if (extent !== 'enough') return describeExtent(extent);
  // A list that states prompts states that of a generated video, too.
  if (!hasPrompts) groups.forEach((group) => (group.unclear ??= group.scripted));
  const isGone = (id: string, at: number) => !shown.has(id) && Date.now() - at > MAX_LIST_LAG;
  const isExcluded = (id: string, at: number) => failed.has(id) || isTaken(id) || isGone(id, at);
  groups.forEach((group) => addUnlisted(group, jobs, isExcluded));
  return assignOldest(groups, ledger);
}

/** Groups the rows that reuse videos by their order. */
function groupsOf(rows: Row[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const { order, reuseSince: since } = row;
    if (since === undefined) continue;
    const key = fingerprint(order);
    const group = groups.get(key) ?? { order, rows: [], since, jobs: [], made: 0 };
    group.rows.push(row);
    group.since = Math.min(group.since, since);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Adds the jobs that this process created and the list does not show, or not clearly. */
function addUnlisted(
  group: Group,
  jobs: JobRegistry,
  isExcluded: (id: string, at: number) => boolean,
): void {
  const listed = new Set(group.jobs.map(({ entry }) => videoIdOf(entry)));
  for (const job of jobs.createdBy(fingerprint(group.order))) {
    const id = videoIdOf(job.entry);
    if (id === undefined || listed.has(id) || job.at < group.since) continue;
    if (!isExcluded(id, job.at)) group.jobs.push(job);
  }
}

/**
 * Invariant: a job that matches several orders, because the list says too little to tell them apart, is
 * assigned only once.
 */
function assignOldest(groups: Group[], ledger: Ledger): Message | undefined {
  const taken = new Set<Listed>();
  const matches: Array<[Row, Match]> = [];
  const hour = new Date().toISOString().slice(0, 13);
  for (const { order, rows, jobs, made, unclear } of groups) {
    // Jobs without a creation time come last.
    const timeOf = ({ at }: Listed) => (Number.isNaN(at) ? Infinity : at);
    jobs.sort((a, b) => timeOf(a) - timeOf(b));
    let missing = 0;
    for (const row of rows) {
      const { item, key, reuseSince: since = 0 } = row;
      const job = jobs.find((candidate) => !taken.has(candidate) && !(candidate.at < since));
      if (job) taken.add(job);
      else if (unclear) return describeUnclear(order, unclear, item);
      else missing += 1;
      const parts = [fingerprint(order), hour, made, ledger.countLike(key), missing];
      matches.push([row, { job: job?.entry, key: parts.join(' ') }]);
    }
  }
  matches.forEach(([row, match]) => (row.match = match));
  return undefined;
}

function describeUnclear(order: Order, listed: IDataObject, item: number): Message {
  const id = videoIdOf(listed) ?? 'without an ID';
  return {
    message: `Nothing was sent: video ${id} may be the one of item ${item + 1}, but ${unclearReason(order, listed)}`,
    description: `So "${whenVideoExists.displayName}" cannot tell whether to order it. Choose "Order Another One", or lower "${lookBack.displayName}" so that it leaves that video out.`,
  };
}

function describeExtent(extent: Extent): Message {
  const consequence = 'this node cannot tell whether the video of this item is there already';
  return extent === 'tooLong'
    ? {
        message: `Nothing was sent: the list of your account goes on for more than ${MAX_PAGES * PAGE_SIZE} videos`,
        description: `So ${consequence}. Lower "${lookBack.displayName}".`,
      }
    : {
        message: 'Nothing was sent: the list of your account could not be read to its end',
        description: `iTeraBiz says that there are more videos, but sends the same ones again, so ${consequence}. Choose "Order Another One", or write to ${SUPPORT}.`,
      };
}
