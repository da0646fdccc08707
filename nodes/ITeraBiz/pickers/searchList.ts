import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { ask, pageFrom } from '../client/ask';
import { type Page, pageQuery, pages } from '../api/page';

type Entry = INodeListSearchResult['results'][number];

/** How many pages are searched for a text in one go, before the user sees what was found so far. */
const MOST_PAGES = 20;

/** A list of the API, as a picker shows it. */
export interface PickerList {
  url: string;
  /** To follow "iTeraBiz could not …", as in `list your avatars` */
  doing: string;
  /** How one element is shown, or `undefined` where it cannot be picked */
  toEntry: (element: IDataObject) => Entry | undefined;
}

/**
 * Fills a picker with one page of a list.
 *
 * iTeraBiz documents no search, so a text is looked for here, in the names and IDs. It goes on to
 * later pages until something matches: n8n asks for more only where there is something to scroll.
 *
 * @param filter what the user typed into the picker
 * @param after the token of an earlier answer: the ID that the next page follows
 * @throws {NodeApiError} in words for the user
 */
export async function searchList(
  context: ILoadOptionsFunctions,
  list: PickerList,
  filter = '',
  after?: string,
): Promise<INodeListSearchResult> {
  const results: Entry[] = [];
  let read = 0;
  let next: string | undefined;

  const fetch = async (cursor = after): Promise<Page> => {
    const page = await fetchPage(context, list, cursor);
    const last = page.data[page.data.length - 1]?.id;
    next = page.has_more && last !== undefined ? String(last) : undefined;
    return page;
  };

  for await (const { fresh } of pages(fetch)) {
    read += 1;
    for (const element of fresh) {
      const entry = list.toEntry(element);
      if (entry && matches(entry, filter)) results.push(entry);
    }
    if (results.length > 0 || read === MOST_PAGES) break;
  }
  return { results, paginationToken: next };
}

function matches({ name, value }: Entry, filter: string): boolean {
  return `${name} ${value}`.toLowerCase().includes(filter.trim().toLowerCase());
}

async function fetchPage(
  context: ILoadOptionsFunctions,
  { url, doing }: PickerList,
  after?: string,
): Promise<Page> {
  const answer = await ask(context, { method: 'GET', url, qs: pageQuery(after) }, { doing });
  const page = pageFrom(answer, context.getNode(), { doing });

  // A server that ignores the cursor would fill the picker with the same page for ever.
  const repeats = after !== undefined && page.data.some(({ id }) => String(id) === after);
  return repeats ? { data: [], has_more: false } : page;
}

/** An address that a picker may link to. */
export function linkFrom(address: unknown): string | undefined {
  return typeof address === 'string' && /^https?:\/\//i.test(address) ? address : undefined;
}
