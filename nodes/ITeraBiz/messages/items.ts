import { type Message, withoutPeriod } from './message';

/** The most of each that one message names. n8n stores every job of a list. */
const MAX = { jobs: 2_000, failures: 20, ranges: 40 };

/** Jobs that a node leaves behind when it stops, by item and ID. */
export interface JobList {
  title: string;
  jobs: Array<[number, string]>;
}

/** A place among the items, as people count. n8n behavior: its own Item Index begins with 0. */
export function itemOf(item: number, size: number): string {
  return `item ${item + 1} of ${size}`;
}

/**
 * The message of a node that stops although other items went well. Items with the same message stand in
 * one line. n8n behavior: its editor shows no line breaks, so each line is a sentence.
 *
 * @param item the one that n8n reports; the message before it is its own
 * @param failures what went wrong, by item, this item included
 * @param lists the jobs that the API accepted; the advice after them is what to do about these
 */
export function describeStop(
  { message, description }: Message,
  item: number,
  { failures, skipped }: { failures: Map<number, Message>; skipped: Set<number> },
  size: number,
  lists: JobList[],
  advice: string,
): Message {
  const parts: string[] = [];
  if (size > 1) {
    parts.push(`This is ${itemOf(item, size)} (n8n counts from 0 and says [item ${item}]).`);
  }
  const others = [...failures].filter(([other]) => other !== item).sort(byItem);
  if (others.length > 0) {
    const groups = new Map<string, number[]>();
    for (const [other, failure] of others) {
      groups.set(failure.message, groups.get(failure.message) ?? []);
      groups.get(failure.message)!.push(other);
    }
    const said = [...groups].map(([what, items]) => `${rangesOf(items)}: ${withoutPeriod(what)}.`);
    parts.push(`${others.length} more ${others.length === 1 ? 'item' : 'items'} failed:`);
    parts.push(...lines(said, MAX.failures));
  }
  if (skipped.size > 0) parts.push(`${rangesOf([...skipped])}: not sent.`);
  const named = lists.filter(({ jobs }) => jobs.length > 0);
  for (const { title, jobs } of named) {
    const ids = [...jobs].sort(byItem).map(([other, id]) => `Item ${other + 1}: ${id}.`);
    parts.push(`${title}:`, ...lines(ids, MAX.jobs));
  }
  if (advice && named.length > 0) parts.push(`${advice}.`);
  if (parts.length === 0) return { message, description };
  if (description) parts.unshift(`${withoutPeriod(description)}.`);
  return { message, description: parts.join('\n') };
}

function byItem([one]: [number, unknown], [other]: [number, unknown]): number {
  return one - other;
}

function lines(all: string[], most: number): string[] {
  const more = all.length - most;
  return more > 0 ? [...all.slice(0, most), `… and ${more} more.`] : all;
}

/** As in `Items 1–4, 8`, counted as people do. */
export function rangesOf(items: number[]): string {
  const ranges: Array<[number, number]> = [];
  for (const item of [...items].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && item === last[1] + 1) last[1] = item;
    else ranges.push([item, item]);
  }
  const shown = ranges.slice(0, MAX.ranges);
  const texts = shown.map(([from, to]) => (from === to ? from + 1 : `${from + 1}–${to + 1}`));
  const more = shown.reduce((left, [from, to]) => left - (to - from + 1), items.length);
  const title = items.length === 1 ? 'Item' : 'Items';
  return `${title} ${texts.join(', ')}${more > 0 ? ` … and ${more} more` : ''}`;
}
