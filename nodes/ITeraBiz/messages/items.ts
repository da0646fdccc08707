import { counted, type Message, withoutPeriod } from './message';

/** The most reasons and ranges of items that one message names. Jobs have no limit: each was paid for. */
const MAX = { failures: 20, ranges: 40 };

/** Jobs that a node leaves behind when it stops, by item and ID. */
export interface JobList {
  title: string;
  jobs: Array<[number, string]>;
}

/** An item's position, counted from 1. n8n behavior: its own Item Index counts from 0. */
export function itemOf(item: number, size: number): string {
  return `item ${item + 1} of ${size}`;
}

/**
 * The message of a node that stops, also about its other items. Items with the same message share a line.
 * n8n behavior: its editor shows no line breaks, so each line is a sentence.
 * @param item the one that n8n reports, whose own message comes first
 * @param advice what to do about the jobs in `lists`
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
    parts.push(`This is ${itemOf(item, size)} (n8n counts from 0 and calls it [item ${item}]).`);
  }
  const others = [...failures].filter(([index]) => index !== item).sort(byItem);
  if (others.length > 0) {
    const groups = new Map<string, number[]>();
    others.forEach(([, failure]) => groups.set(failure.message, []));
    others.forEach(([index, failure]) => groups.get(failure.message)!.push(index));
    const shown = [...groups];
    const hidden = shown.splice(MAX.failures).flatMap(([, items]) => items);
    parts.push(`${counted(others.length, 'more item')} failed:`);
    shown.forEach(([text, items]) => parts.push(`${rangesOf(items)}: ${withoutPeriod(text)}.`));
    if (hidden.length > 0) parts.push(`${rangesOf(hidden)}: other reasons.`);
  }
  if (skipped.size > 0) parts.push(`${rangesOf([...skipped])}: not sent.`);
  const named = lists.filter(({ jobs }) => jobs.length > 0);
  for (const { title, jobs } of named) {
    const ids = [...jobs].sort(byItem).map(([index, id]) => `Item ${index + 1}: ${id}.`);
    parts.push(`${title}:`, ids.join('\n'));
  }
  if (advice && named.length > 0) parts.push(`${advice}.`);
  if (parts.length === 0) return { message, description };
  if (description) parts.unshift(`${withoutPeriod(description)}.`);
  return { message, description: parts.join('\n') };
}

function byItem([a]: [number, unknown], [b]: [number, unknown]): number {
  return a - b;
}

/** As in `Items 1–4, 8`, counted from 1. */
export function rangesOf(items: number[]): string {
  const ranges: Array<[number, number]> = [];
  for (const item of [...items].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && item === last[1] + 1) last[1] = item;
    else ranges.push([item, item]);
  }
  const hidden = ranges.splice(MAX.ranges).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const texts = ranges.map(([from, to]) => (from === to ? from + 1 : `${from + 1}–${to + 1}`));
  const title = items.length === 1 ? 'Item' : 'Items';
  return `${title} ${texts.join(', ')}${hidden > 0 ? ` … and ${hidden} more` : ''}`;
}
