import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Video } from '../api/video';
import { createdAt, downloadUrlOf, outcomeOf, statusOf, videoIdOf } from '../api/video';
import { type Found, linkFrom, searchList } from './searchList';

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
