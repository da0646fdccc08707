import type { IDataObject } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import { maxSeconds, maxVideos, previewOnly } from '../fields/limits';
import { LABELS } from '../messages/labels';
import type { Message } from '../messages/message';
import { BadInput, checkBody, checkOptions, isOn } from '../orders/validate';
import { NotSent } from '../run/halt';
import type { Item } from '../run/item';
import type { NodeRun } from '../run/nodeRun';
import { optionsFor, parameterFor } from '../run/parameters';
import { onErrorOf } from '../run/report';
import { type Entry, Ledger } from './ledger';
import { findExisting, type Match, reuseSince, type Wanted } from './reuse';
import { nameOf } from './sameOrder';

/**
 * What a run of the node is about to order, weighed over all its rows before the first is sent. A
 * row here is an item, by its index.
 */
export interface Plan {
  /** Rows that cannot be right, and why */
  readonly problems: Map<number, Message>;
  /** Rows that would really be sent, and how many seconds of video each asks for; 0 for an avatar */
  readonly orders: Map<number, number>;
  /** What the account's list says of the rows that may use what is there already */
  readonly matches: Map<number, Match>;
  /** Why not one of the orders is sent */
  readonly refusal?: Message;
  /** Whether to show what would be sent, and send nothing */
  readonly isPreview: boolean;
  readonly ceilings: Ceilings;
}

/** What one run may order at the most. */
interface Ceilings {
  videos: number;
  seconds: number;
}

/**
 * The body of a row as it is to be sent, still to be checked.
 *
 * @throws {BadInput} where it cannot be had
 */
type Complete = (item: Item) => Promise<IDataObject>;

const plans = new WeakMap<NodeRun, Promise<Plan>>();

/**
 * The plan of the run that an item belongs to, made once, by the first of its items that asks.
 *
 * Where n8n's Batching hands the items over in time, the later ones are foreseen: their fields are
 * worked out from the node's parameters.
 *
 * @throws what `complete` throws, but for {@link BadInput}
 */
export async function planOf(item: Item, complete: Complete): Promise<Plan> {
  const plan = plans.get(item.run) ?? makePlan(item, complete);
  plans.set(item.run, plan);
  return await plan;
}

async function makePlan(item: Item, complete: Complete): Promise<Plan> {
  const { context, run } = item;
  const problems = new Map<number, Message>();
  const orders = new Map<number, number>();
  const wanted: Wanted[] = [];
  const ceilings = { videos: Infinity, seconds: Infinity };
  let isPreview = false;

  const weigh = async (row: number) => {
    const options = optionsFor(context, row);
    isPreview ||= isOn(options.previewOnly, previewOnly.displayName);
    const { maxVideos: videos = Infinity, maxSeconds: seconds = Infinity } = checkOptions(options);
    ceilings.videos = Math.min(ceilings.videos, videos);
    ceilings.seconds = Math.min(ceilings.seconds, seconds);
    const foreseen = { ...item, index: row, prepared: preparedFor(item, row) };
    const since = reuseSince(options);
    const body = checkBody(await complete(foreseen));
    const known = recordOf(foreseen, body);
    if (isSent(known, options.resubmitUnknown)) orders.set(row, secondsIn(body));
    if (since !== undefined && known?.state !== 'accepted') {
      wanted.push(wantedFor(foreseen, body, since));
    }
  };
  const coming = run.batchInterval > 0 ? run.missing : [];
  for (const row of [...run.prepared.keys(), ...coming].sort((one, other) => one - other)) {
    await weigh(row).catch((error: unknown) => {
      if (!(error instanceof BadInput)) throw error;
      problems.set(row, error.said);
    });
  }
  const isStopped = problems.size > 0 && onErrorOf(context) === 'stop';
  if (isStopped) {
    const refusal = othersAreWrong(problems);
    return { problems, orders, matches: new Map(), refusal, isPreview, ceilings };
  }
  const matches = await existing(item, wanted);
  if (!(matches instanceof Map)) {
    return { problems, orders, matches: new Map(), refusal: matches, isPreview, ceilings };
  }
  matches.forEach(({ job }, row) => job && orders.delete(row));
  return { problems, orders, matches, refusal: tooMuch(orders, ceilings), isPreview, ceilings };
}

/**
 * What the list says of these rows, or why it cannot be told.
 *
 * @throws {NodeApiError} when it cannot be read
 */
async function existing(item: Item, wanted: Wanted[]): Promise<Map<number, Match> | Message> {
  if (wanted.length === 0) return new Map();
  const own = ownJobs(item);
  return await findExisting(item, wanted, (id) => own.has(id)).catch((error: unknown) => {
    if (!(error instanceof BadInput)) throw error;
    return error.said;
  });
}

/** The jobs that this execution knows for its own. */
function ownJobs({ context }: Item): Set<string | undefined> {
  return new Set(new Ledger(context.getContext('node')).answers.map(videoIdOf));
}

function wantedFor(
  { context, index, run, prepared }: Item,
  body: IDataObject,
  since: number,
): Wanted {
  const ledger = new Ledger(context.getContext('node'));
  const key = ledger.keyOf(run.indexIn(context), index, { ...prepared, body });
  const order = { url: prepared.url, body };
  return { item: index, order, since, before: ledger.countLike(key) };
}

/**
 * What the account's list says of a row, where it may use what is there already. A row that came in
 * other than foreseen is looked for by itself.
 *
 * @throws as {@link findExisting}
 */
