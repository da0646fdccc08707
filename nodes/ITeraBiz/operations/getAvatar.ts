import { checkId } from '../fields/validate';
import { perItem } from '../run/eachItem';
import { reading } from '../run/results';
import type { Perform } from '../run/run';

/** Gives out single avatars. Assumption: each can be read by its ID. */
export const getAvatar: Perform = async (run, { url }) =>
  await perItem(run, async (item, client) => {
    const id = checkId(run.parameter('avatarId', item), 'Avatar');
    const subject = { doing: `get avatar ${id}`, id };
    return [{ json: await reading(async () => await client.byId(url, id), subject) }];
  });
