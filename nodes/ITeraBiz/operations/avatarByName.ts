import type { IDataObject } from 'n8n-workflow';

import { sameName } from '../api/text';
import { BY_NAME } from '../fields/avatar';
import { LABELS } from '../messages/labels';
import { BadInput } from '../orders/validate';
import type { Item } from '../run/item';
import type { NodeRun } from '../run/nodeRun';
import { entriesOf } from './list';

/** Most avatars that a message names. */
const MOST_NAMED = 20;

/** The account's avatars, read once for all items of a run of the node. */
const avatarsOf = new WeakMap<NodeRun, Promise<IDataObject[]>>();

/**
 * The body that n8n prepared, with the ID in place of an avatar's name where the user gave that.
 *
 * @throws {BadInput} when the account has no avatar of this name, or several
 * @throws {NodeApiError} when the avatars cannot be read
 */
export async function withAvatarId(item: Item): Promise<IDataObject> {
  const { context, prepared, run } = item;
  const body = prepared.body as IDataObject;
  const name = String(body.avatar_id ?? '').trim();
  if (name === '') return body;
  const chosen = context.getNodeParameter('avatarId', {}) as IDataObject;
  if (chosen.mode !== BY_NAME) return body;

  const known = avatarsOf.get(run) ?? readAvatars(item);
  avatarsOf.set(run, known);
  return { ...body, avatar_id: idOfAvatar(name, await known) };
}

async function readAvatars(item: Item): Promise<IDataObject[]> {
  return await entriesOf({ ...item, prepared: { ...item.prepared, url: '/avatars' } }, Infinity);
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
