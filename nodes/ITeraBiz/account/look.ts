import { type Video, videoIdOf } from '../api/video';
import type { Page } from '../api/page';
import { pages } from '../api/page';

/** The two ways in which the API tells of videos. */
export interface Reader {
  /** One video, or `undefined` where the API knows none of this ID. */
  byId(id: string): Promise<Video | undefined>;
  /** A page of all videos, newest first (assumption). */
  page(after?: string): Promise<Page>;
}

/**
 * Looks once how many videos are doing, with never more requests than there are videos: one is
 * asked for by its ID, many are read from the list.
 *
 * @param hidden the IDs that the list did not show; kept by the caller from one look to the next.
 *   They are asked for by ID: at once, or, where the list has cost too many requests for that,
 *   at the next look.
 * @returns what was seen, by ID; a video that is missing here was not asked for this time or is
 *   not known to the API (`undefined`)
 */
export async function look(
  ids: string[],
  reader: Reader,
  hidden: Set<string>,
): Promise<Map<string, Video | undefined>> {
  const seen = new Map<string, Video | undefined>();
  const listed = ids.filter((id) => !hidden.has(id));
  let requests = 0;

  if (listed.length > 1) {
    const wanted = new Set(listed);
    const counted: Reader['page'] = async (after) => {
      requests++;
      return await reader.page(after);
    };
    for await (const { fresh } of pages(counted)) {
      for (const video of fresh) {
        const id = videoIdOf(video);
        if (id !== undefined && wanted.delete(id)) seen.set(id, video);
      }
      if (wanted.size === 0 || requests >= listed.length) break;
    }
    wanted.forEach((id) => hidden.add(id));
  }

  const single = listed.length === 1 ? listed : [];
  const unlisted = [...hidden].filter((id) => ids.includes(id));
  for (const id of [...single, ...unlisted].slice(0, ids.length - requests)) {
    seen.set(id, await reader.byId(id));
  }
  return seen;
}
