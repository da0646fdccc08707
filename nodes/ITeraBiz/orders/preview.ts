import type { IDataObject } from 'n8n-workflow';

import { nameOf } from '../account/sameOrder';
import { videoIdOf } from '../api/video';
import type { Message } from '../messages/message';
import { amountOf, isToSend } from './limits';
import type { Match } from './reuse';
import type { Row, Rows } from './rows';

/** What a preview gives out for each item, and in all. */
export interface Preview {
  items: Map<number, IDataObject>;
  /** As in `21 videos, 945 seconds in all would be ordered; 8 would not.` */
  sum: string;
}

/**
 * Says for each item whether it would be ordered, or why not.
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
): Preview {
  const items = new Map<number, IDataObject>();
  const isMissing = ({ order }: Row) => avatars && !avatars.has(String(order.body.avatar_id));
  const sendable = toSend.filter((row) => !isMissing(row));
  for (const [item, { error, body }] of rows.bad) {
    const said = error.said ?? { message: error.message, description: '' };
    items.set(item, { wouldOrder: false, reason: inOneLine(said), request: body });
  }
  const amount = [amountOf(sendable), today.replace(/\.$/, '')].filter(Boolean).join('. ');
  const sent = new Set(sendable);
  const first = new Map<string, number>();
  for (const row of rows.good) {
    const request = row.order.body;
    if (!sent.has(row)) {
      const because = whyNotOrdered(row, matches.get(row.item), refusal) ?? {
        reason: `Your account has no avatar "${String(request.avatar_id)}"`,
      };
      items.set(row.item, { wouldOrder: false, ...because, request });
      continue;
    }
    const name = nameOf(row.order);
    const same = first.get(name);
    if (same === undefined) first.set(name, row.item);
    const reason = [
      sendable.length > 1 ? `One of ${amount}` : amount,
      same !== undefined && `The same order as item ${same + 1}`,
    ];
    items.set(row.item, { wouldOrder: true, reason: reason.filter(Boolean).join('. '), request });
  }
  const others = items.size - sendable.length;
  const not = others > 0 ? `; ${others} would not` : '';
  return { items, sum: `${amountOf(sendable)} would be ordered${not}.` };
}

function whyNotOrdered(row: Row, match?: Match, refusal?: Message): IDataObject | undefined {
  if (row.known?.state === 'accepted') {
    const videoId = videoIdOf(row.known.answer);
    return { reason: 'It was ordered before, in this execution', videoId };
  }
  if (match?.job) {
    return { reason: 'Your account has this video already', videoId: videoIdOf(match.job) };
  }
  if (!isToSend(row)) {
    return {
      reason:
        'Check this one: an earlier try may have been accepted already, so it would not be sent again',
    };
  }
  return refusal && { reason: inOneLine(refusal) };
}

function inOneLine({ message, description }: Message): string {
  return [message, description].filter(Boolean).join('. ');
}
