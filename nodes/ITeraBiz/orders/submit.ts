import type { IDataObject } from 'n8n-workflow';

import type { Account } from '../account/account';
import { type LookupResult, RECONCILING } from '../account/reconciler';
import { listOf, type Order, textFieldOf } from '../account/sameOrder';
import { errorTextOf } from '../api/errorText';
import { isObject } from '../api/json';
import { type ApiResponse, NetworkError, type Outcome } from '../api/response';
import { statusClassOf } from '../api/status';
import { idOf, jobIn, saysError } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { isBare503, retryDecision } from '../client/retry';
import { now } from '../client/time';
import { resubmitUnknown } from '../fields/options';
import { formatTime, type Message, SUPPORT, withoutPeriod } from '../messages/message';
import { eachItem } from '../run/eachItem';
import { ItemFailed, type Results } from '../run/results';
import type { Job } from '../run/run';
import type { Ledger } from './ledger';
import { describeCountFailure, describeUsedUp } from './limits';
import { needsSubmission, type Row } from './rows';

/** After this many unknown outcomes in a row, not all of one moment, the rest is not sent. */
const MAX_UNKNOWN_IN_A_ROW = 5;

/** Shared by all submissions of a run. */
export interface Submissions {
  account: Account;
  client: ApiClient;
  ledger: Ledger;
  results: Results;
  /** For messages, e.g. `create the video` */
  doing: string;
  /** Max Videos per Day; `undefined` if there is no limit */
  limit?: number;
}

/**
 * Submits each row once, across retries: a submission that was accepted earlier in this execution is answered from
 * the ledger. An unknown outcome is looked up in the account's list. Invariant: a request that may have arrived
 * counts as arrived.
 * @returns the jobs, by item; failures are in the results
 * @throws the signal's reason
 */
export async function submitAll(shared: Submissions, rows: Row[]): Promise<Map<number, Job>> {
  const { account, ledger, results } = shared;
  const { run } = results;
  ledger.answers.forEach((answer) => account.jobs.assign(idOf(answer)));
  const jobs = new Map<number, Job>();
  const lookups: Array<Promise<void>> = [];
  const addJob = ({ item, options, waits }: Row, video: IDataObject | undefined) => {
    if (video) jobs.set(item, { video, options, waits });
  };
  let unknownInARow = 0;
  /** When the first of them became known, by `now()` of client/time */
  let unknownSince = 0;

  // What is there already sends nothing, so Batching does not hold it back.
  const others = rows.filter((row) => {
    const job = existingJob(shared, row);
    addJob(row, job);
    return !job;
  });
  await eachItem(
    run,
    others,
    run.concurrency,
    async (row) => {
      const { item } = row;
      const startedAt = now();
      const sent = await results.attempt(item, async () => await submit(shared, row));
      // Requests that were in flight together may all fail in one moment. They count as one.
      const isLater = startedAt >= unknownSince;
      if (typeof sent !== 'function') {
        // A refusal is a known outcome, too. A row that was not sent says nothing.
        if (isLater && needsSubmission(row)) unknownInARow = 0;
        return addJob(row, sent);
      }
      if (unknownInARow++ === 0) unknownSince = now();
      if (unknownInARow >= MAX_UNKNOWN_IN_A_ROW && isLater) {
        results.abort(item, `iTeraBiz gave no clear answer to the last ${unknownInARow} requests`);
      }
      const lookup = results.attempt(item, sent).then((job) => addJob(row, job));
      // If the execution is canceled, eachItem rejects first; this rejection must not go unhandled.
      lookup.catch(() => {});
      lookups.push(lookup);
    },
    () => results.isAborted,
  );
  await Promise.all(lookups);
  return jobs;
}

/** Releases the slots of rows that were not sent, or were definitely refused. */
export function settleSlots({ account, ledger }: Submissions, rows: Row[]): void {
  for (const { key, known, slot } of rows) {
    const entry = ledger.find(key);
    const isUnsent = !entry || entry === known || ledger.isForeign(entry);
    if (slot && isUnsent) account.budget.release(slot);
  }
}

/** The job, or if the outcome is unknown, a function that looks it up. */
type Sent = IDataObject | (() => Promise<IDataObject>);

