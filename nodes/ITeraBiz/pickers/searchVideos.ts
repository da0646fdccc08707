import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Video } from '../api/video';
import { downloadUrlOf, statusOf, videoIdOf } from '../api/video';
import { linkFrom, searchList } from './searchList';

/** Longest beginning of a script that stands for the video, in characters. */
const LONGEST_TITLE = 50;

/** The videos of the account, by what is said in them, with status and date, and a link to look at. */
export async function searchVideos(
  this: ILoadOptionsFunctions,
  filter?: string,
  paginationToken?: string,
): Promise<INodeListSearchResult> {
  return await searchList(
    this,
    { url: '/videos', doing: 'list your videos', toEntry: videoEntry },
    filter,
    paginationToken,
  );
}

/**
 * As in `completed, 2025-01-15: Welcome to our store…`. The words come last, because the picker cuts
 * off what is too long.
 */
export function videoEntry(video: Video) {
  const id = videoIdOf(video);
  if (!id) return undefined;
  const about = [statusOf(video), dateOf(video.created_at)].filter(Boolean).join(', ');
  return {
    name: `${about}: ${titleOf(video) ?? id}`,
    value: id,
    url: linkFrom(downloadUrlOf(video)) ?? linkFrom(video.thumbnail_url),
  };
}

function titleOf({ script, prompt }: Video): string | undefined {
  const text = [script, prompt].find((value) => typeof value === 'string' && value.trim());
  if (typeof text !== 'string') return undefined;
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_TITLE ? `${line.slice(0, LONGEST_TITLE).trimEnd()}…` : line;
}

/** The day of an ISO time. */
function dateOf(time: unknown): string | undefined {
  return typeof time === 'string' ? /^\d{4}-\d{2}-\d{2}/.exec(time)?.[0] : undefined;
}
