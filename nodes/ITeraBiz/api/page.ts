import type { IDataObject } from 'n8n-workflow';

import { isObject, readSwitch } from './json';
import { idOf, hasErrorField, saysNo } from './video';

/** The most that one page may hold (assumption: `limit` goes from 1 to 100). */
export const PAGE_SIZE = 100;

/** One page of a list, as the API returns it (documented for avatars, assumed for the others). */
export interface Page {
  data: IDataObject[];
  /** `undefined` if the page does not say */
  has_more?: boolean;
}

/** What a page adds to the pages before it. */
export interface Pageful {
  newItems: IDataObject[];
  /** The API says that there is more, but this page had nothing new: the loop would never end */
  cursorStalled: boolean;
}

/** Assumption: `starting_after` with a page's last ID asks for the next page. */
export function pageQuery(after?: string, limit = PAGE_SIZE): IDataObject {
  return after === undefined ? { limit } : { limit, starting_after: after };
}

/**
 * The pages of a list in order, each without items of earlier pages. A page whose cursor stalled is the
 * last. Assumption: `has_more` says whether another page follows. If it does not, the list ends with a page
 * that brings nothing new.
 */
export async function* pages(
  fetch: (after?: string) => Promise<Page>,
): AsyncGenerator<Pageful, void> {
  const seen = new Set<string | undefined>();
  let after: string | undefined;
  for (;;) {
    const { data, has_more } = await fetch(after);
    const isNew = (id?: string) => id === undefined || (!seen.has(id) && seen.add(id));
    const newItems = data.filter((item) => isNew(idOf(item)));
    after = idOf(data.at(-1));
    // Entries without an ID always look new.
    const isStuck = newItems.every((item) => idOf(item) === undefined) || after === undefined;
    yield { newItems, cursorStalled: has_more === true && isStuck };
    if (has_more === false || isStuck) return;
  }
}

/**
 * The page in a response's body, or `undefined` if there is none. An empty list may be `null`. One with an
 * error besides is none: it may lack entries.
 *
 * If `has_more` is missing or unreadable, a full page is followed by another, and an empty one is the last. So
 * is a page with more entries than requested: that list is not paged. One with fewer proves nothing: the API
 * may allow no more per page.
 */
export function pageIn(body: unknown, size = PAGE_SIZE): Page | undefined {
  const list = Array.isArray(body) ? { data: body, has_more: undefined } : body;
  if (!isObject(list) || hasErrorField(list)) return undefined;
  const { data, has_more, hasMore } = list;
  if (data === null && !saysNo(list)) return { data: [], has_more: false };
  if (!Array.isArray(data) || !data.every(isObject)) return undefined;
  const said = readSwitch(has_more ?? hasMore);
  const isShort = data.length > 0 && data.length < size;
  return {
    data: data as IDataObject[],
    has_more: typeof said === 'boolean' ? said : isShort ? undefined : data.length === size,
  };
}
