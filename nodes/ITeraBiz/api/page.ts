import type { IDataObject } from 'n8n-workflow';

import { isObject, readSwitch } from './json';
import { saysNo, videoIdOf } from './video';

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
 * What to ask a list for. Assumption: `starting_after` with the last ID of a page asks for the next one.
 *
 * @param after the ID that the page follows; the first page follows none
 */
export function pageQuery(after?: string, limit = PAGE_SIZE): IDataObject {
  return after === undefined ? { limit } : { limit, starting_after: after };
}

/**
 * The pages of a list, one after the other, each without what an earlier page had. One that is stuck is
 * the last. Assumption: `has_more` says whether another one follows.
 *
 * @param fetch asks for the page that follows an ID
 */
export async function* pages(
  fetch: (after?: string) => Promise<Page>,
): AsyncGenerator<Pageful, void> {
  const seen = new Set<string | undefined>();
  let after: string | undefined;
  for (;;) {
    const { data, has_more } = await fetch(after);
    const newItems = data.filter((item) => !seen.has(videoIdOf(item)));
    data.flatMap((item) => videoIdOf(item) ?? []).forEach((id) => seen.add(id));
    after = videoIdOf(data.at(-1));
    const cursorStalled = has_more && (newItems.length === 0 || after === undefined);
    yield { newItems, cursorStalled };
    if (!has_more || cursorStalled) return;
  }
}

/**
 * The page in an answer's body, or `undefined` where it is none. An empty list may be `null`.
 *
 * Where `has_more` is missing or cannot be read, a full page is followed by another one, and a page
 * with fewer entries is the last. So is one with more than were asked for: there are no pages then.
 *
 * @param size how many entries were asked for
 */
export function pageIn(body: unknown, size = PAGE_SIZE): Page | undefined {
  const list = Array.isArray(body) ? { data: body, has_more: undefined } : body;
  if (!isObject(list)) return undefined;
  const { data, has_more } = list;
  if (data === null && !saysNo(list)) return { data: [], has_more: false };
  if (!Array.isArray(data)) return undefined;
  const said = readSwitch(has_more);
  return {
    data: (data as unknown[]).filter(isObject),
    has_more: typeof said === 'boolean' ? said : data.length === size,
  };
}
