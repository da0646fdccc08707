import { maxSeconds, maxVideos } from '../fields/limits';
import type { Message } from '../messages/message';
import { itemOf } from '../run/results';
import type { Row, Rows } from './rows';

/** Whether an item would really be sent: nothing is known of it, or the user wants it sent again all the same. */
export function isToSend({ known, options }: Row): boolean {
  return !known || (known.state === 'sent' && options.resubmitUnknown === true);
}

/** How many seconds of video an item asks for; 0 for an avatar. */
function secondsOf({ order }: Row): number {
  return Number(order.body.duration ?? 0);
}

/** As in `1 video, 30 seconds` or `20 videos, 600 seconds in all`. */
export function amountOf(rows: Row[]): string {
  const seconds = rows.reduce((sum, row) => sum + secondsOf(row), 0);
  const videos = `${rows.length} ${rows.length === 1 ? 'video' : 'videos'}`;
  return `${videos}, ${seconds} ${seconds === 1 ? 'second' : 'seconds'}${rows.length > 1 ? ' in all' : ''}`;
}

/** Why so much may not be ordered in one run, or nothing where it may. */
export function whyTooMuch(
  rows: Row[],
  limits: Pick<Rows, 'maxVideos' | 'maxSeconds'>,
): Message | undefined {
  const seconds = rows.reduce((sum, row) => sum + secondsOf(row), 0);
  const { displayName: label, limit } =
    rows.length > limits.maxVideos
      ? { ...maxVideos, limit: limits.maxVideos }
      : seconds > limits.maxSeconds
        ? { ...maxSeconds, limit: limits.maxSeconds }
        : { displayName: undefined, limit: 0 };
  if (!label) return undefined;
  return {
    message: `This would order ${amountOf(rows)}, but "${label}" allows only ${limit}`,
    description: `Nothing was sent to iTeraBiz. If you want all of them, raise "${label}" in the options; if not, give this node fewer items.`,
  };
}

/** Why good items are not sent where the node is to stop: others are invalid. */
export function whyNotWith({ good, bad }: Rows): Message {
  const [first] = bad.keys();
  return {
    message: `Not sent, because ${itemOf(first, good.length + bad.size)}${bad.size > 1 ? ` and ${bad.size - 1} more are` : ' is'} invalid`,
    description:
      'This node stops when an item fails (On Error, in its Settings), so nothing is sent while one is invalid',
  };
}
