import type { IDataObject } from 'n8n-workflow';

import type { Account } from '../account/account';
import { RECONCILING } from '../account/reconciler';
import { listOf } from '../account/sameOrder';
import type { ApiResponse } from '../api/response';
import { idOf, jobIn } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { isBare503, retryDecision } from '../client/retry';
import { now } from '../client/time';
import { eachItem } from '../run/eachItem';
import { ItemFailed, type Results } from '../run/results';
import type { Job } from '../run/run';
import type { Ledger } from './ledger';
import { describeCountFailure, describeUsedUp } from './limits';
import { needsSubmission, type Row } from './rows';
import { describeEarlierUnknown, describeUnknownOutcome } from './unknownOutcome';

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
      // Requests in flight together may all fail in one moment. So only one that started after the first failure may
      // stop the run, or reset the count.
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

/**
 * The job of an earlier try without an answer, if the account's list has it.
 * @throws {ItemFailed} if it has not, unless the user wants it resubmitted
 */
async function earlierJob(shared: Submissions, row: Row): Promise<IDataObject | undefined> {
  const { account, client, doing } = shared;
  const { order, known, options } = row;
  if (known?.state !== 'sent') return undefined;
  const reconciler = account.reconcilers[listOf(order)];
  // A list may not show yet what was sent a moment ago. But all tries of a tool share its caller's patience.
  const { deadline = Infinity } = client.settings;
  const isOneReadEnough =
    deadline < Infinity || Date.now() - (known.at ?? 0) > RECONCILING.polls.at(-1)!;
  const result = known.at
    ? await reconciler.find(client, order, known.at, isOneReadEnough)
    : undefined;
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
  // What was known before, perhaps of another account: a refusal here does not settle that.
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
  // No more tries. The next request gets a new Idempotency-Key: an API may replay its answer to the old one.
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
