import type { IDataObject } from 'n8n-workflow';

import { fingerprint } from '../account/sameOrder';
import { idOf } from '../api/video';
import { withoutPeriod } from '../messages/message';
import { inOneText } from '../run/output';
import { ItemFailed, type Refusal } from '../run/results';
import { type Allowance, describeAmount, describeDay } from './limits';
import { needsSubmission, type Row, type Rows } from './rows';

/** For each item: whether it would be ordered, or why not. `summary` says it of all in one sentence. */
export function previewOf(
  rows: Rows,
  allowance: Allowance,
  hasAvatar: (id: string) => boolean = () => true,
): { items: Map<number, IDataObject>; summary: string } {
  const items = new Map<number, IDataObject>();
  for (const [item, { error, body }] of rows.bad) {
    const reason = inOneText(error instanceof ItemFailed ? error.failure : error);
    items.set(item, { wouldOrder: false, reason, request: body });
  }
  const refused = new Set(allowance.refused);
  const reasonOf = (row: Row) =>
    whyNot(row, refused.has(row) ? allowance.refusal : undefined, hasAvatar);
  const reasons = new Map(rows.good.map((row) => [row, reasonOf(row)]));
  const sent = rows.good.filter((row) => reasons.get(row) === undefined);
  const all = describeAmount(sent);
  const day = describeDay(allowance, 0);
  const amount = `${sent.length > 1 ? 'One of ' : ''}${all}${day && `. ${withoutPeriod(day)}`}`;
  const firsts = new Map([...sent].reverse().map(({ item, order }) => [fingerprint(order), item]));
  for (const [row, reason] of reasons) {
    const { item, order, known, match } = row;
    const job = known?.state === 'accepted' ? known.answer : match?.job;
    const first = firsts.get(fingerprint(order));
    const duplicate = first === item ? '' : `. The same order as item ${first! + 1}`;
    const result =
      reason === undefined
        ? { wouldOrder: true, reason: `${amount}${duplicate}` }
        : { wouldOrder: false, reason, ...(job && { videoId: idOf(job) }) };
    items.set(item, { ...result, request: order.body });
  }
  const others = items.size - sent.length;
  return { items, summary: `${all} would be ordered${others > 0 ? `; ${others} would not` : ''}.` };
}

/** Why a row would not be ordered, if so. @param refusal why a limit refuses it */
function whyNot(row: Row, refusal: Refusal | undefined, hasAvatar: (id: string) => boolean) {
  if (row.known?.state === 'accepted') return 'It was ordered before, in this execution';
  if (row.match?.job) return 'Your account has this video already';
  if (!needsSubmission(row)) {
    return 'Check this one: an earlier try may have been accepted already, so it would not be sent again';
  }
  if (refusal) return inOneText(refusal);
  const avatar = String(row.order.body.avatar_id);
  return hasAvatar(avatar) ? undefined : `Your account has no avatar "${avatar}"`;
}
