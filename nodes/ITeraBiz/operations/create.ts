import type { IDataObject } from 'n8n-workflow';

import type { JobRegistry } from '../account/jobRegistry';
import { fingerprint } from '../account/sameOrder';
import { videoIfKnown } from '../account/snapshot';
import { videoIdOf } from '../api/video';
import { refusalOnly } from '../client/apiClient';
import { unlessAborted } from '../client/time';
import { Ledger } from '../orders/ledger';
import {
  type Allowance,
  describeAmount,
  describeDay,
  describeOtherInvalid,
  enforceLimits,
} from '../orders/limits';
import { paceHint } from '../orders/pace';
import { previewOf } from '../orders/preview';
import { findExisting } from '../orders/reuse';
import { prepareRows, type Row } from '../orders/rows';
import { settleSlots, submitAll, type Submissions } from '../orders/submit';
import { eachItem } from '../run/eachItem';
import { ItemFailed, Results } from '../run/results';
import type { Job, Perform, RequestTemplate, Run } from '../run/run';
import { finish, nameOrdersWhenStopped } from '../waiting/finish';
import { avatarReader, idOfAvatar } from './avatarByName';

/** Orders each item once, and waits for the videos if the user wants that. */
export const create: Perform = async (run, request) => {
  const account = await run.account();
  const results = new Results(run);
  // Changing these makes no new order: messages advise it before a retry.
  const ignored = { options: undefined, requestOptions: undefined, waitForCompletion: undefined };
  const entered = { ...run.node.parameters, ...ignored };
  const source = JSON.stringify([account.baseUrl, request.url, entered]);
  const ledger = new Ledger(run.memory, run.index, account.id, source, account.jobs);
  const shared = { account, client: await run.client(), ledger, results, doing: request.doing };
  const releaseAccount = account.hold();
  const stopWatching = nameOrdersWhenStopped(run, results, () => ledger.unknownItems);
  try {
    const jobs = await order(run, request, shared);
    return jobs ? await finish(run, results, jobs) : results.collect();
  } finally {
    stopWatching();
    releaseAccount();
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
  shared: Submissions,
): Promise<Map<number, Job> | undefined> {
  const { account, client, ledger, results } = shared;
  const isVideo = request.url !== '/avatars';
  const avatars = avatarReader(client);
  const findAvatar = async (name: string) => idOfAvatar(name, await avatars());
  const rows = await prepareRows(run, request, ledger, findAvatar);
  const { isPreview, good, bad } = rows;
  if (isVideo) await forgetForeign(run, shared, good);
  nameAccepted(shared, good);
  const stopsInvalid = run.onError === 'stop' && bad.size > 0;
  const endReservation = await reserve(run, account.jobs, stopsInvalid ? [] : good);
  try {
    const refusal = stopsInvalid
      ? describeOtherInvalid(rows)
      : await findExisting(client, account.jobs, good, ledger);
    if (isPreview) endReservation();
    const allowance = await enforceLimits(run, rows, isVideo, refusal);
    const { allowed, refused, limit } = allowance;
    paceHint(allowed).forEach((hint) => run.hint(hint));
    if (isPreview) {
      const hasAvatar = allowed.length > 0 ? await avatarCheck(shared, avatars) : undefined;
      const { items, sum } = previewOf(rows, allowance, hasAvatar);
      items.forEach((json, item) => results.outputs.set(item, [{ json }]));
      run.hint(`A preview: nothing was ordered. ${sum}`);
      return undefined;
    }

    bad.forEach(({ error }, item) => results.fail(item, error));
    refuse(results, allowance, bad.size === 0);
    if (results.isStopped) return undefined;

    const remaining = good.filter((row) => !refused.includes(row));
    const submitting = submitAll(run, { ...shared, limit }, remaining);
    const jobs = await submitting.finally(() => settleSlots(shared, allowed));
    const ordered = allowed.filter(({ item }) => jobs.has(item));
    if (isVideo && ordered.length > 0) {
      const day = describeDay(allowance, ordered.length);
      run.hint(`Ordered: ${describeAmount(ordered)}. ${day}`.trim());
    }
    return jobs;
  } finally {
    endReservation();
  }
}

/**
 * Forgets what was accepted with another key if the account certainly does not have it: it was ordered for
 * another account.
 */
async function forgetForeign(
  run: Run,
  { client, ledger }: Submissions,
  rows: Row[],
): Promise<void> {
  const foreign = rows.filter(({ known }) => known && ledger.isForeign(known));
  await eachItem(run, foreign, run.concurrency, async (row) => {
    const id = row.known?.state === 'accepted' ? videoIdOf(row.known.answer) : undefined;
    if (id === undefined) return;
    const video = await videoIfKnown(client, id).catch(refusalOnly);
    if (video === undefined) row.known = undefined;
  });
}

/** Names what was accepted before. */
function nameAccepted({ results }: Submissions, rows: Row[]): void {
  for (const { item, known } of rows) {
    if (known?.state !== 'accepted') continue;
    results.recordAccepted(item, known.answer);
    if (known.reused !== undefined) results.reused.set(item, known.reused);
  }
}

/**
 * Reserves the orders of rows that reuse videos: another execution with the same orders waits until this one
 * has sent its own, and reads the list only then.
 *
 * @returns ends the reservation
 */
async function reserve({ signal }: Run, jobs: JobRegistry, rows: Row[]): Promise<() => void> {
  const reusing = rows.filter(({ reuseSince }) => reuseSince !== undefined);
  const orders = new Set(reusing.map((row) => fingerprint(row.order)));
  for (let others = jobs.reserved(orders); others.length > 0; others = jobs.reserved(orders)) {
    await unlessAborted(Promise.all(others), signal);
  }
  return jobs.reserve(orders);
}

/**
 * Whether the account has an avatar, by its ID. All count as there if the list cannot be read or lacks IDs;
 * it may not show yet what this process has just created.
 */
async function avatarCheck(
  { account, client }: Submissions,
  avatars: () => Promise<IDataObject[]>,
): Promise<(id: string) => boolean> {
  const listed = await avatars().catch(() => [{}]);
  client.settings.signal?.throwIfAborted();
  const ids = listed.map(videoIdOf);
  return (id) => ids.includes(id) || ids.includes(undefined) || account.jobs.isAssigned(id);
}

/** Fails the refused items. The first counts as the cause, unless other items failed before. */
function refuse(results: Results, { refused, refusal }: Allowance, isFirstFailure: boolean): void {
  refused.forEach(({ item }, n) => {
    const reason = isFirstFailure && n === 0 ? 'account' : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal!, reason }));
  });
}
