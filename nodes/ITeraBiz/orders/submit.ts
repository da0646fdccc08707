import type { IDataObject } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import { errorTextOf } from '../api/errorText';
import { isObject } from '../api/json';
import { statusClassOf, retryDecision } from '../api/status';
import { videoIdOf } from '../api/video';
import { attempt } from '../client/request';
import { type Attempt, withRetries } from '../client/retry';
import { resubmitUnknown } from '../fields/sending';
import { type Message, SUPPORT, toNodeError } from '../messages/message';
import { halt, isHopeless, throwIfHalted } from '../run/halt';
import type { Item } from '../run/item';
import { optionsOf } from '../run/parameters';
import { failureOf } from '../run/read';
import { bookOf } from './book';
import { Ledger } from './ledger';
import type { Finding } from './reconcile';
import type { Match } from './reuse';
import { listOf, type Order, textFieldOf } from './sameOrder';

/**
 * Submits a job once, whatever is retried: what the API accepted before, in this execution, is
 * answered from the record. Where nobody knows what became of it, the account's own list is asked.
 *
 * Invariant: between "may have arrived" and "has not arrived" every doubt counts as arrived.
 *
 * @param doing as in `create the video`, for messages
 * @param match what the account's list says of it, where what is there already is to be used
 * @returns the created object as the API answered it, or lists it
 * @throws {NodeApiError} when it was refused, or when nobody knows what became of it
 */
export async function submit(item: Item, doing: string, match?: Match): Promise<IDataObject> {
  const { context, index, prepared, run } = item;
  const ledger = new Ledger(context.getContext('node'));
  const key = ledger.keyOf(run.indexIn(context), index, prepared);

  const known = ledger.find(key);
  if (known?.state === 'accepted') {
    if (known.reused !== undefined) run.reused.set(index, known.reused);
    return known.answer;
  }

  const order: Order = { url: prepared.url, body: prepared.body as IDataObject };
  const book = bookOf(await run.account());
  const accept = (job: IDataObject, reused = false) => {
    book.claim(videoIdOf(job));
    ledger.accepted(key, job, match && reused);
    if (match) run.reused.set(index, reused);
    return job;
  };
  const lookFor = async (sentAt: number, isOld: boolean) => {
    ledger.answers.forEach((answer) => book.claim(videoIdOf(answer)));
    return await book.lookoutFor(order).find(item, order, sentAt, isOld);
  };

  if (match?.job) return accept(match.job, true);

  if (known?.state === 'sent') {
    const finding = known.at === undefined ? undefined : await lookFor(known.at, true);
    if (finding?.job) return accept(finding.job);
    if (!optionsOf(item).resubmitUnknown) {
      const said = unknownFromBefore(doing, order, finding);
      throw toNodeError(context.getNode(), said, index);
    }
  }

  const headers = {
    ...prepared.headers,
    'Idempotency-Key': match?.key ?? ledger.idempotencyKey(key),
  };
  // A refusal now takes nothing back of a doubt from before.
  const refused = () => (known ? ledger.sent(key, known.at) : ledger.refused(key));
  let sentAt = 0;
  const askOnce = async () => {
    throwIfHalted(run);
    sentAt = Date.now();
    ledger.sent(key, sentAt);
    const outcome = await attempt(context, { ...prepared, headers }).catch((error: unknown) => {
      refused();
      throw error;
    });
    const verdict = retryDecision('POST', outcome);
    if (verdict === 'retry' || verdict === 'refused') refused();
    return outcome;
  };
  const made = await run.slots.run(async () => {
    book.underWay.add(order);
    try {
      const attempted = await withRetries(askOnce, 'POST', run.slots);
      // Claimed before it counts as no longer on its way: others may be looking for the same.
      if (jobIn(attempted)) accept(jobIn(attempted)!);
      return attempted;
    } finally {
      book.underWay.delete(order);
    }
  });

  const job = jobIn(made);
  if (job) return job;
  const { outcome, verdict } = made;
  if (verdict === 'refused' || verdict === 'retry') {
    const failure = failureOf(item, made, { doing });
    if (isHopeless(made)) halt(run, index, failure);
    throw failure;
  }
  const finding = await lookFor(sentAt, false);
  if (finding.job) return accept(finding.job);
  const status = outcome instanceof NetworkError ? undefined : outcome.status;
  const said = unknownOutcome(doing, outcome, order, finding);
  throw toNodeError(context.getNode(), said, index, status);
}

