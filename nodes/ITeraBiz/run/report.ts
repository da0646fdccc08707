import type { IDataObject, IExecuteSingleFunctions } from 'n8n-workflow';

import { type Message, withoutStop } from '../messages/message';
import type { NodeRun } from './nodeRun';

/** Longest list of accepted jobs in one message; nobody reads more, and n8n stores every one. */
const MOST_LINES = 2_000;

/**
 * What is true of the ways to run a node again after it stopped. n8n behaviour: only a retry of the same
 * execution finds the record of what was accepted.
 */
export const HOW_TO_GO_ON =
  'To send only what is missing, open Executions, this one, and choose Retry. "Execute step" and "Execute workflow" order all of it again, and that is paid for again';

/** Jobs that a node leaves behind when it stops. */
export interface JobList {
  title: string;
  /** Item and ID */
  jobs: Array<[number, string]>;
}

/**
 * The message of a node that stops although other items went well. n8n behaviour: it throws their
 * results away, so the message names them. Items with the same message stand in one line.
 *
 * @param own what went wrong with the item that n8n reports
 * @param run what went wrong, by item, this item included, which items were not sent, and how many
 *   there are in all
 * @param lists the IDs of the jobs that the API accepted
 * @param advice what the user can do about these
 */
export function describeStop(
  own: Message,
  item: number,
  { failures, notSent, size }: Pick<NodeRun, 'failures' | 'notSent' | 'size'>,
  lists: JobList[],
  advice: string,
): Message {
  const others = [...failures].filter(([other]) => other !== item).sort(byItem);
  const parts: string[] =
    size > 1 ? [`n8n counts items from 0: item ${item} is row ${item + 1}.`] : [];
  if (others.length > 0) {
    parts.push(
      `${others.length} more ${others.length === 1 ? 'item' : 'items'} did not go well:`,
      ...lines(grouped(others).map(([items, message]) => `${rangesOf(items)}: ${message}`)),
    );
  }
  if (notSent.size > 0) parts.push(`${rangesOf([...notSent])}: not sent`);
  for (const { title, jobs } of lists.filter((list) => list.jobs.length > 0)) {
    const named = [...jobs].sort(byItem).map(([other, id]) => `Item ${other}: ${id}`);
    parts.push(`${title}:`, ...lines(named));
  }
  if (lists.some(({ jobs }) => jobs.length > 0)) parts.push(`${advice}.`);
  return { message: own.message, description: [own.description, ...parts].join('\n') };
}

/** The items of each message, in the order in which they come first. */
function grouped(failures: Array<[number, Message]>): Array<[number[], string]> {
  const groups = new Map<string, number[]>();
  for (const [item, { message }] of failures) {
    groups.set(message, [...(groups.get(message) ?? []), item]);
  }
  return [...groups].map(([message, items]) => [items, message]);
}

/** As in `Items 0–3, 7`. */
export function rangesOf(items: number[]): string {
  const ranges: Array<[number, number]> = [];
  for (const item of [...items].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && item === last[1] + 1) last[1] = item;
    else ranges.push([item, item]);
  }
  const texts = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return `${items.length === 1 ? 'Item' : 'Items'} ${texts.join(', ')}`;
}

/** n8n's On Error setting of a node: it stops, or goes on with the message, on either output. */
export type OnError = 'stop' | 'continueRegularOutput' | 'continueErrorOutput';

export function onErrorOf(context: IExecuteSingleFunctions): OnError {
  if (!context.continueOnFail()) return 'stop';
  const { onError } = context.getNode();
  return onError === 'continueErrorOutput' ? onError : 'continueRegularOutput';
}

/**
 * The item that goes on in place of a result. It keeps the fields of its input. n8n behaviour: for the
 * error output it adds these itself, and knows such an item by having nothing but `error` and `details`.
 *
 * @param videoId of the job that the failure is about, for the nodes that follow
 */
export function errorJson(
  { message, description }: Message,
  onError: OnError,
  input: IDataObject,
  videoId?: string,
): IDataObject {
  const failure: IDataObject = {
    error: [withoutStop(message), description].filter(Boolean).join('. '),
  };
  if (videoId !== undefined) failure.details = { videoId };
  return onError === 'continueErrorOutput' ? failure : { ...input, ...failure };
}

function byItem([one]: [number, unknown], [other]: [number, unknown]): number {
  return one - other;
}

function lines(all: string[]): string[] {
  const shown = all.slice(0, MOST_LINES);
  return all.length > shown.length ? [...shown, `… and ${all.length - shown.length} more`] : shown;
}
