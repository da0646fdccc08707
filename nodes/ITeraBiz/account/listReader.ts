import type { IDataObject } from 'n8n-workflow';

import { type Page, pages } from '../api/page';
import { createdAt, timeOf } from '../api/video';
import type { ApiClient } from '../client/apiClient';

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
 * @param since milliseconds since 1970, by our clock
 * @param onEntry gets every entry, older ones of the last page too
 * @throws {RequestFailed} and what precedes sending, and the signal's reason
 */
export async function readBack(
  client: ApiClient,
  url: '/avatars' | '/videos',
  since: number,
  mostPages: number,
  onEntry: (listed: Listed) => void,
): Promise<Extent> {
  // How far the API's clock is ahead of ours, in milliseconds; 0 where its answer does not say.
  let ahead = 0;
  let count = 0;
  const fetch = async (after?: string): Promise<Page> => {
    const { page, headers } = await client.page(url, after);
    ahead = timeOf(headers.date) - Date.now() || 0;
    return page;
  };
  for await (const { newItems, cursorStalled } of pages(fetch)) {
    if (++count > mostPages) return 'tooLong';
    const listed = newItems.map((entry) => ({ entry, at: createdAt(entry) - ahead }));
    listed.forEach(onEntry);
    if (cursorStalled) return 'stuck';
    if (isPast(listed, since)) return 'enough';
  }
  return 'enough';
}

/** Whether a page ends before a moment, in a list that is seen to begin with the newest. */
function isPast(listed: Listed[], since: number): boolean {
  const times = listed.map(({ at }) => at);
  const last = times.at(-1) ?? NaN;
  const isSorted = times.every((at, n) => n === 0 || at <= times[n - 1]);
  return isSorted && times[0] > last && last < since;
}
