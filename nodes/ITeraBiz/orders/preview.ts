import type { IDataObject } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import type { Message } from '../messages/message';
import { amountOf, isToSend } from './limits';
import type { Match } from './reuse';
import type { Row, Rows } from './rows';

/**
 * What a preview gives out for each item: whether it would be ordered, or why not.
 *
 * @param toSend the rows that would be sent
 * @param matches what the account has already
 * @param refusal why the others would not be
 * @param today how much of the account's limit is used, where it has one
 */
export function previewOf(
  rows: Rows,
  toSend: Row[],
  matches: Map<number, Match>,
  refusal?: Message,
  today = '',
): Map<number, IDataObject> {
  const preview = new Map<number, IDataObject>();
  for (const [item, { error, body }] of rows.bad) {
    const said = error.said ?? { message: error.message, description: '' };
    preview.set(item, { wouldOrder: false, reason: inOneLine(said), request: body });
  }
  const amount = [amountOf(toSend), today].filter(Boolean).join('. ');
  const sent = new Set(toSend);
  for (const row of rows.good) {
    const because = sent.has(row) ? undefined : whyNotOrdered(row, matches.get(row.item), refusal);
    const request = row.order.body;
    const reason = toSend.length > 1 ? `One of ${amount}` : amount;
    preview.set(
      row.item,
      because ? { wouldOrder: false, ...because, request } : { wouldOrder: true, reason, request },
    );
  }
  return preview;
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
