import type { IDataObject } from 'n8n-workflow';
import { NodeApiError, sleep } from 'n8n-workflow';

import { PAGE_SIZE, pageQuery } from '../api/page';
import { statusClassOf } from '../api/status';
import { videoIdOf } from '../api/video';
import { ask, pageFrom } from '../client/ask';
import type { Item } from '../run/item';
import type { Claims } from './claims';
import { type Listed, type PageAnswer, readBack } from './listed';
import { compare, finderOf, nameOf, type Order } from './sameOrder';

/** When the list is looked at; all in milliseconds. Assumption: a new job shows within seconds. */
export const TIMING = {
  /** After an outcome turned out unknown */
  looks: [1_000, 5_000, 15_000, 30_000, 60_000],
  /** A look that is due this soon is made with the one that is due now */
  together: 1_000,
};

/** How well two clocks are compared, in milliseconds. */
const DOUBT = 60_000;

/** How long n8n waits for an answer where the user set nothing, in milliseconds (n8n behaviour). */
const TIMEOUT = 300_000;

/** Pages that one look reads at the most. */
const MOST_PAGES = 20;

/** What came of looking for a job. */
export interface Finding {
  /** Found, and nobody else's */
  job?: IDataObject;
  /** When the request left; this and the next in milliseconds since 1970 */
  since: number;
  /** When the list was read for the last time */
  at: number;
  /** How often it was read */
  looks: number;
  /** Why the list could not be read */
  trouble?: string;
}

interface Suspect {
  order: Order;
  /** When the request left, by our clock, in milliseconds since 1970 */
  sentAt: number;
  /** How long an answer to it was waited for, in milliseconds */
  timeout: number;
}

interface Doubt extends Suspect {
  item: Item;
  /** When it is still to be looked for */
  moments: number[];
  looks: number;
  resolve: (finding: Finding) => void;
}

/**
 * Which job each doubt is about, as far as a list can tell: made since just before the request left,
 * and while it may have been under way; made by the same order; no job for two.
 *
 * Of several, it is the one made nearest after the request. A job that an order on its way may have
 * made, or that two different orders may have made, is nobody's.
 *
 * @param listed what nobody has claimed
 * @param underWay orders on their way, whose jobs may be listed already
 */
export function assign<T extends Suspect>(
  doubts: T[],
  listed: Listed[],
  underWay: Order[],
): Map<T, IDataObject> {
  const suspectsOf = finderOf(doubts);
  const found = new Map<T, Listed[]>();
  for (const one of listed) {
    if (underWay.some((order) => compare(order, one.entry) === 'same')) continue;
    const suspects = suspectsOf(one.entry).filter((doubt) => isInTime(doubt, one.at));
    if (new Set(suspects.map(({ order }) => nameOf(order))).size !== 1) continue;
    for (const doubt of suspects) found.set(doubt, [...(found.get(doubt) ?? []), one]);
  }
  const taken = new Set<Listed>();
  const result = new Map<T, IDataObject>();
  for (const doubt of [...found.keys()].sort((one, other) => one.sentAt - other.sentAt)) {
    const [nearest] = found
      .get(doubt)!
      .filter((one) => !taken.has(one))
      .sort((one, other) => distance(doubt, one.at) - distance(doubt, other.at));
    if (!nearest) continue;
    taken.add(nearest);
    result.set(doubt, nearest.entry);
  }
  return result;
}

function isInTime({ sentAt, timeout }: Suspect, at: number): boolean {
  return at >= sentAt - DOUBT && at <= sentAt + timeout + DOUBT;
}

/** Made after the request is likelier than made before it, however near. */
function distance({ sentAt }: Suspect, at: number): number {
  return at >= sentAt ? at - sentAt : DOUBT + TIMEOUT + sentAt - at;
}

/**
 * Looks for the jobs of which nobody knows whether they were accepted: in the account's own list,
 * the one record of it. All that are in doubt in this process share their looks.
 */
export class Lookout {
  private readonly doubts = new Set<Doubt>();

  private isLooking = false;

  /** @param url of the list, as in `/videos` */
  constructor(
    private readonly claims: Claims,
    private readonly url: string,
  ) {}

