import type { IDataObject } from 'n8n-workflow';

import { fingerprint } from '../account/sameOrder';
import { videoIdOf } from '../api/video';
import { BadInput } from '../fields/validate';
import type { Message } from '../messages/message';
import { type Allowance, describeAmount, needsSubmission } from './limits';
import type { Row, Rows } from './rows';

/**
 * For each item: whether it would be ordered, or why not. `sum` is the total.
 *
 * @param avatars the IDs of the account's avatars, if known
 */
export function previewOf(
  rows: Rows,
  { allowed, refusal, today }: Allowance,
  avatars?: Set<string>,
): { items: Map<number, IDataObject>; sum: string } {
  const items = new Map<number, IDataObject>();
  for (const [item, { error, body }] of rows.bad) {
    const reason = inOneLine(error instanceof BadInput ? error.userMessage : error);
    items.set(item, { wouldOrder: false, reason, request: body });
  }
  const avatarOf = ({ order }: Row) => String(order.body.avatar_id);
  const sent = new Set(allowed.filter((row) => avatars?.has(avatarOf(row)) ?? true));
  const all = describeAmount([...sent]);
  const amount = [all, today(0).replace(/\.$/, '')].filter(Boolean).join('. ');
  const firstItems = new Map<string, number>();
  for (const row of rows.good) {
    const { item, order } = row;
    const request = order.body;
    if (!sent.has(row)) {
      const noAvatar = { reason: `Your account has no avatar "${avatarOf(row)}"` };
      const why = reasonNotOrdered(row, refusal) ?? noAvatar;
      items.set(item, { wouldOrder: false, ...why, request });
      continue;
    }
    const key = fingerprint(order);
    const first = firstItems.get(key);
    if (first === undefined) firstItems.set(key, item);
    const duplicate = first === undefined ? '' : `. The same order as item ${first + 1}`;
    const reason = `${sent.size > 1 ? 'One of ' : ''}${amount}${duplicate}`;
    items.set(item, { wouldOrder: true, reason, request });
  }
  const others = items.size - sent.size;
  return { items, sum: `${all} would be ordered${others > 0 ? `; ${others} would not` : ''}.` };
}

function reasonNotOrdered(row: Row, refusal?: Message): IDataObject | undefined {
  if (row.known?.state === 'accepted') {
    const videoId = videoIdOf(row.known.answer);
    return { reason: 'It was ordered before, in this execution', videoId };
  }
  if (row.match?.job) {
    return { reason: 'Your account has this video already', videoId: videoIdOf(row.match.job) };
  }
  if (needsSubmission(row)) return refusal && { reason: inOneLine(refusal) };
  const reason =
    'Check this one: an earlier try may have been accepted already, so it would not be sent again';
  return { reason };
}

function inOneLine({ message, description }: Partial<Message>): string {
  return [message, description].filter(Boolean).join('. ');
}
