import type { IDataObject } from 'n8n-workflow';

import type { Account } from '../account/account';
import type { Place } from '../account/dailyBudget';
import { NetworkError } from '../api/response';
import { listOf } from '../account/sameOrder';
import { retryDecision } from '../api/status';
import { jobIn, videoIdOf } from '../api/video';
import { type ApiClient, RequestFailed } from '../client/apiClient';
import { eachItem } from '../run/eachItem';
import { ItemFailed, type Results } from '../run/results';
import type { Job, Run } from '../run/run';
import { describeOldDoubt, describeDoubt } from './doubt';
import type { Ledger } from './ledger';
import { describeTaken, describeUncheckable } from './limits';
import type { Match } from './reuse';
import type { Row } from './rows';

/** So many submissions of unknown outcome in a row, and the rest is not sent. */
const MOST_DOUBTS = 5;

/** What the submissions of a run share. */
export interface Submissions {
  account: Account;
  client: ApiClient;
  ledger: Ledger;
  results: Results;
  /** As in `create the video`, for messages */
  doing: string;
  /** Places in the day's count of the account, by item, where it has a limit */
  places: Map<number, Place>;
  limit?: number;
}

/**
 * Submits rows, each once, whatever is retried: what the API accepted before, in this execution, is
 * answered from the ledger. An unknown outcome is looked up in the account's own list.
 *
 * Invariant: between "may have arrived" and "has not arrived" every doubt counts as arrived.
 *
 * @param matches what the account has already, where that is to be used
 * @returns the jobs, by item. What failed is in the results
 * @throws the signal's reason
 */
export async function submitAll(
  run: Run,
  shared: Submissions,
  rows: Row[],
  matches: Map<number, Match>,
): Promise<Map<number, Job>> {
  const { results } = shared;
  const jobs = new Map<number, Job>();
  const byItem = new Map(rows.map((row) => [row.item, row]));
  const lookups: Array<Promise<void>> = [];
  const keep = ({ item, options, waits }: Row, video: IDataObject | undefined) => {
    if (!video) return;
    results.accepted.set(item, videoIdOf(video) ?? 'accepted without an ID');
    jobs.set(item, { video, options, waits });
  };
  let doubtsInRow = 0;

  await eachItem(run, [...byItem.keys()], run.concurrency, async (item) => {
    const row = byItem.get(item)!;
    const sent = await results.of(item, async () => await submit(shared, row, matches.get(item)));
    if (!sent || 'job' in sent) {
      // A refusal is an answer, too.
      doubtsInRow = 0;
      return keep(row, sent?.job);
    }
    doubtsInRow += 1;
    if (doubtsInRow >= MOST_DOUBTS) {
      const message = `iTeraBiz has answered nothing sensible to the last ${doubtsInRow} requests`;
      results.abort(item, { message, description: '' });
    }
    const lookUp = async () => keep(row, await results.of(item, sent.lookUp));
    const lookup = lookUp();
    // Where the execution is canceled, the sending rejects first, and this with nobody listening.
    lookup.catch(() => {});
    lookups.push(lookup);
  });
  await Promise.all(lookups);
  return jobs;
}

/** What was sent in vain for certain, or not at all, takes no place in the day's count. */
export function settlePlaces({ account, ledger, places }: Submissions, rows: Row[]): void {
  for (const { item, key } of rows) {
    const place = places.get(item);
    if (place && !ledger.find(key)) account.budget.giveBack(place);
  }
}

/** @throws {ItemFailed} when others have used up the account's limit since, or it cannot be told any more */
async function assertPlace(shared: Submissions, { item }: Row): Promise<void> {
  const { account, client, limit } = shared;
  const place = shared.places.get(item);
  if (!place || limit === undefined) return;
  const isFree = await account.budget.isStillFree(client, limit, place).catch(describeUncheckable);
  if (isFree === true) return;
  throw new ItemFailed({ ...(isFree || describeTaken(limit)), reason: 'account' }, true);
}

/** A job, or how to find out whether there is one. */
type Sent = { job: IDataObject } | { lookUp: () => Promise<IDataObject> };

/** @throws {ItemFailed} when it was refused, or nothing tells what became of it in an earlier try */
async function submit(shared: Submissions, row: Row, match?: Match): Promise<Sent> {
  const { account, client, ledger, results, doing, places } = shared;
  const { order, key, known } = row;
  const { jobs } = account;
  if (known?.state === 'accepted') {
    if (known.reused !== undefined) results.reused.set(row.item, known.reused);
    return { job: known.answer };
  }

  const accept = (job: IDataObject, isReused = false) => {
    if (isReused) jobs.assign(videoIdOf(job));
    else jobs.made(order, job);
    ledger.accepted(key, job, match && isReused);
    const place = places.get(row.item);
    if (place) place.id = videoIdOf(job);
    if (match) results.reused.set(row.item, isReused);
    return job;
  };
  const find = async (sentAt: number, isOld: boolean) => {
    ledger.answers.forEach((answer) => jobs.assign(videoIdOf(answer)));
    return await account.reconcilers[listOf(order)].find(client, order, sentAt, isOld);
  };

  if (match?.job) return { job: accept(match.job, true) };

  if (known) {
    const finding = known.at === undefined ? undefined : await find(known.at, true);
    if (finding?.job) return { job: accept(finding.job) };
    if (!row.options.resubmitUnknown) {
      throw new ItemFailed({ ...describeOldDoubt(doing, order, finding), reason: 'unknown' });
    }
  }

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
  results.throwIfAborted();
  await assertPlace(shared, row);
  jobs.sending.add(order);
  try {
    const attempt = await client.schedule('POST', sendOnce);
    const { decision, outcome } = attempt;
    const isAnswered = decision === 'done' && !(outcome instanceof NetworkError);
    const job = isAnswered ? jobIn(outcome.body) : undefined;
    // Assigned before it counts as no longer on its way: others may be looking for the same.
    if (job) return { job: accept(job) };
    const failed = new RequestFailed(attempt);
    if (decision === 'refused' || decision === 'retry') throw ItemFailed.by(failed, { doing });
    const lookUp = async () => {
      const finding = await find(sentAt, false);
      if (finding.job) return accept(finding.job);
      const said = describeDoubt(doing, outcome, order, finding);
      throw new ItemFailed({ ...said, status: failed.status, reason: 'unknown' });
    };
    return { lookUp };
  } finally {
    jobs.sending.delete(order);
  }
}
