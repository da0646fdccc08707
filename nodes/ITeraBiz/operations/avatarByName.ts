import type { IDataObject } from 'n8n-workflow';

import type { ApiClient } from '../client/apiClient';
import type { Run } from '../run/run';
import { BadInput } from '../fields/validate';
import { sameName } from '../api/text';
import { LABELS } from '../messages/message';
import { readList } from './getMany';

/** Most avatars that a message names. */
const MOST_NAMED = 20;

/**
 * A function that finds an avatar's ID by its name, for one run of the node: the account's avatars are
 * read when the first name is asked for, and once.
 *
 * The function throws {@link BadInput} where the account has no avatar of this name, or several, and
 * `ItemFailed` where the avatars cannot be read.
 */
export function avatarFinder(
  client: () => Promise<ApiClient>,
): (name: string) => Promise<IDataObject[string]> {
  let avatars: Promise<IDataObject[]> | undefined;
  return async (name) => {
    avatars ??= client().then(async (known) => await readList(known, '/avatars', Infinity));
    return idOfAvatar(name, await avatars);
  };
}

/** The IDs of the account's avatars; nothing where they cannot be read. @throws the signal's reason */
export async function knownAvatars(run: Run): Promise<Set<string> | undefined> {
  try {
    const avatars = await readList(await run.client(), '/avatars', Infinity);
    return new Set(avatars.map(({ id }) => String(id)));
  } catch {
    run.signal?.throwIfAborted();
    return undefined;
  }
}

/**
 * The ID of the one avatar with this name, however it is capitalised.
 *
 * @param avatars documented: each has `id` and `name`
 * @throws {BadInput} when there is none, or more than one; it says which there are
 */
export function idOfAvatar(name: string, avatars: IDataObject[]): IDataObject[string] {
  const same = avatars.filter((avatar) => sameName(avatar.name, name));
  if (same.length === 1) return same[0].id;
  const which = same.length === 0 ? 'No avatar is' : `${same.length} avatars are`;
  throw new BadInput({
    message: `"${LABELS.avatar_id}": ${which} called "${name}" in your iTeraBiz account`,
    description: `${same.length === 0 ? describeNames(avatars) : `Choose one of them By ID: ${listed(same.map(({ id }) => id))}.`} Nothing was sent to iTeraBiz for this item.`,
  });
}

function describeNames(avatars: IDataObject[]): string {
  if (avatars.length === 0) return 'There is no avatar in it yet: make one with Create avatar.';
  return `Check the spelling. These are there: ${listed(avatars.map(({ name, id }) => name ?? id))}.`;
}

function listed(names: unknown[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => `"${String(name)}"`);
  const more = names.length - shown.length;
  return shown.join('; ') + (more > 0 ? ` and ${more} more` : '');
}
