import type { IDataObject } from 'n8n-workflow';

import { PAGE_SIZE, pages } from '../api/page';
import { outcomeOf, statusOf } from '../api/video';
import type { ApiClient } from '../client/apiClient';
import { checkNumber, checkStatus, isOn } from '../fields/validate';
import { SUPPORT } from '../messages/message';
import { perItem } from '../run/eachItem';
import { ItemFailed, readForItem } from '../run/results';
import type { Perform } from '../run/run';

/** Outputs a list, up to the limit the user set. */
export const getMany: Perform = async (run, { url }) =>
  await perItem(run, async (item, client) => {
    run.options(item); // throws if one is invalid
    const all = isOn(run.parameter('returnAll', item, false), 'Return All');
    const limit = all ? Infinity : checkNumber(run.parameter('limit', item, 50), 'limit');
    const status = checkStatus(run.parameter('filters.status', item, ''));
    return (await readList(client, url, limit, status)).map((json) => ({ json }));
  });

/**
 * Reads a list up to a limit, and no page more than needed.
 *
 * @param status keeps only videos with this status; filtered here, because the API documents no such
 *   parameter
 * @throws {ItemFailed} if a page is refused, is not a list, or has no new entries
 */
export async function readList(
  client: ApiClient,
  url: string,
  limit: number,
  status?: string,
): Promise<IDataObject[]> {
  const entries: IDataObject[] = [];
  const fetch = async (after?: string) => {
    const size = status ? PAGE_SIZE : Math.min(PAGE_SIZE, limit - entries.length);
    const subject = { doing: `list the ${url.slice(1)}` };
    return await readForItem(async () => await client.page(url, after, size), subject);
  };
  const isWanted = (entry: IDataObject) => {
    const [outcome, own] = [outcomeOf(entry), statusOf(entry).toLowerCase()];
    const isProcessing = outcome === 'running' && own !== 'queued';
    return !status || [outcome, own, isProcessing && 'processing'].includes(status);
  };
  let seen = 0;
  for await (const { newItems, cursorStalled } of pages(fetch)) {
    seen += newItems.length;
    newItems.filter(isWanted).forEach((entry) => entries.push(entry));
    if (entries.length >= limit) break;
    if (cursorStalled) throw new ItemFailed(describeStalledList(seen, entries.length));
  }
  return entries.slice(0, limit);
}

function describeStalledList(seen: number, found: number) {
  const wayOut = `Turn Return All off and set Limit to ${found} or less to get these, and tell`;
  return {
    message: `The list from iTeraBiz stopped after ${seen} ${seen === 1 ? 'entry' : 'entries'} although it says there are more`,
    description: `The next page brought nothing new. ${found > 0 ? wayOut : 'Tell'} ${SUPPORT}.`,
    reason: 'item' as const,
  };
}
