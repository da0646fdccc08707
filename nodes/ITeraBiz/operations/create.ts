import { nameOf } from '../account/sameOrder';
import { videoIdOf } from '../api/video';
import { unlessAborted } from '../client/time';
import { Ledger } from '../orders/ledger';
import { allowanceOf, amountOf, isToSend, whyNotWith, whyTooMuch } from '../orders/limits';
import { paceHint } from '../orders/pace';
import { previewOf } from '../orders/preview';
import { findExisting, type Match } from '../orders/reuse';
import { prepareRows, type Row } from '../orders/rows';
import { settlePlaces, submitAll } from '../orders/submit';
import { ItemFailed, type Refusal, Results } from '../run/results';
import type { Perform } from '../run/run';
import { finish, nameOrdersWhenStopped } from '../waiting/finish';
import { avatarFinder, knownAvatars } from './avatarByName';

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
  const { isPreview, good, bad } = rows;
  const isStopped = run.onError === 'stop' && bad.size > 0;
  let matches = new Map<number, Match>();
  let refusal: Refusal | undefined = isStopped ? whyNotWith(rows) : undefined;

  // Of two executions that want to use the same existing video, the second waits for the first.
  const reusing = good.filter((row) => row.reuseSince !== undefined);
  const names = new Set(reusing.map(({ order }) => nameOf(order)));
  while (!isStopped && names.size > 0) {
    await unlessAborted(Promise.all(account.jobs.reserved(names)), run.signal);
    ({ matches, refusal } = await findExisting(client, account.jobs, good, ledger, (id) =>
      own.has(id),
    ));
    if (account.jobs.reserved(names).length === 0) break;
  }
  let forget = () => {};
  const release = isPreview ? () => {} : account.jobs.reserve(names);
  try {
    const toSend = good.filter((row) => isToSend(row) && !matches.get(row.item)?.job);
    refusal ??= whyTooMuch(toSend, rows);
    const isVideo = request.url !== '/avatars';
    const wanted = refusal ? [] : toSend;
    const allowance = await allowanceOf(run, client, isVideo ? wanted : [], isPreview);
    const allowed = isVideo ? allowance.allowed : wanted;
    refusal ??= allowance.refusal;
    if (isVideo) paceHint(good).forEach((hint) => run.hint(hint));

    if (isPreview) {
      const today = allowance.today(0);
      const avatars = isVideo && allowed.length > 0 ? await knownAvatars(run) : undefined;
      const { items, sum } = previewOf(rows, allowed, matches, refusal, today, avatars);
      items.forEach((json, item) => results.outputs.set(item, [{ json }]));
      run.hint(`A preview: nothing was ordered. ${sum}`);
      return results.collect();
    }

    bad.forEach(({ error }, item) => results.fail(item, error));
    const sent = new Set(allowed);
    const refused = toSend.filter((row) => !sent.has(row));
    if (refusal) refuse(results, refused, refusal, bad.size === 0);
    if (results.isStopped) return results.collect();

    const notSent = new Set(refused);
    const rest = good.filter((row) => !notSent.has(row));
    forget = nameOrdersWhenStopped(run, results);
    const { places, limit } = allowance;
    const shared = { account, client, ledger, results, doing: request.doing, places, limit };
    const jobs = await submitAll(run, shared, rest, matches).finally(() => {
      settlePlaces(shared, allowed);
      release();
    });
    const ordered = allowed.filter(({ item }) => jobs.has(item));
    if (isVideo && ordered.length > 0) {
      run.hint([`${amountOf(ordered)} ordered.`, allowance.today(ordered.length)].join(' ').trim());
    }
    return await finish(run, results, jobs);
  } finally {
    forget();
    release();
  }
};

/** The first of the refused items says why, unless there is something worse to say. */
function refuse(results: Results, refused: Row[], refusal: Refusal, isFirst: boolean): void {
  refused.forEach(({ item }, place) => {
    const own = refusal.reason ?? 'item';
    const reason = isFirst && place === 0 ? own : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal, reason }));
  });
}
