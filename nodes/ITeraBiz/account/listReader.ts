import type { IDataObject } from 'n8n-workflow';

import { type Page, pages } from '../api/page';
import { createdAt, timeOf } from '../api/video';
import type { ApiClient } from '../client/apiClient';

/** How far a time by the API's clock may be off by ours, in milliseconds. */
export const CLOCK_SKEW = 60_000;

/**
 * How long a list may leave out a new job, in milliseconds; `RECONCILING` expects it within seconds. One
 * left out for longer was deleted, or has failed.
 */
export const MAX_LIST_LAG = 5 * 60_000;

/** An entry of a list, and when it was created by our clock (`NaN` if it does not say). */
export interface Listed {
  entry: IDataObject;
  at: number;
}

/**
 * Reads a list page by page, newest first, back to a given time.
 *
 * Assumptions: `created_at` is when the API accepted a job, by the clock that its `Date` header shows.
 * A list that is not sorted newest first is read to its end.
 * @param since milliseconds since 1970, by our clock
 * @param onEntry gets every entry, including older ones on the last page
 * @returns whether it was read far enough: not if it is too long, or repeats itself
 * @throws as {@link ApiClient.page}
 */
export async function readBack(
  client: ApiClient,
  url: '/avatars' | '/videos',
  since: number,
  maxPages: number,
  onEntry: (listed: Listed) => void | Promise<void>,
): Promise<boolean> {
  // How far the API's clock is ahead of ours, in milliseconds; 0 if the response has no Date.
  let ahead = 0;
  let count = 0;
  const fetch = async (after?: string): Promise<Page> => {
    const page = await client.page(url, after);
    ahead = timeOf(page.headers.date) - Date.now() || 0;
    return page;
  };
  for await (const { newItems, cursorStalled } of pages(fetch)) {
    if (++count > maxPages) return false;
    const listed = newItems.map((entry) => ({ entry, at: createdAt(entry) - ahead }));
    for (const entry of listed) await onEntry(entry);
    if (cursorStalled) return false;
    const times = listed.map(({ at }) => at);
    const last = times[times.length - 1];
    const isSorted = times[0] > last && times.every((at, n) => n === 0 || at <= times[n - 1]);
    if (isSorted && last < since) return true;
  }
  return true;
}
