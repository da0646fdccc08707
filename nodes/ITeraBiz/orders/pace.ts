import { rangesOf } from '../messages/items';
import type { Row } from './rows';

/** In languages with spaces between words: about 150 words per minute. */
const WORDS_PER_SECOND = 150 / 60;

/** In languages without spaces, e.g. Japanese or Thai: about 275 characters per minute. */
const CHARACTERS_PER_SECOND = 275 / 60;

/** Writing systems without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

/** A script this many times longer or shorter than its duration does not fit. */
const MISFIT_FACTOR = 2.5;

/** Roughly how many seconds it takes to read a text aloud. */
export function secondsToRead(text: string): number {
  const characters = text.match(UNSPACED)?.length ?? 0;
  const words = text.replace(UNSPACED, ' ').match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu);
  return characters / CHARACTERS_PER_SECOND + (words?.length ?? 0) / WORDS_PER_SECOND;
}

/** Hints about scripts far too short or too long for their durations: one line for each kind. */
export function paceHint(rows: Row[]): string[] {
  const lines: string[] = [];
  for (const kind of ['short', 'long'] as const) {
    const misfits = rows.filter(({ order: { body } }) => {
      const seconds = Number(body.duration);
      const read = secondsToRead(String(body.script ?? ''));
      if (!(seconds > 0) || read === 0) return false;
      return kind === 'short' ? seconds > read * MISFIT_FACTOR : read > seconds * MISFIT_FACTOR;
    });
    if (misfits.length === 0) continue;
    const [{ item, order }] = misfits;
    const read = Math.max(1, Math.round(secondsToRead(String(order.body.script))));
    lines.push(
      `${rangesOf(misfits.map((row) => row.item))}: the script is very ${kind} for its duration. Read aloud, that of item ${item + 1} takes about ${read === 1 ? '1 second' : `${read} seconds`}, and Duration is ${String(order.body.duration)}.`,
    );
  }
  return lines;
}
