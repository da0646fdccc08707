import type { IDataObject } from 'n8n-workflow';

import { type Answer, NoAnswer } from '../api/answer';
import { errorTextOf } from '../api/errorText';
import { isObject } from '../api/json';
import { verdictOf } from '../api/verdict';
import { videoIdOf } from '../api/video';
import { attempt } from '../client/request';
import { withRetries } from '../client/retry';
import { resubmitUnknown } from '../fields/sending';
import { type Message, SUPPORT, toNodeError } from '../messages/message';
import type { Item } from '../run/item';
import { optionsOf } from '../run/parameters';
import { failureOf } from '../run/read';
import { Ledger } from './ledger';

/**
 * Submits a job once, whatever is retried: what the API accepted before, in this execution, is
 * answered from the record.
 *
 * Invariant: between "may have arrived" and "has not arrived" every doubt counts as arrived.
 *
 * @param doing as in `create the video`, for messages
 * @returns the created object as the API answered it
 * @throws {NodeApiError} when it was refused, or when nobody knows what became of it
 */
export async function submit(item: Item, doing: string): Promise<IDataObject> {
  const { context, index, prepared, run } = item;
  const ledger = new Ledger(context.getContext('node'));
  run.index ??= Number(context.evaluateExpression('{{ $runIndex }}', index));
  const key = ledger.keyOf(run.index, index, prepared);

  const known = ledger.find(key);
  if (known?.state === 'accepted') return known.answer;
  if (known?.state === 'sent' && !optionsOf(item).resubmitUnknown) {
    throw toNodeError(context.getNode(), unknownFromBefore(doing), index);
  }

  const headers = { ...prepared.headers, 'Idempotency-Key': ledger.idempotencyKey(key) };
  // A refusal now takes nothing back of a doubt from before.
  const refused = () => (known ? ledger.sent(key) : ledger.refused(key));
  const askOnce = async () => {
    ledger.sent(key);
    const outcome = await attempt(context, { ...prepared, headers }).catch((error: unknown) => {
      refused();
      throw error;
    });
    const verdict = verdictOf('POST', outcome);
    if (verdict === 'again' || verdict === 'refused') refused();
    return outcome;
  };
  const made = await run.slots.run(async () => await withRetries(askOnce, 'POST', run.slots));

  if (made.verdict === 'unknown') {
    const status = made.outcome instanceof NoAnswer ? undefined : made.outcome.status;
    throw toNodeError(context.getNode(), unknownOutcome(doing, status), index, status);
  }
  if (made.verdict !== 'done' || made.outcome instanceof NoAnswer) {
    throw failureOf(item, made, { doing });
  }
  const { body, status } = made.outcome;
  if (!isObject(body)) {
    throw toNodeError(context.getNode(), unreadable(doing, made.outcome), index, status);
  }
  ledger.accepted(key, body);
  return body;
}

/** The ID to name an accepted job by. */
export function jobName(answer: IDataObject): string {
  return videoIdOf(answer) ?? 'accepted without an ID';
}

/** @param doing as in `create the avatar` */
function howToLook(doing: string): string {
  const list = doing.endsWith('avatar') ? 'Avatar: Get Many' : 'Video: Get Many';
  return `Look in your iTeraBiz dashboard, or run ${list}, for one made at this time with these values. If it is there, go on with its ID; if it is not, run this item again with "${resubmitUnknown.displayName}" switched on in the options`;
}

function unknownOutcome(doing: string, status?: number): Message {
  const cause = status
    ? `iTeraBiz answered with a fault on its side (status ${status}; if it stays, write to ${SUPPORT})`
    : 'The connection broke off before iTeraBiz answered';
  return {
    message: `Check this one: nobody knows whether iTeraBiz accepted the request to ${doing}`,
    description: `${cause}. The request may have been accepted, so it was not sent again: that could charge you twice. ${howToLook(doing)}.`,
  };
}

function unknownFromBefore(doing: string): Message {
  return {
    message: `Check this one: an earlier try may have been accepted already, so the request to ${doing} was not sent again`,
    description: `Sending it again could charge you twice. ${howToLook(doing)}.`,
  };
}

function unreadable(doing: string, { status, body }: Answer): Message {
  if (typeof body === 'string' && /^\s*</.test(body)) {
    const title = errorTextOf(body);
    return {
      message: `Check this one: a web page answered the request to ${doing}, and not iTeraBiz as usual`,
      description: `Check the Base URL of the credential: it should be the address of the API, as in https://api.iterabiz.com/v1. The page came with status ${status}${title ? ` and is called: ${title}` : ''}. If the Base URL is right, the request may have been accepted all the same, so it was not sent again: that could charge you twice. ${howToLook(doing)}.`,
    };
  }
  return {
    message: `Check this one: iTeraBiz accepted the request to ${doing}, but its answer cannot be read`,
    description: `The answer (status ${status}) was cut off or is not in the expected form, so the ID is not known. The request was not sent again: that could charge you twice. ${howToLook(doing)}. If this keeps happening, check the Base URL of the credential, or write to ${SUPPORT}.`,
  };
}
