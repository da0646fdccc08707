import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { videoIdOf } from '../api/video';
import { type Found, linkFrom, searchList } from './searchList';

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
