import type { IDataObject } from 'n8n-workflow';

import type { Account } from '../account/account';
import { NetworkError } from '../api/response';
import type { LookupResult } from '../account/reconciler';
import { listOf, type Order } from '../account/sameOrder';
import { retryDecision } from '../api/status';
import { jobIn, videoIdOf } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { eachItem } from '../run/eachItem';
import { ItemFailed, type Results } from '../run/results';
import type { Job, Run } from '../run/run';
import { describeEarlierUnknown, describeUnknownOutcome } from './unknownOutcome';
import type { Ledger } from './ledger';
import { describeUsedUp, describeUncheckable } from './limits';
import type { Row } from './rows';

/** After this many unknown outcomes in a row, the rest is not sent. */
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
 * Submits each row once, across retries: a submission that was accepted earlier in this execution is
 * answered from the ledger. An unknown outcome is looked up in the account's list.
 *
 * Invariant: a request that may have arrived counts as arrived.
 *
 * @returns the jobs, by item; failures are in the results
 * @throws the signal's reason
 */
export async function submitAll(
  run: Run,
  shared: Submissions,
  rows: Row[],
): Promise<Map<number, Job>> {
  const { results } = shared;
  const jobs = new Map<number, Job>();
  const lookups: Array<Promise<void>> = [];
  const addJob = ({ item, options, waits }: Row, video: IDataObject | undefined) => {
    if (!video) return;
    results.recordAccepted(item, video);
    jobs.set(item, { video, options, waits });
  };
  let unknownInARow = 0;

  await eachItem(run, rows, run.concurrency, async (row) => {
    const { item } = row;
    const sent = await results.attempt(item, async () => await submit(shared, row));
    if (!sent || 'job' in sent) {
      // A refusal is a known outcome, too.
      unknownInARow = 0;
      return addJob(row, sent?.job);
    }
    unknownInARow += 1;
    if (unknownInARow >= MAX_UNKNOWN_IN_A_ROW) {
      const message = `iTeraBiz has answered nothing sensible to the last ${unknownInARow} requests`;
      results.abort(item, { message, description: '' });
    }
    const lookup = results.attempt(item, sent.lookUp).then((job) => addJob(row, job));
    // If the execution is canceled, eachItem rejects first; this rejection must not go unhandled.
    lookup.catch(() => {});
    lookups.push(lookup);
  });
  await Promise.all(lookups);
  return jobs;
}

/** Releases the slots of rows that were not sent, or were definitely refused. */
export function settleSlots({ account, ledger }: Submissions, rows: Row[]): void {
  for (const { key, known, slot } of rows) {
    const entry = ledger.find(key);
    if (slot && (!entry || entry === known)) account.budget.release(slot);
  }
}

/** The job, or if the outcome is unknown, how to look it up. */
type Sent = { job: IDataObject } | { lookUp: () => Promise<IDataObject> };

/** @throws {ItemFailed} if it was refused, or the outcome of an earlier try remains unknown */
async function submit(shared: Submissions, row: Row): Promise<Sent> {
  const existing = await existingJob(shared, row);
  if (existing) return { job: existing };
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

/** The row's job, if the ledger or the account's list already has it. @throws as above */
async function existingJob(shared: Submissions, row: Row): Promise<IDataObject | undefined> {
  const { results, doing } = shared;
  const { item, order, known, match } = row;
  if (known?.state === 'accepted') {
    if (known.reused !== undefined) results.reused.set(item, known.reused);
    return known.answer;
  }
  if (match?.job) return accept(shared, row, match.job, true);
  if (!known) return undefined;
  const result = known.at === undefined ? undefined : await lookUp(shared, order, known.at, true);
  if (result?.job) return accept(shared, row, result.job);
  if (row.options.resubmitUnknown) return undefined;
  throw new ItemFailed({ ...describeEarlierUnknown(doing, order, result), reason: 'unknown' });
}

/** @throws {ItemFailed} if others have used up the daily limit since, or it can no longer be checked */
async function assertSlot({ account, client, limit }: Submissions, { slot }: Row): Promise<void> {
  if (!slot || limit === undefined) return;
  const isFree = await account.budget.tryStart(client, limit, slot).catch(describeUncheckable);
  if (isFree === true) return;
  throw new ItemFailed({ ...(isFree || describeUsedUp(limit)), reason: 'account' }, true);
}

/** @throws {ItemFailed} if it was refused */
async function send(shared: Submissions, row: Row): Promise<Sent> {
  const { client, ledger, results, doing } = shared;
  const { order, key, known, match } = row;
  let sentAt = 0;
  const sendOnce = async () => {
    results.throwIfAborted();
    sentAt = Date.now();
    ledger.sent(key, sentAt);
    const headers = { 'Idempotency-Key': ledger.idempotencyKey(key, match?.key) };
    const request = { method: 'POST', ...order, headers } as const;
    const outcome = await client.send(request).catch((error: unknown) => {
      ledger.refused(key, known);
      throw error;
    });
    const decision = retryDecision('POST', outcome);
    if (decision === 'retry' || decision === 'refused') ledger.refused(key, known);
    return outcome;
  };
  const attempt = await client.schedule('POST', sendOnce);
  const { decision, outcome } = attempt;
  const isAnswered = decision === 'done' && !(outcome instanceof NetworkError);
  const job = isAnswered ? jobIn(outcome.body) : undefined;
  if (job) return { job: accept(shared, row, job) };
  const failed = new RequestFailed(attempt);
  if (decision === 'refused' || decision === 'retry') throw ItemFailed.by(failed, { doing });
  const findJob = async () => {
    const result = await lookUp(shared, order, sentAt, false);
    if (result.job) return accept(shared, row, result.job);
    const message = describeUnknownOutcome(doing, outcome, order, result);
    throw new ItemFailed({ ...message, status: failed.status, reason: 'unknown' });
  };
  return { lookUp: findJob };
}

/** Records a job as the row's. */
function accept(
  { account: { jobs }, ledger, results }: Submissions,
  { item, order, key, match, slot }: Row,
  job: IDataObject,
  isReused = false,
): IDataObject {
  if (isReused) jobs.assign(videoIdOf(job));
  else jobs.recordCreated(order, job, ledger.nameOf(key));
  ledger.accepted(key, job, match && isReused);
  if (slot) slot.id = videoIdOf(job);
  if (match) results.reused.set(item, isReused);
  return job;
}

async function lookUp(
  { account, client, ledger }: Submissions,
  order: Order,
  sentAt: number,
  isOld: boolean,
): Promise<LookupResult> {
  ledger.answers.forEach((answer) => account.jobs.assign(videoIdOf(answer)));
  return await account.reconcilers[listOf(order)].find(client, order, sentAt, isOld);
}
