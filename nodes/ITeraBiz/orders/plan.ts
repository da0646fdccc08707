import type { IDataObject } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import { maxSeconds, maxVideos, previewOnly } from '../fields/limits';
import { LABELS } from '../messages/labels';
import type { Message } from '../messages/message';
import { BadInput, checkBody, checkOptions, isOn } from '../run/checks';
import { NotSent } from '../run/halt';
import type { Item } from '../run/item';
import type { NodeRun } from '../run/nodeRun';
import { optionsFor, parameterFor } from '../run/parameters';
import { onErrorOf } from '../run/report';
import { type Entry, Ledger } from './ledger';

/**
 * What a run of the node is about to order, weighed over all its rows before the first is sent. A
 * row here is an item, by its index.
 */
export interface Plan {
  /** Rows that cannot be right, and why */
  readonly problems: Map<number, Message>;
  /** Rows that would really be sent, and how many seconds of video each asks for; 0 for an avatar */
  readonly orders: Map<number, number>;
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
  const ceilings = { videos: Infinity, seconds: Infinity };
  let isPreview = false;

  const weigh = async (row: number) => {
    const options = optionsFor(context, row);
    isPreview ||= isOn(options.previewOnly, previewOnly.displayName);
    const { maxVideos: videos = Infinity, maxSeconds: seconds = Infinity } = checkOptions(options);
    ceilings.videos = Math.min(ceilings.videos, videos);
    ceilings.seconds = Math.min(ceilings.seconds, seconds);
    const foreseen = { ...item, index: row, prepared: preparedFor(item, row) };
    const body = checkBody(await complete(foreseen));
    if (isSent(recordOf(foreseen, body), options.resubmitUnknown)) orders.set(row, secondsIn(body));
  };
  const coming = run.batchInterval > 0 ? run.missing : [];
  for (const row of [...run.prepared.keys(), ...coming].sort((one, other) => one - other)) {
    await weigh(row).catch((error: unknown) => {
      if (!(error instanceof BadInput)) throw error;
      problems.set(row, error.said);
    });
  }
  const isStopped = problems.size > 0 && onErrorOf(context) === 'stop';
  const refusal = isStopped ? othersAreWrong(problems) : tooMuch(orders, ceilings);
  return { problems, orders, refusal, isPreview, ceilings };
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
 * @throws {BadInput} for a row that cannot be right, or that tells of a ceiling
 * @throws {NotSent} where the reason is told by another row
 */
export function letThrough(item: Item, plan: Plan, body: IDataObject): void {
  const { index } = item;
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
  if (!plan.orders.has(index)) {
    const reason =
      'Check this one: an earlier try may have been accepted already, so it would not be sent again';
    return { wouldOrder: false, reason, request };
  }
  if (plan.refusal) return { wouldOrder: false, reason: inOneLine(plan.refusal), request };
  return { wouldOrder: true, reason: `One of ${amountOf(plan.orders)}`, request };
}

function inOneLine({ message, description }: Message): string {
  return [message, description].filter(Boolean).join('. ');
}

/** As in `20 videos, 600 seconds in all`. */
function amountOf(orders: Plan['orders']): string {
  const seconds = secondsOf(orders);
  const videos = `${orders.size} ${orders.size === 1 ? 'video' : 'videos'}`;
  return `${videos}, ${seconds} ${seconds === 1 ? 'second' : 'seconds'} in all`;
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
    message: `Not sent, because item ${first}${problems.size > 1 ? ` and ${problems.size - 1} more` : ''} cannot be right`,
    description:
      'This node stops when an item fails (On Error, in its Settings), so nothing is sent as long as one is wrong',
  };
}