  /**
   * Looks for what a request has made, several times over about a minute.
   *
   * @param sentAt when it left, by our clock, in milliseconds since 1970
   * @param isOld whether that is long ago, so that one look will do
   * @returns the job, which is claimed then, or what was looked for in vain
   * @throws the signal's reason when the execution is cancelled
   */
  async find(item: Item, order: Order, sentAt: number, isOld: boolean): Promise<Finding> {
    const signal = item.context.getExecutionCancelSignal();
    signal?.throwIfAborted();
    const now = Date.now();
    const moments = (isOld ? [0] : TIMING.looks).map((after) => now + after);
    const timeout = Number(item.prepared.timeout) || TIMEOUT;
    return await new Promise<Finding>((resolve, reject) => {
      const leave = () => {
        this.doubts.delete(doubt);
        signal?.removeEventListener('abort', cancel);
      };
      const cancel = () => {
        leave();
        reject(signal?.reason as Error);
      };
      const doubt: Doubt = {
        ...{ item, order, sentAt, timeout, moments, looks: 0 },
        resolve: (finding) => {
          leave();
          resolve(finding);
        },
      };
      this.doubts.add(doubt);
      signal?.addEventListener('abort', cancel);
      if (!this.isLooking) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isLooking = true;
    while (this.doubts.size > 0) {
      const due = Math.min(...[...this.doubts].map(({ moments }) => moments[0]));
      const early = due - Date.now();
      if (early > 0) await sleep(Math.min(early, TIMING.together));
      else await this.look([...this.doubts]);
    }
    this.isLooking = false;
  }

  /** One look for all. It never throws. */
  private async look(doubts: Doubt[]): Promise<void> {
    const start = Date.now();
    const listed: Listed[] = [];
    const couldBe = finderOf(doubts);
    const since = Math.min(...doubts.map(({ sentAt }) => sentAt)) - DOUBT;
    const asker = doubts[0];
    const fetch = async (after?: string) => await pageOnce(asker.item, this.url, after);
    const trouble = await readBack(fetch, since, MOST_PAGES, (one) => {
      if (couldBe(one.entry).length > 0) listed.push(one);
    }).then(
      (extent) => (extent === 'enough' ? undefined : TOO_LONG),
      (error: Error) => error,
    );
    // An execution that was cancelled meanwhile spoils nothing for the others.
    if (trouble && !this.doubts.has(asker)) return;

    const present = doubts.filter((doubt) => this.doubts.has(doubt));
    const free = listed.filter(({ entry }) => {
      const id = videoIdOf(entry);
      return id !== undefined && !this.claims.isClaimed(id);
    });
    const jobs = assign(present, free, [...this.claims.underWay]);
    for (const doubt of present) {
      const job = jobs.get(doubt);
      if (job) this.claims.claim(videoIdOf(job)!);
      doubt.looks += 1;
      doubt.moments = doubt.moments.filter((moment) => moment > start + TIMING.together);
      if (job || doubt.moments.length === 0 || isFinal(trouble)) {
        const { sentAt: since, looks } = doubt;
        doubt.resolve({ job, since, at: start, looks, trouble: trouble?.message });
      }
    }
  }
}

/** A page, asked for once: the next look is the retry. */
async function pageOnce(
  { context, prepared, run: { slots } }: Item,
  url: string,
  after?: string,
): Promise<PageAnswer> {
  const subject = { doing: `list the ${url.slice(1)}` };
  const options = { ...prepared, url, qs: pageQuery(after), method: 'GET' as const };
  const answer = await slots.run(async () => {
    await slots.untilOpen();
    return await ask(context, { ...options, body: undefined }, subject);
  });
  return { page: pageFrom(answer, context.getNode(), subject), headers: answer.headers };
}

const TOO_LONG = {
  message: `Only the newest ${MOST_PAGES * PAGE_SIZE} entries of the list were read`,
};

/** Whether a further look would be refused as well. */
function isFinal(trouble?: { message: string }): boolean {
  if (!(trouble instanceof NodeApiError)) return trouble instanceof Error;
  const meaning = statusClassOf({ status: Number(trouble.httpCode), body: undefined });
  return !['busy', 'unreachable', 'fault'].includes(meaning);
}
