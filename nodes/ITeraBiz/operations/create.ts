import type { Account } from '../account/account';
import { fingerprint } from '../account/sameOrder';
import { videoIfKnown } from '../account/snapshot';
import { videoIdOf } from '../api/video';
import { refusalOnly } from '../client/apiClient';
import { unlessAborted } from '../client/time';
import { Ledger } from '../orders/ledger';
import {
  type Allowance,
  describeAmount,
  describeOtherInvalid,
  enforceLimits,
} from '../orders/limits';
import { paceHint } from '../orders/pace';
import { previewOf } from '../orders/preview';
import { findExisting } from '../orders/reuse';
import { prepareRows, type Row, type Rows } from '../orders/rows';
import { settleSlots, submitAll } from '../orders/submit';
import { eachItem } from '../run/eachItem';
import { ItemFailed, type Refusal, Results } from '../run/results';
import type { Job, Perform, RequestTemplate, Run } from '../run/run';
import { finish, nameOrdersWhenStopped } from '../waiting/finish';
import { avatarFinder, knownAvatars } from './avatarByName';

/** Orders each item once, and waits for the videos if the user wants that. */
export const create: Perform = async (run, request) => {
  const results = new Results(run);
  const release = (await run.account()).hold();
  const stopWatching = nameOrdersWhenStopped(run, results);
  try {
    const jobs = await order(run, request, results);
    return jobs ? await finish(run, results, jobs) : results.collect();
  } finally {
    stopWatching();
    release();
  }
};

/**
 * Sends nothing before all items of the run are validated, and nothing at all in a preview.
 *
 * @returns the jobs, by item; `undefined` if nothing was to be sent
 */
async function order(
  run: Run,
  request: RequestTemplate,
  results: Results,
): Promise<Map<number, Job> | undefined> {
  const isVideo = request.url !== '/avatars';
  const account = await run.account();
  const client = await run.client();
  const source = JSON.stringify([account.baseUrl, request.url, run.node.parameters]);
  const ledger = new Ledger(run.memory, run.index, account.id, source);

  const rows = await prepareRows(run, request, ledger, avatarFinder(run.client));
  const { isPreview, good, bad } = rows;
  if (isVideo) await forgetForeign(run, ledger, good);
  recallAccepted(account, ledger, results, good);
  const stopsInvalid = run.onError === 'stop' && bad.size > 0;
  const existing = await reserveExisting(run, account, ledger, stopsInvalid ? [] : good);
  if (isPreview) existing.release();
  try {
    const refusal = stopsInvalid ? describeOtherInvalid(rows) : existing.refusal;
    const allowance = await enforceLimits(run, rows, isVideo, refusal);
    const { allowed, refused, limit, today } = allowance;
    paceHint(good).forEach((hint) => run.hint(hint));
    if (isPreview) {
      await preview(run, results, rows, allowance, isVideo);
      return undefined;
    }

    bad.forEach(({ error }, item) => results.fail(item, error));
    refuse(results, allowance, bad.size === 0);
    if (results.isStopped) return undefined;

    const remaining = good.filter((row) => !refused.includes(row));
    const shared = { account, client, ledger, results, doing: request.doing, limit };
    const submitting = submitAll(run, shared, remaining);
    const jobs = await submitting.finally(() => settleSlots(shared, allowed));
    const ordered = allowed.filter(({ item }) => jobs.has(item));
    if (isVideo && ordered.length > 0) {
      run.hint(`${describeAmount(ordered)} ordered. ${today(ordered.length)}`.trim());
    }
    return jobs;
  } finally {
    existing.release();
  }
}

/**
 * Forgets what was accepted with another key if the account certainly does not have it: it was ordered for
 * another account.
 */
async function forgetForeign(run: Run, ledger: Ledger, rows: Row[]): Promise<void> {
  const client = await run.client();
  const foreign = rows.filter(({ known }) => known && ledger.isForeign(known));
  await eachItem(run, foreign, run.concurrency, async (row) => {
    const id = row.known?.state === 'accepted' ? videoIdOf(row.known.answer) : undefined;
    if (id === undefined) return;
    const video = await videoIfKnown(client, id).catch(refusalOnly);
    if (video === undefined) row.known = undefined;
  });
}

/**
 * Finds the account's existing videos for the rows that reuse them, and reserves these orders: another
 * execution with the same orders waits until this one has sent its own.
 *
 * @returns `release` ends the reservation
 */
async function reserveExisting(run: Run, { jobs }: Account, ledger: Ledger, rows: Row[]) {
  const client = await run.client();
  const own = new Set(ledger.answers.map(videoIdOf));
  const reusing = rows.filter((row) => row.reuseSince !== undefined);
  const orders = new Set(reusing.map((row) => fingerprint(row.order)));
  let refusal: Refusal | undefined;
  do {
    await unlessAborted(Promise.all(jobs.reserved(orders)), run.signal);
    refusal = await findExisting(client, jobs, rows, ledger, (id) => own.has(id));
  } while (jobs.reserved(orders).length > 0);
  return { refusal, release: jobs.reserve(orders) };
}

/** Names what was accepted before. The stored execution lacks what an earlier retry of it ordered. */
function recallAccepted({ jobs }: Account, ledger: Ledger, results: Results, rows: Row[]): void {
  for (const row of rows) {
    const job = row.known ? undefined : jobs.createdFor(ledger.nameOf(row.key));
    if (job) row.known = { state: 'accepted', answer: job };
    const { item, known } = row;
    if (known?.state === 'accepted') results.recordAccepted(item, known.answer);
  }
}

async function preview(
  run: Run,
  results: Results,
  rows: Rows,
  allowance: Allowance,
  isVideo: boolean,
): Promise<void> {
  const hasAvatars = isVideo && allowance.allowed.length > 0;
  const avatars = hasAvatars ? await knownAvatars(run) : undefined;
  const { items, sum } = previewOf(rows, allowance, avatars);
  items.forEach((json, item) => results.outputs.set(item, [{ json }]));
  run.hint(`A preview: nothing was ordered. ${sum}`);
}

/** Fails the refused items. The first counts as the cause, unless other items failed before. */
function refuse(results: Results, { refused, refusal }: Allowance, isFirstFailure: boolean): void {
  if (!refusal) return;
  refused.forEach(({ item }, n) => {
    const reason = isFirstFailure && n === 0 ? (refusal.reason ?? 'item') : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal, reason }));
  });
}
