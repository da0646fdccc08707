import type { IDataObject } from 'n8n-workflow';

import { type Page, pages } from '../api/page';
import { createdAt } from '../api/video';

/** An entry of a list, and when it was created by our clock (`NaN` where it does not say). */
export interface Listed {
  entry: IDataObject;
  at: number;
}

/** How far a list was read: as far as was asked, or not, because it is too long or goes in circles. */
export type Extent = 'enough' | 'tooLong' | 'stuck';

/**
 * Reads a list from its newest end, page by page, as far back as asked. Nothing of it is kept here.
 *
 * Assumptions: `created_at` is when the API accepted a job, by the clock that its `Date` header shows.
 * Where a list does not begin with the newest, it is read to its end.
 *
 * @param fetch asks for the page that follows an ID
 * @param since milliseconds since 1970, by our clock
 * @param mostPages how many pages are read at the most
 * @param onEntry gets every entry, older ones of the last page too
 * @throws what `fetch` throws
 */
export async function readBack(
  fetch: (after?: string) => Promise<{ page: Page; headers: IDataObject }>,
  since: number,
  mostPages: number,
  onEntry: (listed: Listed) => void,
): Promise<Extent> {
  let ahead = 0;
  const pageAfter = async (after?: string): Promise<Page> => {
    const { page, headers } = await fetch(after);
    ahead = clockAhead(headers);
    return page;
  };
  let count = 0;
  for await (const { newItems, cursorStalled } of pages(pageAfter)) {
    if (++count > mostPages) return 'tooLong';
    const listed = newItems.map((entry) => ({ entry, at: createdAt(entry) - ahead }));
    listed.forEach(onEntry);
    if (cursorStalled) return 'stuck';
    if (isPast(listed, since)) return 'enough';
  }
  return 'enough';
}

/** How far the API's clock is ahead of ours, in milliseconds; 0 where its answer does not say. */
function clockAhead({ date }: IDataObject): number {
  const shown = typeof date === 'string' ? Date.parse(date) : NaN;
  return Number.isNaN(shown) ? 0 : shown - Date.now();
}

/** Whether a page ends before a moment, in a list that is seen to begin with the newest. */
function isPast(listed: Listed[], since: number): boolean {
  const times = listed.map(({ at }) => at);
  const [first] = times;
  const last = times[times.length - 1];
  const isSorted = times.every((at, n) => n === 0 || at <= times[n - 1]);
  return isSorted && first > last && last < since;
}
