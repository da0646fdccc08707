import type { IDataObject } from 'n8n-workflow';

import type { Account } from '../account/account';
import { fingerprint } from '../account/sameOrder';
import { Turns } from '../account/turns';
import { idOf } from '../api/video';
import { yielder } from '../client/time';
import { ExecutionLog } from '../orders/executionLog';
import { forgetForeign } from '../orders/foreign';
import { Ledger, seedIn } from '../orders/ledger';
import {
  type Allowance,
  describeAmount,
  describeDay,
  describeOtherInvalid,
  enforceLimits,
} from '../orders/limits';
import { paceHints } from '../orders/pace';
import { previewOf } from '../orders/preview';
import { findExisting } from '../orders/reuse';
import { prepareRows, type Row, type Rows } from '../orders/rows';
import { settleSlots, submitAll, type Submissions } from '../orders/submit';
import { ItemFailed, Results } from '../run/results';
import type { Job, Perform, RequestTemplate, Run } from '../run/run';
import { finish, nameOrdersWhenStopped } from '../waiting/finish';
import { avatarReader, idOfAvatar } from './avatarByName';

/** For all accounts: between two retries of an execution, its API key may be replaced. */
const executionLog = new ExecutionLog();

/** Retries of one execution take turns, by its seed. */
const retryTurns = new Turns();

/** Orders each item once, and waits for the videos if the user wants that. */
export const create: Perform = async (run, request) => {
  const results = new Results(run);
  const reading = run.assertOneAccount().then(async () => await run.account());
  const account = await reading.catch((error: Error) => {
    // If n8n cannot read the credential any more, what an earlier try ordered is named all the same.
    recordEarlier(results, ledgerOf(run, request, { id: '' }));
    if (results.accepted.size === 0 && results.unknownItems().length === 0) throw error;
    failAll(results, error);
    return undefined;
  });
  if (!account) return results.collect();
  const releaseAccount = account.hold();
  const seed = seedIn(run.memory);
  // Two retries of one execution order the same. The calls of a tool order something else each.
  const retries = seed === undefined || run.isTool ? [] : [seed];
  let stopWatching = () => {};
  try {
    const jobs = await retryTurns.run({ keys: retries }, run, async () => {
      const ledger = ledgerOf(run, request, account);
      recordEarlier(results, ledger);
      stopWatching = nameOrdersWhenStopped(results);
      const client = await run.client();
      const shared = { account, client, ledger, results, doing: request.doing };
      return await order(request, shared).catch((error: Error) => {
        failAll(results, error);
        return undefined;
      });
    });
    return jobs ? await finish(results, jobs) : results.collect();
  } finally {
    stopWatching();
    releaseAccount();
  }
};

/** Before its items are validated again: one that is invalid by now was ordered all the same. */
function recordEarlier(results: Results, ledger: Ledger): void {
  results.unknownItems = () => ledger.unknownItems;
  if (results.run.isTool) return;
  ledger.ordered.forEach(([item, job]) => results.recordAccepted(item, job));
}

/** @throws the signal's reason */
function failAll(results: Results, error: Error): void {
  const { run } = results;
  run.signal?.throwIfAborted();
  for (let item = 0; item < run.size; item++) results.fail(item, error);
}

function ledgerOf(
  { node, memory, index }: Run,
  { url }: RequestTemplate,
  account: Pick<Account, 'id'>,
): Ledger {
  // Changing these, the key or the Base URL makes no new order: messages advise such changes before a retry.
  const ignored = { options: undefined, requestOptions: undefined, waitForCompletion: undefined };
  const entered = { ...node.parameters, ...ignored };
  const source = JSON.stringify([url, entered]);
  return new Ledger(memory, index, account.id, source, executionLog);
}

/**
 * Sends nothing before all items of the run are validated, and nothing at all in a preview.
 *
 * @returns the jobs, by item; `undefined` if nothing was to be sent
 */
