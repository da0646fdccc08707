import { yielder } from '../client/time';
import { rangesOf } from '../messages/items';
import { counted } from '../messages/message';
import type { Row } from './rows';

const WORDS_PER_SECOND = 150 / 60;

/** In writing systems without spaces between words. */
const CHARACTERS_PER_SECOND = 275 / 60;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

/** A script this many times longer or shorter than its duration does not fit. */
const MISFIT_FACTOR = 2.5;

export function secondsToRead(text: string): number {
  const characters = text.match(UNSPACED)?.length ?? 0;
  const words = text.replace(UNSPACED, ' ').match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu);
  return characters / CHARACTERS_PER_SECOND + (words?.length ?? 0) / WORDS_PER_SECOND;
}

/** Hints about scripts far too short or too long for their durations: one line for each kind. */
export async function paceHints(rows: Row[]): Promise<string[]> {
  const scripts: Array<{ item: number; read: number; duration: number }> = [];
  const yieldIfDue = yielder();
  for (const { item, order } of rows) {
    await yieldIfDue();
    const read = secondsToRead(String(order.body.script ?? ''));
    if (read > 0) scripts.push({ item, read, duration: Number(order.body.duration) });
  }
  const misfits = {
    short: scripts.filter(({ read, duration }) => duration > read * MISFIT_FACTOR),
    long: scripts.filter(({ read, duration }) => read > duration * MISFIT_FACTOR),
  };
  return Object.entries(misfits).flatMap(([kind, found]) => {
    if (found.length === 0) return [];
    const [{ item, read, duration }] = found;
    const seconds = Math.max(1, Math.round(read));
    return `${rangesOf(found.map((row) => row.item))}: the script is much too ${kind} for its duration. Read aloud, item ${item + 1} takes about ${counted(seconds, 'second')}, but Duration is ${duration}.`;
  });
}
