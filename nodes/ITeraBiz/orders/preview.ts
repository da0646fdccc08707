import type { IDataObject } from 'n8n-workflow';

import { nameOf } from '../account/sameOrder';
import { videoIdOf } from '../api/video';
import type { Message } from '../messages/message';
import { amountOf, isToSend } from './limits';
import type { Match } from './reuse';
import type { Row, Rows } from './rows';

/**
 * Says for each item whether it would be ordered, or why not, and how much that is in all.
 *
 * @param toSend the rows that would be sent
 * @param matches what the account has already
 * @param refusal why the others would not be
 * @param today how much of the account's limit is used, where it has one
 * @param avatars the IDs of the account's avatars, where they are known
 */
export function previewOf(
  rows: Rows,
  toSend: Row[],
  matches: Map<number, Match>,
  refusal?: Message,
  today = '',
  avatars?: Set<string>,
): { items: Map<number, IDataObject>; sum: string } {
  const items = new Map<number, IDataObject>();
  for (const [item, { error, body }] of rows.bad) {
    const said = error.said ?? { message: error.message, description: '' };
    items.set(item, { wouldOrder: false, reason: inOneLine(said), request: body });
  }
  const avatarOf = ({ order }: Row) => String(order.body.avatar_id);
  const sent = new Set(toSend.filter((row) => avatars?.has(avatarOf(row)) ?? true));
  const all = amountOf([...sent]);
  const amount = [all, today.replace(/\.$/, '')].filter(Boolean).join('. ');
  const first = new Map<string, number>();
  for (const row of rows.good) {
    const { item, order } = row;
    const request = order.body;
    if (!sent.has(row)) {
      const reason = `Your account has no avatar "${avatarOf(row)}"`;
      const because = whyNotOrdered(row, matches.get(item), refusal) ?? { reason };
      items.set(item, { wouldOrder: false, ...because, request });
      continue;
    }
    const name = nameOf(order);
    const same = first.get(name);
    if (same === undefined) first.set(name, item);
    const again = same === undefined ? '' : `. The same order as item ${same + 1}`;
    const reason = `${sent.size > 1 ? 'One of ' : ''}${amount}${again}`;
    items.set(item, { wouldOrder: true, reason, request });
  }
  const others = items.size - sent.size;
  return { items, sum: `${all} would be ordered${others > 0 ? `; ${others} would not` : ''}.` };
}

function whyNotOrdered(row: Row, match?: Match, refusal?: Message): IDataObject | undefined {
  if (row.known?.state === 'accepted') {
    const videoId = videoIdOf(row.known.answer);
    return { reason: 'It was ordered before, in this execution', videoId };
  }
  if (match?.job) {
    return { reason: 'Your account has this video already', videoId: videoIdOf(match.job) };
  }
  if (isToSend(row)) return refusal && { reason: inOneLine(refusal) };
  const reason =
    'Check this one: an earlier try may have been accepted already, so it would not be sent again';
  return { reason };
}

function inOneLine({ message, description }: Message): string {
  return [message, description].filter(Boolean).join('. ');
}
