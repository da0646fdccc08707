import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { type Page, pages } from '../api/page';
import { RequestFailed } from '../client/apiClient';
import { now } from '../client/time';
import { folded } from '../api/text';
import { videoIdOf } from '../api/video';

type Entry = INodeListSearchResult['results'][number];

/** An entry, and what else it is found by besides its name and ID. */
export interface Found extends Entry {
  words?: string;
}

/** How many pages are searched for a text in one go, before the user sees what was found so far. */
const MOST_PAGES = 20;

/** How long somebody waits for a picker to fill, in milliseconds. */
const LONGEST_WAIT = 30_000;

const BUSY = {
  message: 'iTeraBiz asked for a pause',
  description: 'Open the list again in a minute, or enter the ID by hand.',
};

/** A list of the API, as a picker shows it. */
export interface PickerList {
  url: string;
  /** To follow "iTeraBiz could not …", as in `list your avatars` */
  doing: string;
  /** How one element is shown, or `undefined` where it cannot be picked */
  toEntry: (element: IDataObject) => Found | undefined;
}

/**
 * Fills a picker with one page of a list.
 *
 * iTeraBiz documents no search, so a text is looked for here, in the names, IDs and words. It goes on to
 * later pages until something matches. n8n behavior: it asks for more only where there is something
 * to scroll.
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
  const results: Found[] = [];
  let read = 0;
  let next: string | undefined;

  const fetch = async (cursor = after): Promise<Page> => {
    const page = await fetchPage(context, list, cursor);
    next = page.has_more ? videoIdOf(page.data[page.data.length - 1]) : undefined;
    return page;
  };

  for await (const { newItems } of pages(fetch)) {
    read += 1;
    for (const element of newItems) {
      const entry = list.toEntry(element);
      if (entry && matches(entry, filter)) results.push(entry);
    }
    if (results.length > 0 || read === MOST_PAGES) break;
  }
  return { results: toldApart(results), paginationToken: next };
}

/** Entries that would look the same get their ID. */
function toldApart(entries: Found[]): Entry[] {
  const times = new Map<string, number>();
  entries.forEach(({ name }) => times.set(folded(name), (times.get(folded(name)) ?? 0) + 1));
  return entries.map(({ name, value, url }) => ({
    name: times.get(folded(name)) === 1 ? name : `${name} · ${value}`,
    value,
    url,
  }));
}

function matches({ name, value, words = '' }: Found, filter: string): boolean {
  return folded(`${name} ${value} ${words}`).includes(folded(filter));
}

async function fetchPage(
  context: ILoadOptionsFunctions,
  { url, doing }: PickerList,
  after?: string,
): Promise<Page> {
  const account = await accountOf(context);
  const deadline = now() + LONGEST_WAIT;
  const client = account.client(context, { priority: 'interactive', retry: false, deadline });
  const { page } = await client.page(url, after).catch((error: unknown) => {
    if (!(error instanceof RequestFailed)) throw error;
    const node = context.getNode();
    throw error.attempt.tries === 0
      ? new NodeOperationError(node, BUSY.message, BUSY)
      : error.toNodeError(node, { doing });
  });

  // A server that ignores the cursor would fill the picker with the same page for ever.
  const repeats = after !== undefined && page.data.some((entry) => videoIdOf(entry) === after);
  return repeats ? { data: [], has_more: false } : page;
}

/** An address that a picker may link to. */
export function linkFrom(address: unknown): string | undefined {
  return typeof address === 'string' && /^https?:\/\//i.test(address) ? address : undefined;
}