/** What the API accepted, where its answer says so in a way that can be read. */
function jobIn({ outcome, verdict }: Attempt): IDataObject | undefined {
  if (verdict !== 'done' || outcome instanceof NetworkError) return undefined;
  return isObject(outcome.body) ? outcome.body : undefined;
}

/** The ID to name an accepted job by. */
export function jobName(answer: IDataObject): string {
  return videoIdOf(answer) ?? 'accepted without an ID';
}

/** What to tell the user when nobody knows what became of a request that just left. */
function unknownOutcome(
  doing: string,
  outcome: ApiResponse | NetworkError,
  order: Order,
  finding: Finding,
): Message {
  const next = whatToDo(order, finding);
  if (outcome instanceof NetworkError || statusClassOf(outcome) !== 'done') {
    const cause =
      outcome instanceof NetworkError
        ? 'The connection broke off before iTeraBiz answered'
        : `iTeraBiz answered with a fault on its side (status ${outcome.status}; if it stays, write to ${SUPPORT})`;
    return {
      message: `Check this one: nobody knows whether iTeraBiz accepted the request to ${doing}`,
      description: `${cause}. The request may have been accepted, so it was not sent again: that could charge you twice. ${next}.`,
    };
  }
  const { status, body } = outcome;
  if (typeof body === 'string' && /^\s*</.test(body)) {
    const title = errorTextOf(body);
    return {
      message: `Check this one: a web page answered the request to ${doing}, and not iTeraBiz as usual`,
      description: `Check the Base URL of the credential: it should be the address of the API, as in https://api.iterabiz.com/v1. The page came with status ${status}${title ? ` and is called: ${title}` : ''}. If the Base URL is right, the request may have been accepted all the same, so it was not sent again: that could charge you twice. ${next}.`,
    };
  }
  return {
    message: `Check this one: iTeraBiz accepted the request to ${doing}, but its answer cannot be read`,
    description: `The answer (status ${status}) was cut off or is not in the expected form, so the ID is not known. The request was not sent again: that could charge you twice. ${next}. If this keeps happening, check the Base URL of the credential, or write to ${SUPPORT}.`,
  };
}

/** The same for a request that left in an earlier try of this execution. */
function unknownFromBefore(doing: string, order: Order, finding?: Finding): Message {
  return {
    message: `Check this one: an earlier try may have been accepted already, so the request to ${doing} was not sent again`,
    description: `Sending it again could charge you twice. ${whatToDo(order, finding)}.`,
  };
}

/** What was looked for in vain, and how the user can look: a list may be late, or say less than a person sees. */
function whatToDo(order: Order, finding?: Finding): string {
  const again = `If it is there, go on with its ID; if it is not, run this item again with "${resubmitUnknown.displayName}" switched on in the options`;
  const list = listOf(order) === '/avatars' ? 'Avatar: Get Many' : 'Video: Get Many';
  if (!finding) {
    return `Look in your iTeraBiz dashboard, or run ${list}, for one made at this time with these values. ${again}`;
  }
  const since = `${clock(finding.since)} UTC`;
  const what = `one made since ${since} with the same ${textFieldOf(order)} and values`;
  const looked = finding.looks === 1 ? 'once' : `${finding.looks} times`;
  const result = finding.trouble
    ? `This node could not find out by itself, for ${what} (${finding.trouble})`
    : `This node looked ${looked} through the list of your account for ${what}, the last time at ${clock(finding.at)} UTC, and found none`;
  return `${result}. Look in your iTeraBiz dashboard, or run ${list} in a few minutes. ${again}`;
}

/** A moment as people read it, as in `2026-01-31 14:03:59`. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