/** @throws {ItemFailed} if it was refused, or the outcome of an earlier try remains unknown */
async function submit(shared: Submissions, row: Row): Promise<Sent> {
  const earlier = await earlierJob(shared, row);
  if (earlier) return earlier;
  shared.results.throwIfAborted();
  await assertSlot(shared, row);
  const { sending } = shared.account.jobs;
  sending.add(row.order);
  try {
    return await send(shared, row);
  } finally {
    sending.delete(row.order);
  }
}

/** The job of a row that needs no request. */
function existingJob(shared: Submissions, row: Row): IDataObject | undefined {
  const { known, match } = row;
  if (known?.state === 'accepted') return known.answer;
  return match?.job && accept(shared, row, match.job);
}

/** The job of an earlier try without an answer, if the account's list has it. @throws as above */
async function earlierJob(shared: Submissions, row: Row): Promise<IDataObject | undefined> {
  const { account, client, doing } = shared;
  const { order, known, options } = row;
  if (known?.state !== 'sent') return undefined;
  const reconciler = account.reconcilers[listOf(order)];
  // A list may not show yet what was sent a moment ago. But all tries of a tool share its caller's patience.
  const { deadline = Infinity } = client.settings;
  const isOld = deadline < Infinity || Date.now() - (known.at ?? 0) > RECONCILING.polls.at(-1)!;
  const result = known.at ? await reconciler.find(client, order, known.at, isOld) : undefined;
  if (result?.job) return accept(shared, row, result.job);
  if (options.resubmitUnknown) return undefined;
  throw new ItemFailed({ ...describeEarlierUnknown(doing, order, result), reason: 'unknown' });
}

/** @throws {ItemFailed} if others have used up the daily limit since, or it can no longer be checked */
async function assertSlot({ account, client, limit = Infinity }: Submissions, { slot }: Row) {
  if (!slot) return;
  const isFree = await account.budget.tryStart(client, limit, slot).catch((error: unknown) => {
    const consequence = '"Max Videos per Day" cannot be checked';
    throw new ItemFailed(describeCountFailure(error, consequence), true);
  });
  if (!isFree) throw new ItemFailed(describeUsedUp(limit), true);
}

/** @throws {ItemFailed} if it was refused */
async function send(shared: Submissions, row: Row): Promise<Sent> {
  const { account, client, ledger, results, doing } = shared;
  const { order, key, match } = row;
  // Perhaps another account's, which a refusal does not settle.
  const before = ledger.find(key);
  let sentAt = 0;
  const sendOnce = async () => {
    results.throwIfAborted();
    sentAt = Date.now();
    ledger.sent(key, sentAt, match?.key);
    const headers = { 'Idempotency-Key': ledger.idempotencyKey(key) };
    const request = { method: 'POST', ...order, headers } as const;
    const outcome = await client.send(request).catch((error: unknown) => {
      ledger.refused(key, before);
      throw error;
    });
    const decision = retryDecision('POST', outcome);
    if (decision === 'retry' || decision === 'refused') {
      // If a gateway has lost a yes, an API that honors the key makes no second one.
      ledger.refused(key, before, isBare503(outcome));
    }
    if (decision === 'refused') account.jobs.recordRefused(order);
    return outcome;
  };
  const attempt = await client.schedule('POST', sendOnce);
  const { decision, outcome } = attempt;
  if (decision === 'done') {
    results.gotThrough();
    // `retryDecision` says so only of an answer with the job in it.
    return accept(shared, row, jobIn((outcome as ApiResponse).body)!);
  }
  const failed = new RequestFailed(attempt);
  // From now on, it counts as refused: an API may replay its answer to the old key.
  if (attempt.tries > 0 && decision === 'retry' && isBare503(outcome)) ledger.refused(key, before);
  if (decision !== 'unknown') throw ItemFailed.by(failed, { doing });
  return async () => {
    const reconciler = account.reconcilers[listOf(order)];
    const result = await reconciler.find(client, order, sentAt, false);
    if (result.job) return accept(shared, row, result.job);
    const message = describeUnknownOutcome(doing, outcome, order, result);
    throw new ItemFailed({ ...message, status: failed.status, reason: 'unknown' });
  };
}

