import { pages } from '../api/page';
import { outcomeOf, type Video, videoIdOf } from '../api/video';
import type { Reader } from './videos';

/** What was seen of each video. Those that are missing were not seen, `undefined` are unknown to the API. */
export type Seen = Map<string, Video | undefined>;

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
export async function look(ids: string[], reader: Reader, hidden: Set<string>): Promise<Seen> {
  const seen: Seen = new Map();
  const listed = ids.filter((id) => !hidden.has(id));
  let requests = 0;

  if (listed.length > 1) {
    const wanted = new Set(listed);
    const counted: Reader['page'] = async (after) => {
      requests++;
      return await reader.page(after);
    };
    for await (const { newItems } of pages(counted)) {
      for (const video of newItems) {
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

/** A job that was asked for by ID and is not known has ended too. */
export function isRunning(seen: Seen, id: string): boolean {
  const video = seen.get(id);
  return video ? outcomeOf(video) === 'running' : !seen.has(id);
}
