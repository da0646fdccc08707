import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { accountOf } from '../account/account';
import { type Page, pages } from '../api/page';
import { normalizeName } from '../api/text';
import { createdAt, downloadUrlOf, idOf, outcomeOf, statusOf, type Video } from '../api/video';
import { refusalOnly } from '../client/apiClient';
import { now } from '../client/time';
import { inHowLong } from '../messages/answers';
import { toNodeError } from '../messages/message';

type PickerResults = INodeListSearchResult['results'];

/** An entry of a picker, and further words that a search matches besides its name and ID. */
type Entry = PickerResults[number] & { words?: string };

/** How many pages one search reads before the user sees the matches so far. */
const MAX_PAGES = 20;

/** More matches than the picker shows without scrolling. */
const ENOUGH_TO_SCROLL = 10;

/** How long a search keeps reading, in milliseconds. */
const SEARCH_TIMEOUT = 20_000;

/** How much of a script is shown as the title, in characters: the picker is narrow. */
const MAX_TITLE_LENGTH = 40;

/** Fills a picker with the avatars of the account. @throws {NodeApiError} in words for the user */
export async function searchAvatars(
  this: ILoadOptionsFunctions,
  filter?: string,
  after?: string,
): Promise<INodeListSearchResult> {
  return await search(this, 'avatars', avatarEntry, filter, after);
}

/** Fills a picker with the videos of the account. @throws {NodeApiError} in words for the user */
export async function searchVideos(
  this: ILoadOptionsFunctions,
  filter?: string,
  after?: string,
): Promise<INodeListSearchResult> {
  const format = timeFormat(this.getTimezone());
  return await search(this, 'videos', (video) => videoEntry(video, format), filter, after);
}

/**
 * One page of a list. iTeraBiz documents no search, so the text is matched here, reading on until there are
 * enough matches. n8n behavior: of a search, it asks for more only if there is something to scroll.
 *
 * @param after the `paginationToken` of an earlier result: the ID of the last entry read
 */
async function search(
  context: ILoadOptionsFunctions,
  list: 'avatars' | 'videos',
  toEntry: (item: IDataObject) => Entry | undefined,
  filter = '',
  after?: string,
): Promise<INodeListSearchResult> {
  const isMatch = ({ name, value, words = '' }: Entry) =>
    normalizeName(`${name} ${value} ${words}`).includes(normalizeName(filter));
  const matches: Entry[] = [];
  const begin = now();
  let [pagesRead, entriesRead, isStuck] = [0, 0, false];
  let paginationToken: string | undefined;
  const fetch = async (cursor = after) => {
    const page = await fetchPage(context, list, cursor);
    paginationToken = page.has_more === false ? undefined : idOf(page.data.at(-1));
    return page;
  };
  for await (const { newItems, cursorStalled } of pages(fetch)) {
    isStuck = cursorStalled;
    pagesRead += 1;
    entriesRead += newItems.length;
    matches.push(...newItems.flatMap((item) => toEntry(item) ?? []).filter(isMatch));
    const isEnough = matches.length >= (filter ? ENOUGH_TO_SCROLL : 1);
    if (isEnough || pagesRead === MAX_PAGES || now() - begin > SEARCH_TIMEOUT) break;
  }
  const isCut = isStuck || paginationToken !== undefined;
  if (matches.length === 0 && isCut && after === undefined) {
    throw new NodeOperationError(
      context.getNode(),
      `No match among the first ${entriesRead} ${list} of your account`,
      { description: 'Search for other words, or choose By ID.' },
    );
  }
  return { results: withUniqueNames(matches), paginationToken };
}

/** Adds the ID to entries that would look the same. */
function withUniqueNames(entries: Entry[]): PickerResults {
  const seen = new Set<string>();
  const shared = new Set<string>();
  const names = entries.map(({ name }) => normalizeName(name));
  names.forEach((name) => (seen.has(name) ? shared : seen).add(name));
  return entries.map(({ name, value, url }, n) => {
    return { name: shared.has(names[n]) ? `${name} · ${value}` : name, value, url };
  });
}

async function fetchPage(
  context: ILoadOptionsFunctions,
  list: string,
  after?: string,
): Promise<Page> {
  const account = await accountOf(context);
  const client = account.interactiveClient(context);
  const page = await client.page(`/${list}`, after).catch((error: unknown) => {
    const failed = refusalOnly(error);
    const message = failed.describe({ doing: `list your ${list}` });
    if (failed.statusClass === 'busy') {
      const when = inHowLong(account.queue.pauseLeft || undefined);
      message.description = `It is not accepting requests from your account right now. Open the list again ${when}, or choose By ID.`;
    }
    throw toNodeError(context.getNode(), message, undefined, failed.status);
  });
  // A server that ignores the cursor would fill the picker with the same page forever.
  const repeats = after !== undefined && page.data.some((entry) => idOf(entry) === after);
  return repeats ? { data: [], has_more: true } : page;
}

/** Documented: an avatar has `id`, `name` and `preview_url`. */
export function avatarEntry(avatar: IDataObject): Entry | undefined {
  const id = idOf(avatar);
  const name = typeof avatar.name === 'string' ? avatar.name.trim() : '';
  return id ? { name: name || id, value: id, url: linkFrom(avatar.preview_url) } : undefined;
}

/**
 * E.g. `Welcome to our store… · 2025-01-15 10:30 · queued`. The usual status, completed, is left out. A search
 * matches the whole script and the status.
 */
export function videoEntry(video: Video, format: Intl.DateTimeFormat): Entry | undefined {
  const id = idOf(video);
  if (!id) return undefined;
  const texts = [video.script, video.prompt].filter((text) => typeof text === 'string');
  const words = (texts.find((text) => text.trim()) ?? '').replace(/\s+/g, ' ').trim();
  const title =
    words.length > MAX_TITLE_LENGTH
      ? `${words.slice(0, MAX_TITLE_LENGTH).trimEnd()}…`
      : words || id;
  const status = outcomeOf(video) === 'completed' ? undefined : statusOf(video);
  return {
    name: [title, shownTime(video, format), status].filter(Boolean).join(' · '),
    value: id,
    url: linkFrom(downloadUrlOf(video)) ?? linkFrom(video.thumbnail_url),
    words: `${words} ${statusOf(video)}`,
  };
}

function linkFrom(address: unknown): string | undefined {
  return typeof address === 'string' && /^https?:\/\//i.test(address) ? address : undefined;
}

function shownTime(video: Video, format: Intl.DateTimeFormat): string | undefined {
  const moment = createdAt(video);
  return Number.isNaN(moment) ? undefined : format.format(moment);
}

/**
 * The format for times in a timezone, e.g. `Europe/Berlin`. Make one per list: it takes as long as hundreds of
 * entries. n8n behavior: the timezone may come unchecked from an environment variable, quotes included. An
 * unknown one counts as UTC.
 */
export function timeFormat(timezone: string): Intl.DateTimeFormat {
  try {
    const timeZone = timezone.replace(/["'\s]/g, '');
    return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone });
  } catch {
    return timeFormat('UTC');
  }
}
