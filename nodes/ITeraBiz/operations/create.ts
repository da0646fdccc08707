import type { Account } from '../account/account';
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
import type { Job, Perform, RequestTemplate, Run } from '../run/run';
import { finish, nameOrdersWhenStopped } from '../waiting/finish';
import { avatarFinder, knownAvatars } from './avatarByName';

/** Orders what the items describe, each once, and waits for it where the user wants to. */
export const create: Perform = async (run, request) => {
  const results = new Results(run);
  const forget = nameOrdersWhenStopped(run, results);
  try {
    const jobs = await order(run, request, results);
    return jobs ? await finish(run, results, jobs) : results.collect();
  } finally {
    forget();
  }
};

/**
 * Nothing is sent before all items of the run are checked; a preview sends nothing at all.
 *
 * @returns the jobs, by item; nothing where none may be ordered
 */
async function order(
  run: Run,
  request: RequestTemplate,
  results: Results,
): Promise<Map<number, Job> | undefined> {
  const isVideo = request.url !== '/avatars';
  const account = await run.account();
  const client = await run.client();
  const ledger = new Ledger(run.memory, run.index, account.id);

  const rows = await prepareRows(run, request, ledger, avatarFinder(run.client));
  const { isPreview, good, bad } = rows;
  const isStopped = run.onError === 'stop' && bad.size > 0;
  const existing = await reserveExisting(run, account, ledger, isStopped ? [] : good);
  const { matches, release } = existing;
  if (isPreview) release();
  try {
    const toSend = good.filter((row) => isToSend(row) && !matches.get(row.item)?.job);
    let refusal = isStopped ? whyNotWith(rows) : existing.refusal;
    refusal ??= whyTooMuch(toSend, rows);
    const wanted = refusal ? [] : toSend;
    const allowance = await allowanceOf(run, client, isVideo ? wanted : [], isPreview);
    const allowed = isVideo ? allowance.allowed : wanted;
    refusal ??= allowance.refusal;
    paceHint(good).forEach((hint) => run.hint(hint));

    if (isPreview) {
      const avatars = isVideo && allowed.length > 0 ? await knownAvatars(run) : undefined;
      const today = allowance.today(0);
      const { items, sum } = previewOf(rows, allowed, matches, refusal, today, avatars);
      items.forEach((json, item) => results.outputs.set(item, [{ json }]));
      run.hint(`A preview: nothing was ordered. ${sum}`);
      return undefined;
    }

    bad.forEach(({ error }, item) => results.fail(item, error));
    const refused = new Set(toSend.slice(allowed.length));
    if (refusal) refuse(results, [...refused], refusal, bad.size === 0);
    if (results.isStopped) return undefined;

    const rest = good.filter((row) => !refused.has(row));
    const { places, limit } = allowance;
    const shared = { account, client, ledger, results, doing: request.doing, places, limit };
    const submitting = submitAll(run, shared, rest, matches);
    const jobs = await submitting.finally(() => settlePlaces(shared, allowed));
    const ordered = allowed.filter(({ item }) => jobs.has(item));
    if (isVideo && ordered.length > 0) {
      run.hint(`${amountOf(ordered)} ordered. ${allowance.today(ordered.length)}`.trim());
    }
    return jobs;
  } finally {
    release();
  }
}

/**
 * What the account has already, for the rows that want to use it. Of two executions that want the same,
 * the second waits until it is known what the first has ordered.
 *
 * @returns also what lets others go on
 */
async function reserveExisting(run: Run, { jobs }: Account, ledger: Ledger, rows: Row[]) {
  const client = await run.client();
  const own = new Set(ledger.answers.map(videoIdOf));
  const reusing = rows.filter((row) => row.reuseSince !== undefined);
  const names = new Set(reusing.map((row) => nameOf(row.order)));
  let found: { matches: Map<number, Match>; refusal?: Refusal };
  do {
    await unlessAborted(Promise.all(jobs.reserved(names)), run.signal);
    found = await findExisting(client, jobs, rows, ledger, (id) => own.has(id));
  } while (jobs.reserved(names).length > 0);
  return { ...found, release: jobs.reserve(names) };
}

/** The first of the refused items says why, unless there is something worse to say. */
function refuse(results: Results, refused: Row[], refusal: Refusal, isFirst: boolean): void {
  refused.forEach(({ item }, place) => {
    const own = refusal.reason ?? 'item';
    const reason = isFirst && place === 0 ? own : 'notSent';
    results.fail(item, new ItemFailed({ ...refusal, reason }));
  });
}
