import type { INodeExecutionData } from 'n8n-workflow';

import { isVideoOf, type Video } from '../api/video';
import { checkId, checkOptions } from '../orders/validate';
import type { Item } from '../run/item';
import { idParameter, optionsOf } from '../run/parameters';
import { read, strangeAnswer } from '../run/read';
import { finish } from '../waiting/finish';

/** Gives out one video, finished where the user wants to wait for it. */
export async function get(item: Item): Promise<INodeExecutionData[]> {
  checkOptions(optionsOf(item));
  const id = videoIdFrom(item);
  return await finish(item, await readVideo(item, id, `get video ${id}`));
}

/**
 * The ID of the video that the user picked or entered.
 *
 * @throws {BadInput} when it cannot be one; nothing is asked then
 */
export function videoIdFrom(item: Item): string {
  return checkId(idParameter(item, 'videoId'), 'Video');
}

/**
 * Reads one video.
 *
 * @param doing to follow "iTeraBiz could not …", as in `get video video_7`
 * @throws {NodeApiError} when it is refused, no answer came, or the answer is not this video
 */
export async function readVideo(item: Item, id: string, doing: string): Promise<Video> {
  const subject = { doing, id };
  const url = `${item.prepared.url}/${encodeURIComponent(id)}`;
  const answer = await read(item, { url }, subject);
  if (isVideoOf(id, answer.body)) return answer.body;
  throw strangeAnswer(item, answer, subject);
}
