import { rangesOf } from '../messages/items';
import type { Row } from './rows';

/** Words that are spoken in a second, in languages with blanks between them: about 150 in a minute. */
const WORDS = 150 / 60;

/** Characters of languages without blanks, as Japanese or Thai: about 275 in a minute. */
const CHARACTERS = 275 / 60;

/** Scripts of languages that put no blanks between words. */
const WITHOUT_BLANKS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

/** So many times longer or shorter than its duration is a script that hardly fits. */
const MISFIT = 2.5;

/** About how many seconds it takes to read a text aloud. */
export function secondsToRead(text: string): number {
  const characters = text.match(WITHOUT_BLANKS)?.length ?? 0;
  const words = text.replace(WITHOUT_BLANKS, ' ').match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu);
  return characters / CHARACTERS + (words?.length ?? 0) / WORDS;
}

/** What to say of scripts that are far too short or too long for their durations, a line for each kind. */
export function paceHint(rows: Row[]): string[] {
  const lines: string[] = [];
  for (const kind of ['short', 'long'] as const) {
    const misfits = rows.filter(({ order: { body } }) => {
      const seconds = Number(body.duration);
      const read = secondsToRead(String(body.script ?? ''));
      if (!(seconds > 0) || read === 0) return false;
      return kind === 'short' ? seconds > read * MISFIT : read > seconds * MISFIT;
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
