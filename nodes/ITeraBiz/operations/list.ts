import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { PAGE_SIZE, pages } from '../api/page';
import { outcomeOf, statusOf, type Video } from '../api/video';
import { SUPPORT, toNodeError } from '../messages/message';
import { checkNumber, checkOptions } from '../orders/validate';
import type { Item } from '../run/item';
import { optionsOf } from '../run/parameters';
import { readPage } from '../run/read';

/** Gives out a list, as far as the user asked for it. */
export async function list(item: Item): Promise<INodeExecutionData[]> {
  const { context } = item;
  checkOptions(optionsOf(item));
  const all = context.getNodeParameter('returnAll', false);
  const limit = all ? Infinity : checkNumber(context.getNodeParameter('limit', 50), 'limit');
  const status = context.getNodeParameter('filters.status', '') as string;
  return (await entriesOf(item, limit, status)).map((json) => ({ json }));
}

/**
 * Reads a list up to a limit, and not one page further.
 *
 * @param limit how many entries are wanted at the most; `Infinity` for all
 * @param status keeps only videos with this status. The API documents no such filter, so it is
 *   applied to what the list shows.
 * @throws {NodeApiError} when a page is refused, is no list, or brings nothing new
 */
export async function entriesOf(
  item: Item,
  limit: number,
  status?: string,
): Promise<IDataObject[]> {
  const url = item.prepared.url;
  const entries: IDataObject[] = [];
  const fetch = async (after?: string) => {
    const size = status ? PAGE_SIZE : Math.min(PAGE_SIZE, limit - entries.length);
    return (await readPage(item, url, after, size)).page;
  };
  let seen = 0;
  for await (const { newItems, cursorStalled } of pages(fetch)) {
    seen += newItems.length;
    if (cursorStalled)
      throw toNodeError(item.context.getNode(), describeStuckList(seen), item.index);
    for (const entry of newItems) {
      if (!status || hasStatus(entry, status)) entries.push(entry);
    }
    if (entries.length >= limit) break;
  }
  return entries.slice(0, limit);
}

function hasStatus(video: Video, status: string): boolean {
  return status === outcomeOf(video) || status === statusOf(video).toLowerCase();
}

function describeStuckList(seen: number) {
  return {
    message: `The list from iTeraBiz stopped after ${seen} entries although it says there are more`,
    description: `The next page brought only what was there already. Set Return All off and Limit to ${seen} or less to get these entries, and tell ${SUPPORT}.`,
  };
}