async function order(
  request: RequestTemplate,
  shared: Submissions,
): Promise<Map<number, Job> | undefined> {
  const { account, client, ledger, results } = shared;
  const { run } = results;
  const isVideo = request.url !== '/avatars';
  const avatars = avatarReader(client);
  const findAvatar = async (name: string) => idOfAvatar(name, await avatars());
  const rows = await prepareRows(run, request, ledger, account.jobs, findAvatar);
  const { isPreview, bad } = rows;
  if (isVideo) await forgetForeign(shared, rows.good);
  recordKnown(results, rows.good);
  const isInvalid = () => run.onError === 'stop' && bad.size > 0;
  const turn = await turnOf(isPreview || isInvalid() ? [] : rows.good);
  // An execution that may reuse one of these reads the list only once they have been sent.
  return await account.turns.run(turn, run, async () => {
    const unreadable = isInvalid()
      ? undefined
      : await findExisting(client, account.jobs, rows, ledger, run);
    // Asked again: a row whose existing video cannot be identified is invalid, too.
    const refusal = isInvalid() ? describeOtherInvalid(rows) : unreadable;
    const allowance = await enforceLimits(run, rows, isVideo, refusal);
    const { allowed, refused, limit } = allowance;
    (await paceHints(allowed)).forEach((hint) => run.hint(hint));
    if (isPreview) {
      await showPreview(shared, rows, allowance, avatars);
      return undefined;
    }

    bad.forEach(({ error }, item) => results.fail(item, error));
    refuse(results, allowance, bad.size === 0);
    if (results.isStopped) return undefined;

    const isRefused = new Set(refused);
    const remaining = rows.good.filter((row) => !isRefused.has(row));
    const submitting = submitAll({ ...shared, limit }, remaining);
    const jobs = await submitting.finally(() => settleSlots(shared, allowed));
    const ordered = allowed.filter(({ item }) => jobs.has(item));
    if (isVideo && ordered.length > 0) {
      const day = describeDay(allowance, ordered.length);
      run.hint(`Ordered: ${describeAmount(ordered)}. ${day}`.trim());
    }
    return jobs;
  });
}

/** The fingerprints of all orders, and of those whose rows may reuse a video. */
async function turnOf(rows: Row[]): Promise<{ keys: string[]; waitsFor: string[] }> {
  const keys: string[] = [];
  const waitsFor: string[] = [];
  const yieldIfDue = yielder();
  for (const { order, reuseSince } of rows) {
    await yieldIfDue();
    const key = fingerprint(order);
    keys.push(key);
    if (reuseSince !== undefined) waitsFor.push(key);
  }
  return { keys, waitsFor };
}

async function showPreview(
  shared: Submissions,
  rows: Rows,
  allowance: Allowance,
  avatars: () => Promise<IDataObject[]>,
): Promise<void> {
  const { outputs, run } = shared.results;
  const hasAvatar = allowance.allowed.length > 0 ? await avatarCheck(shared, avatars) : undefined;
  const { items, summary } = previewOf(rows, allowance, hasAvatar);
  items.forEach((json, item) => outputs.set(item, [{ json }]));
  run.hint(`A preview: nothing was ordered. ${summary}`);
}

function recordKnown(results: Results, rows: Row[]): void {
  for (const { item, known } of rows) {
    if (known?.state !== 'accepted') continue;
    results.recordAccepted(item, known.answer);
    if (known.reused !== undefined) results.reused.set(item, known.reused);
  }
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
  const ids = listed.map(idOf);
  return (id) => ids.includes(id) || ids.includes(undefined) || account.jobs.isAssigned(id);
}

/** Fails the refused items. The first counts as the cause, unless other items failed before. */
function refuse(results: Results, { refused, refusal }: Allowance, isFirstFailure: boolean): void {
  refused.forEach(({ item }, n) => {
    const reason = isFirstFailure && n === 0 ? 'account' : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal!, reason }));
  });
}