/** Records a job as the row's. */
function accept(
  { account: { jobs }, ledger, results }: Submissions,
  { item, order, key, match, slot }: Row,
  job: IDataObject,
): IDataObject {
  const isReused = match && match.job === job;
  if (isReused) jobs.assign(idOf(job));
  else jobs.recordCreated(order, job);
  ledger.accepted(key, job, isReused);
  results.recordAccepted(item, job);
  if (isReused !== undefined) results.reused.set(item, isReused);
  if (slot) slot.id = idOf(job);
  return job;
}

function describeUnknownOutcome(
  doing: string,
  outcome: Outcome,
  order: Order,
  lookup: LookupResult,
): Message {
  const next = nextSteps(order, lookup);
  const describeUnclear = (cause: string, quote = '') => ({
    message: `Check this one: it is unclear whether iTeraBiz accepted the request to ${doing}`,
    description: `${cause}, so, to avoid paying twice, the request was not sent again${quote}. ${next}.`,
  });
  if (outcome instanceof NetworkError) {
    return describeUnclear('The connection to iTeraBiz was lost before it answered');
  }
  const { status, body } = outcome;
  const text = errorTextOf(body);
  const quote = text ? `. iTeraBiz says: ${withoutPeriod(text)}` : '';
  if (statusClassOf(outcome) !== 'done') {
    const isFault = statusClassOf(outcome) === 'fault';
    const answer = isFault ? 'a fault on its side' : 'neither a yes nor a no';
    const advice = isFault ? 'write' : 'check the Base URL of the credential, or write';
    const more = `status ${status}; if it keeps happening, ${advice} to ${SUPPORT}`;
    return describeUnclear(`iTeraBiz answered with ${answer} (${more})`, quote);
  }
  if (isObject(body) && saysError(body)) {
    return describeUnclear(
      `iTeraBiz answered with an error, but not with a clear no (status ${status})`,
      quote,
    );
  }
  if (typeof body === 'string' && /^\s*</.test(body)) {
    return {
      message: `Check this one: a web page answered the request to ${doing}, not iTeraBiz`,
      description: `Check the Base URL of the credential: it should be the address of the API, such as https://api.iterabiz.com/v1. The page came with status ${status}${text ? ` and is called: ${text}` : ''}. If the Base URL is right, the request may have been accepted all the same, so, to avoid paying twice, it was not sent again. ${next}.`,
    };
  }
  return {
    message: `Check this one: iTeraBiz accepted the request to ${doing}, but its answer cannot be read`,
    description: `The answer (status ${status}) was cut off or is not in the expected form, so the ID is unknown; to avoid paying twice, the request was not sent again${isObject(body) ? quote : ''}. ${next}. If this keeps happening, check the Base URL of the credential, or write to ${SUPPORT}.`,
  };
}

function describeEarlierUnknown(doing: string, order: Order, lookup?: LookupResult): Message {
  return {
    message: `Check this one: an earlier try may have been accepted already, so the request to ${doing} was not sent again`,
    description: `Sending it again could charge you twice. ${nextSteps(order, lookup)}.`,
  };
}

/** How the node looked for the job, and how the user can: a list may be late, or show less than the dashboard. */
function nextSteps(order: Order, lookup?: LookupResult): string {
  const again = `use its ID; if not, run only this item again. To retry this execution instead, first turn on "${resubmitUnknown.displayName}" in the options`;
  const list = listOf(order) === '/avatars' ? 'Avatar: Get Many' : 'Video: Get Many';
  if (!lookup) {
    return `Check your iTeraBiz dashboard, or run ${list}: if there is one made at the time of that try with these values, ${again}`;
  }
  const wanted = `one made since ${formatTime(lookup.since)} with the same ${textFieldOf(order)} and values`;
  const times = lookup.polls === 1 ? 'once' : `${lookup.polls} times`;
  const result = lookup.trouble
    ? `This node could not search your account for ${wanted} (${lookup.trouble})`
    : `This node searched your account ${times} for ${wanted}, most recently at ${formatTime(lookup.at)}, and found none`;
  return `${result}. Check your iTeraBiz dashboard, or run ${list} in a few minutes: if it is there, ${again}`;
}