export async function matchFor(
  item: Item,
  plan: Plan,
  body: IDataObject,
): Promise<Match | undefined> {
  const { index, context } = item;
  const since = reuseSince(optionsFor(context, index));
  if (since === undefined || recordOf(item, body)?.state === 'accepted') return undefined;
  const wanted = wantedFor(item, body, since);
  const foreseen = plan.matches.get(index);
  if (foreseen?.order === nameOf(wanted.order)) return foreseen;
  const taken = ownJobs(item);
  plan.matches.forEach(({ job }) => taken.add(videoIdOf(job)));
  const match = (await findExisting(item, [wanted], (id) => taken.has(id))).get(index)!;
  plan.matches.set(index, match);
  return match;
}

/** The request of a row: as n8n prepared it, or, if it is still to come, as it will be. */
function preparedFor({ context, run, prepared }: Item, row: number): Item['prepared'] {
  const known = run.prepared.get(row);
  if (known) return known;
  const body = Object.entries(prepared.body as IDataObject).map(([field, value]) => {
    const written =
      field in LABELS ? parameterFor(context, parameterOfField(field), row) : undefined;
    return [field, written ? written.value : value] as const;
  });
  return { ...prepared, body: Object.fromEntries(body) };
}

/** The parameter that a field of the API comes from, as in `avatarId` for `avatar_id`. */
function parameterOfField(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What is known of an order from before, in this execution. */
function recordOf({ context, index, run, prepared }: Item, body: IDataObject): Entry | undefined {
  const ledger = new Ledger(context.getContext('node'));
  return ledger.find(ledger.keyOf(run.indexIn(context), index, { ...prepared, body }));
}

function isSent(known: Entry | undefined, resubmitUnknown?: boolean): boolean {
  return !known || (known.state === 'sent' && resubmitUnknown === true);
}

function secondsIn({ duration }: IDataObject): number {
  return Number(duration ?? 0);
}

/**
 * Lets a row through that the plan has nothing against.
 *
 * Invariant: whatever came in late, or other than foreseen, a ceiling is never passed.
 *
 * @param body as it would be sent, checked
 * @param match of its order; what is there already needs no letting through
 * @throws {BadInput} for a row that cannot be right, or that tells of a ceiling
 * @throws {NotSent} where the reason is told by another row
 */
export function letThrough(item: Item, plan: Plan, body: IDataObject, match?: Match): void {
  const { index } = item;
  if (match?.job) return;
  if (!isSent(recordOf(item, body), optionsFor(item.context, index).resubmitUnknown)) return;
  if (plan.refusal) {
    const isFirst = index === Math.min(...plan.orders.keys());
    throw plan.problems.size === 0 && isFirst
      ? new BadInput(plan.refusal)
      : new NotSent(plan.refusal);
  }
  if (plan.orders.get(index) === secondsIn(body)) return;
  const others = new Map(plan.orders).set(index, secondsIn(body));
  const refusal = tooMuch(others, plan.ceilings);
  if (refusal) throw new BadInput(refusal);
  plan.orders.set(index, secondsIn(body));
}

/** What a preview gives out for a row. */
export function previewOf(item: Item, plan: Plan, body?: IDataObject): IDataObject {
  const { index, prepared } = item;
  const request = body ?? (prepared.body as IDataObject);
  const problem = plan.problems.get(index);
  if (problem || !body)
    return { wouldOrder: false, reason: problem && inOneLine(problem), request };
  const known = recordOf(item, body);
  if (known?.state === 'accepted') {
    const reason = 'It was ordered before, in this execution';
    return { wouldOrder: false, reason, videoId: videoIdOf(known.answer), request };
  }
  const there = plan.matches.get(index)?.job;
  if (there) {
    const reason = 'Your account has this video already';
    return { wouldOrder: false, reason, videoId: videoIdOf(there), request };
  }
  if (!plan.orders.has(index)) {
    const reason =
      'Check this one: an earlier try may have been accepted already, so it would not be sent again';
    return { wouldOrder: false, reason, request };
  }
  if (plan.refusal) return { wouldOrder: false, reason: inOneLine(plan.refusal), request };
  const amount = amountOf(plan.orders);
  return { wouldOrder: true, reason: plan.orders.size > 1 ? `One of ${amount}` : amount, request };
}

function inOneLine({ message, description }: Message): string {
  return [message, description].filter(Boolean).join('. ');
}

/** As in `1 video, 30 seconds` or `20 videos, 600 seconds in all`. */
function amountOf(orders: Plan['orders']): string {
  const seconds = secondsOf(orders);
  const videos = `${orders.size} ${orders.size === 1 ? 'video' : 'videos'}`;
  return `${videos}, ${seconds} ${seconds === 1 ? 'second' : 'seconds'}${orders.size > 1 ? ' in all' : ''}`;
}

function secondsOf(orders: Plan['orders']): number {
  return [...orders.values()].reduce((sum, seconds) => sum + seconds, 0);
}

/** Why so much may not be ordered, or nothing where it may. */
export function tooMuch(
  orders: Plan['orders'],
  { videos, seconds }: Ceilings,
): Message | undefined {
  const { displayName: label, limit } =
    orders.size > videos
      ? { ...maxVideos, limit: videos }
      : secondsOf(orders) > seconds
        ? { ...maxSeconds, limit: seconds }
        : { displayName: undefined, limit: 0 };
  if (!label) return undefined;
  return {
    message: `This would order ${amountOf(orders)}, but "${label}" allows only ${limit}`,
    description: `Nothing was sent to iTeraBiz. If you want all of them, raise "${label}" in the options; if not, give this node fewer items.`,
  };
}

function othersAreWrong(problems: Plan['problems']): Message {
  const [first] = problems.keys();
  return {
    message: `Not sent, because item ${first} (row ${first + 1})${problems.size > 1 ? ` and ${problems.size - 1} more` : ''} cannot be right`,
    description:
      'This node stops when an item fails (On Error, in its Settings), so nothing is sent as long as one is wrong',
  };
}
