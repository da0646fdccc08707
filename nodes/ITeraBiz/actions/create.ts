import type { INodeExecutionData } from 'n8n-workflow';

import { jobName, submit } from '../orders/submit';
import { checkBody } from '../run/checks';
import type { Item } from '../run/item';
import { textParameter } from '../run/parameters';
import { withMark } from '../run/reused';
import { finish } from '../waiting/finish';
import { withAvatarId } from './avatarByName';

/** Orders what the item describes, once, and waits for it where the user wants to. */
export async function create(item: Item): Promise<INodeExecutionData[]> {
  const { index, prepared, run } = item;
  const body = checkBody(await withAvatarId(item));
  const doing = `${textParameter(item, 'operation')} the ${textParameter(item, 'resource')}`;
  const job = await submit({ ...item, prepared: { ...prepared, body } }, doing);
  run.accepted.set(index, jobName(job));
  const output = await finish(item, job);
  return output.map(({ json }) => ({ json: withMark(json, run.reused.get(index)) }));
}
