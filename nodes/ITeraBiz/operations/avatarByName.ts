import type { IDataObject } from 'n8n-workflow';

import { normalizeName } from '../api/text';
import type { ApiClient } from '../client/apiClient';
import { BadInput } from '../fields/validate';
import { LABELS, quoted } from '../messages/message';
import { ItemFailed } from '../run/results';
import { readList } from './getMany';

const MAX_NAMED = 20;

/**
 * Returns a function that gives the account's avatars. It reads them once, on first use, so make one per run.
 * It throws `ItemFailed` if they cannot be read.
 */
export function avatarReader(client: ApiClient): () => Promise<IDataObject[]> {
  let avatars: Promise<IDataObject[]> | undefined;
  return async () =>
    await (avatars ??= readList(client, '/avatars', Infinity).catch(adviseOtherModes));
}

/** Even if the list cannot be read, the API may accept the ID of an avatar. */
function adviseOtherModes(error: unknown): never {
  if (!(error instanceof ItemFailed) || error.affectsAll) throw error;
  const description = 'By Name needs the whole list: choose the avatar From List or By ID instead.';
  throw new ItemFailed({ ...error.failure, description });
}

/**
 * @param avatars documented: each has `id` and `name`
 * @throws {BadInput} if no avatar or several have this name
 */
export function idOfAvatar(name: string, avatars: IDataObject[]): IDataObject[string] {
  const wanted = normalizeName(name);
  const matches = avatars.filter((avatar) => normalizeName(avatar.name) === wanted);
  if (matches.length === 1) return matches[0].id;
  const which = matches.length === 0 ? 'No avatar is' : `${matches.length} avatars are`;
  const advice =
    matches.length > 0
      ? `Choose one of them By ID: ${listed(matches.map(({ id }) => id))}.`
      : avatars.length > 0
        ? `Check the spelling. Your avatars are: ${listed(avatars.map((avatar) => avatar.name ?? avatar.id))}.`
        : 'Your account has no avatars yet: create one with Avatar: Create.';
  throw new BadInput(
    `"${LABELS.avatar_id}": ${which} called "${quoted(name)}" in your iTeraBiz account`,
    `${advice} Nothing was sent for this item.`,
  );
}

function listed(names: unknown[]): string {
  const shown = names.slice(0, MAX_NAMED).map((name) => `"${String(name)}"`);
  const more = names.length - shown.length;
  return shown.join('; ') + (more > 0 ? ` and ${more} more` : '');
}
