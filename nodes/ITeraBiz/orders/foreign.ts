import { readBack } from '../account/listReader';
import { indexOrders } from '../account/sameOrder';
import { videoIfKnown } from '../account/snapshot';
import { idOf } from '../api/video';
import { type ApiClient, refusalOnly, RequestFailed } from '../client/apiClient';
import { eachItem } from '../run/eachItem';
import type { Row } from './rows';
import type { Submissions } from './submit';

/** How far to look back in the list, in milliseconds, and over how many pages. */
const LOOK_BACK = 30 * 24 * 60 * 60_000;
const MAX_PAGES = 200;

/** After this many faults, no more videos are asked for. */
const MAX_FAULTS = 3;

/**
 * Forgets what was accepted with another key or Base URL if the account has nothing of it: it was ordered for
 * another account. If it cannot be asked, or its list cannot be read, it counts as the same.
 *
 * @throws the signal's reason
 */
export async function forgetForeign(shared: Submissions, rows: Row[]): Promise<void> {
  const { client, ledger, results } = shared;
  const { run } = results;
  const foreign = rows.filter(({ known }) => known && ledger.isForeign(known));
  const missing: Row[] = [];
  const ours = new Set<string | undefined>();
  let faults = 0;
  let cannotAsk = false;
  // Mostly, one answer decides for all: too few requests to be paced by Batching.
  const unpaced = { ...run, batching: { size: 1, interval: 0 } };
  await eachItem(unpaced, foreign, run.concurrency, async (row) => {
    const id = jobIdOf(row);
    if (id === undefined || cannotAsk || ours.has(row.known?.account)) return;
    const video = await videoIfKnown(client, id).catch(refusalOnly);
    if (video === undefined) missing.push(row);
    else if (!(video instanceof RequestFailed)) ours.add(row.known?.account);
    // A fault may be this video's own. Anything else would meet all others, too.
    else cannotAsk ||= video.statusClass !== 'fault' || ++faults >= MAX_FAULTS;
  });
  if (cannotAsk) return;
  // One that is there shows that the account is the same: the others were deleted, or are not shown right now.
  const gone = missing.filter(({ known }) => !ours.has(known?.account));
  if (gone.length === 0 || (await mayBeListed(client, gone))) return;
  for (const row of gone) {
    row.known = undefined;
    results.accepted.delete(row.item);
  }
}

function jobIdOf({ known }: Row): string | undefined {
  return known?.state === 'accepted' ? idOf(known.answer) : undefined;
}

/** Whether the account's list shows what any of these rows ordered, or could not be read far enough to tell. */
async function mayBeListed(client: ApiClient, rows: Row[]): Promise<boolean> {
  const ids = new Set(rows.map(jobIdOf));
  const find = indexOrders(rows);
  let isListed = false;
  const since = Date.now() - LOOK_BACK;
  const isComplete = await readBack(client, '/videos', since, MAX_PAGES, ({ entry }) => {
    isListed ||= ids.has(idOf(entry)) || find(entry, 'same').length > 0;
  }).catch(refusalOnly);
  return isListed || isComplete !== true;
}
