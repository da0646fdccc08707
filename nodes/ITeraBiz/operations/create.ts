import { videoIdOf } from '../api/video';
import { Ledger } from '../orders/ledger';
import { isToSend, whyNotWith, whyTooMuch } from '../orders/limits';
import { previewOf } from '../orders/preview';
import { findExisting, type Match } from '../orders/reuse';
import { prepareRows } from '../orders/rows';
import { submitAll } from '../orders/submit';
import { ItemFailed, Results } from '../run/results';
import type { Perform } from '../run/run';
import { finish } from '../waiting/finish';
import { avatarFinder } from './avatarByName';

/**
 * Orders what the items describe, each once, and waits for it where the user wants to. Nothing is sent
 * before all items of the run are checked; a preview sends nothing at all.
 */
export const create: Perform = async (run, request) => {
  const results = new Results(run);
  const account = await run.account();
  const client = await run.client();
  const ledger = new Ledger(run.memory, run.index, account.id);
  const own = new Set(ledger.answers.map(videoIdOf));

  const rows = await prepareRows(run, request, ledger, avatarFinder(run.client));
  const isStopped = run.onError === 'stop' && rows.bad.size > 0;
  const { matches, refusal: unclear } = isStopped
    ? { matches: new Map<number, Match>(), refusal: whyNotWith(rows) }
    : await findExisting(client, rows.good, ledger, (id) => own.has(id));
  const toSend = rows.good.filter((row) => isToSend(row) && !matches.get(row.item)?.job);
  const refusal = unclear ?? whyTooMuch(toSend, rows);

  if (rows.isPreview) {
    const preview = previewOf(rows, toSend, matches, refusal);
    preview.forEach((json, item) => results.outputs.set(item, [{ json }]));
    return results.collect();
  }

  rows.bad.forEach(({ error }, item) => results.fail(item, error));
  const refused = refusal ? toSend : [];
  refused.forEach(({ item }, place) => {
    const isFirst = place === 0 && rows.bad.size === 0;
    const reason = isFirst ? 'item' : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal!, reason }));
  });
  const rest = refusal ? rows.good.filter((row) => !refused.includes(row)) : rows.good;
  if (results.isStopped) return results.collect();

  const shared = { account, client, ledger, results, doing: request.doing };
  const jobs = await submitAll(run, shared, rest, matches);
  return await finish(run, results, jobs);
};
