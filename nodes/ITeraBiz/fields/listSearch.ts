import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { type Page, pages } from '../api/page';
import { folded } from '../api/text';
import { createdAt, downloadUrlOf, outcomeOf, statusOf, type Video, videoIdOf } from '../api/video';
import { RequestFailed } from '../client/apiClient';
import { now } from '../client/time';

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

/** The avatars of the account, by name, each with a link to its preview. */
export async function searchAvatars(
  this: ILoadOptionsFunctions,
  filter?: string,
  paginationToken?: string,
): Promise<INodeListSearchResult> {
  return await searchList(
    this,
    { url: '/avatars', doing: 'list your avatars', toEntry: avatarEntry },
    filter,
    paginationToken,
  );
}

/** Documented: an avatar has `id`, `name` and `preview_url`. */
export function avatarEntry(avatar: IDataObject): Found | undefined {
  const id = videoIdOf(avatar);
  if (!id) return undefined;
  const { name, preview_url } = avatar;
  return {
    name: typeof name === 'string' && name.trim() ? name.trim() : id,
    value: id,
    url: linkFrom(preview_url),
  };
}

/** Longest beginning of a script that stands for the video, in characters: the picker is narrow. */
const LONGEST_TITLE = 40;

/** The videos of the account, by what is said in them, with their time, and a link to look at. */
export async function searchVideos(
  this: ILoadOptionsFunctions,
  filter?: string,
  paginationToken?: string,
): Promise<INodeListSearchResult> {
  const timezone = this.getTimezone();
  return await searchList(
    this,
    {
      url: '/videos',
      doing: 'list your videos',
      toEntry: (video) => videoEntry(video, timezone),
    },
    filter,
    paginationToken,
  );
}

/**
 * As in `Welcome to our store… · 2025-01-15 10:30 · queued`: what is usual, a finished video, goes
 * without saying. It is found by all of its words, by its ID and by its status.
 *
 * @param timezone of the workflow, as in `Europe/Berlin`
 */
export function videoEntry(video: Video, timezone: string): Found | undefined {
  const id = videoIdOf(video);
  if (!id) return undefined;
  const words = wordsOf(video);
  const status = outcomeOf(video) === 'completed' ? undefined : statusOf(video);
  return {
    name: [titleOf(words) ?? id, timeOf(video, timezone), status].filter(Boolean).join(' · '),
    value: id,
    url: linkFrom(downloadUrlOf(video)) ?? linkFrom(video.thumbnail_url),
    words: [words, statusOf(video)].join(' '),
  };
}

function wordsOf({ script, prompt }: Video): string {
  const text = [script, prompt].find((value) => typeof value === 'string' && value.trim());
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim() : '';
}

function titleOf(words: string): string | undefined {
  if (words.length <= LONGEST_TITLE) return words || undefined;
  return `${words.slice(0, LONGEST_TITLE).trimEnd()}…`;
}

/**
 * When a video was made, as people in that timezone read it, as in `2025-01-15 10:30`. n8n behavior:
 * a timezone comes as its environment variable has it, quotes and all; an unknown one counts as UTC.
 */
function timeOf(video: Video, timezone: string): string | undefined {
  const moment = createdAt(video);
  if (Number.isNaN(moment)) return undefined;
  const parts = { dateStyle: 'short', timeStyle: 'short' } as const;
  const zone = timezone.replace(/["'\s]/g, '');
  const format = (timeZone: string) =>
    new Intl.DateTimeFormat('sv-SE', { ...parts, timeZone }).format(moment);
  try {
    return format(zone);
  } catch {
    return format('UTC');
  }
}
