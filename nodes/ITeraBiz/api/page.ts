import type { IDataObject } from 'n8n-workflow';

import { isObject } from './json';

/** The most that one page may hold (assumption: `limit` goes from 1 to 100). */
export const PAGE_SIZE = 100;

/** One page of a list, as the API answers it (documented for avatars, assumed for the others). */
export interface Page {
  data: IDataObject[];
  has_more: boolean;
}

/** What a page adds to the ones before it. */
export interface Pageful {
  newItems: IDataObject[];
  /** The API says that there is more, but this page brought nothing new: asking on would never end */
  cursorStalled: boolean;
}

/**
 * What to ask a list for.
 *
 * Assumption: `starting_after` with the last ID of a page asks for the next one.
 *
 * @param after the ID that the page follows; the first page follows none
 */
export function pageQuery(after?: string, limit = PAGE_SIZE): IDataObject {
  return after === undefined ? { limit } : { limit, starting_after: after };
}

/**
 * The pages of a list, one after the other, each without what an earlier page had. One that is
 * stuck is the last.
 *
 * Assumption: `has_more` says whether another one follows.
 *
 * @param fetch asks for the page that follows an ID
 */
export async function* pages(
  fetch: (after?: string) => Promise<Page>,
): AsyncGenerator<Pageful, void> {
  const seen = new Set<unknown>();
  let after: string | undefined;
  for (;;) {
    const { data, has_more } = await fetch(after);
    const newItems = data.filter(({ id }) => id === undefined || !seen.has(id));
    newItems.forEach(({ id }) => seen.add(id));
    const last = data[data.length - 1]?.id;
    const cursorStalled = has_more && (newItems.length === 0 || last === undefined);
    yield { newItems, cursorStalled };
    if (!has_more || cursorStalled) return;
    after = String(last);
  }
}

/** The page in an answer's body, or `undefined` where it is none. A bare list counts as the last page. */
export function pageIn(body: unknown): Page | undefined {
  if (Array.isArray(body)) return { data: body.filter(isObject), has_more: false };
  if (!isObject(body) || !Array.isArray(body.data)) return undefined;
  return { data: (body.data as unknown[]).filter(isObject), has_more: body.has_more === true };
}
