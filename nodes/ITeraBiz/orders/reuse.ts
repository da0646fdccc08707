import { createHash } from 'crypto';
import type { IDataObject } from 'n8n-workflow';

import { PAGE_SIZE } from '../api/page';
import { outcomeOf, videoIdOf } from '../api/video';
import { lookBack, whenVideoExists } from '../fields/reuse';
import { type Message, SUPPORT } from '../messages/message';
import { BadInput } from '../orders/validate';
import type { Item } from '../run/item';
import type { Options } from '../run/parameters';
import { readPage } from '../run/read';
import { type Extent, type Listed, readBack } from './listed';
import { compare, finderOf, nameOf, type Order } from './sameOrder';

/** Pages that are read at the most: 20,000 videos. */
const MOST_PAGES = 200;

const DAY = 24 * 60 * 60_000;

/** An order whose video may be there already. */
export interface Wanted {
  item: number;
  order: Order;
  /** How old that video may be: milliseconds since 1970, by our clock */
  since: number;
  /** How many of the same order this execution made before, in other runs of the node */
  before: number;
}

/** What the list says of an order. */
export interface Match {
  /** The job that is there already, and is this item's now */
  job?: IDataObject;
  /** The name of that order */
  order: string;
  /**
   * For the `Idempotency-Key` where it is to be ordered. The same for whoever wants the same order and
   * sees the same list, in the same hour: executions that start together get one video where the API
   * honours the header.
   */
  key: string;
}

/**
 * Whether the user wants an existing video used, and from when on.
 *
 * @returns milliseconds since 1970, or `undefined` where every item is to be ordered
 * @throws {BadInput} when an expression gives something else: nobody knows then what was meant
 */
export function reuseSince(options: Options, now = Date.now()): number | undefined {
  // An expression that gives nothing is not the same as no choice.
  const choice: unknown = 'whenVideoExists' in options ? options.whenVideoExists : 'order';
  if (choice === 'order') return undefined;
  if (choice !== 'reuse') {
    throw new BadInput({
      message: `"${whenVideoExists.displayName}": "${String(choice)}" is not one of the choices`,
      description:
        'Choose one from the list, or let the expression give order or reuse. Nothing was sent to iTeraBiz.',
    });
  }
  const given: unknown = 'lookBack' in options ? options.lookBack : lookBack.default;
  const isNumber = typeof given === 'number' || (typeof given === 'string' && given.trim() !== '');
  const days = isNumber ? Number(given) : NaN;
  if (!(days > 0 && days < Infinity)) {
    throw new BadInput({
      message: `"${lookBack.displayName}": "${String(given)}" is not a number of days`,
      description: 'Enter a number above 0, as in 30. Nothing was sent to iTeraBiz.',
    });
  }
  return now - days * DAY;
}

/** Rows of one order, and the jobs of the list that were made by the same one. */
interface Group {
  order: Order;
  rows: Wanted[];
  /** How old the job of any row may be */
  since: number;
  jobs: Listed[];
  /** How many there are, failed ones included, and the newest of them, as far as the list was read */
  made: number;
  /** A job of which the list does not say enough to tell */
  unclear?: string;
}

/**
 * Reads the account's list and gives each row the oldest job that is the same order, has not failed
 * and is nobody else's. Of two equal rows each needs a job of its own.
 *
 * @param isTaken whether a job belongs to another row
 * @throws {BadInput} when the list does not say what its jobs were made of, or is too long
 * @throws {NodeApiError} when it cannot be read
 */
export async function findExisting(
  item: Item,
  wanted: Wanted[],
  isTaken: (id: string) => boolean,
): Promise<Map<number, Match>> {
  const groups = groupsOf(wanted);
  const groupsFor = finderOf(groups);
  const since = Math.min(...groups.map((group) => group.since));
  const extent = await readBack(
    async (after) => await readPage(item, '/videos', after),
    since,
    MOST_PAGES,
    (listed) => {
      if (listed.at < since) return;
      const { entry } = listed;
      const id = videoIdOf(entry);
      for (const group of id === undefined ? [] : groupsFor(entry)) {
        if (listed.at < group.since) continue;
        group.made += 1;
        if (outcomeOf(entry) !== 'failed' && !isTaken(id!)) group.jobs.push(listed);
      }
      noteUnclear(groups, listed);
    },
  );
  if (extent !== 'enough') throw new BadInput(describeExtent(extent));
  return assignOldest(groups);
}

function groupsOf(wanted: Wanted[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of wanted) {
    const name = nameOf(row.order);
    const group = groups.get(name) ?? {
      ...{ order: row.order, rows: [], since: row.since, jobs: [], made: 0 },
    };
    group.rows.push(row);
    group.since = Math.min(group.since, row.since);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function noteUnclear(groups: Group[], { entry, at }: Listed): void {
  if (outcomeOf(entry) === 'failed') return;
  for (const group of groups) {
    if (group.unclear !== undefined || at < group.since) continue;
    if (compare(group.order, entry) === 'unclear')
      group.unclear = videoIdOf(entry) ?? 'without an ID';
  }
}

/** A job that fits rows of several orders, because the list says too little to tell them apart, is given out once. */
function assignOldest(groups: Group[]): Map<number, Match> {
  const taken = new Set<Listed>();
  const hour = new Date().toISOString().slice(0, 13);
  const matches = new Map<number, Match>();
  for (const { order, rows, jobs, made, unclear } of groups) {
    const oldestFirst = [...jobs].sort((one, other) => timeOf(one) - timeOf(other));
    const name = nameOf(order);
    let missing = 0;
    for (const { item, since, before } of rows) {
      const own = oldestFirst.find((one) => !taken.has(one) && !(one.at < since));
      if (own) taken.add(own);
      else if (unclear !== undefined) throw new BadInput(describeUnclear(unclear));
      else missing += 1;
      const key = createHash('sha256').update(`${name} ${hour} ${made} ${before} ${missing}`);
      matches.set(item, { job: own?.entry, order: name, key: key.digest('hex').slice(0, 32) });
    }
  }
  return matches;
}

/** Jobs that do not say when they were made come last. */
function timeOf({ at }: Listed): number {
  return Number.isNaN(at) ? Infinity : at;
}

/** Says that a listed video may be the one, or not. */
export function describeUnclear(id: string): Message {
  return {
    message: `Nothing was sent: the list of your account does not say what video ${id} was made of`,
    description: `"${whenVideoExists.displayName}" needs the script or prompt of each listed video to tell whether the one of this item is there already. Choose "Order Another One", or lower "${lookBack.displayName}" so that it leaves that video out.`,
  };
}

/** Says that a list was not read as far back as asked. */
export function describeExtent(extent: Extent): Message {
  const much = MOST_PAGES * PAGE_SIZE;
  return extent === 'tooLong'
    ? {
        message: `Nothing was sent: the list of your account goes on for more than ${much} videos`,
        description: `So this node cannot tell whether the video of this item is there already. Lower "${lookBack.displayName}" in the options.`,
      }
    : {
        message: 'Nothing was sent: the list of your account could not be read to its end',
        description:
          'iTeraBiz says that there are more videos, but answers the same ones again, so this node cannot tell whether the video of this item is there already. Choose "Order Another One", or write to ' +
          `${SUPPORT}.`,
      };
}
