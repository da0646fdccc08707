import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { letThrough, matchFor, type Plan, planOf, previewOf } from '../orders/plan';
import { jobName, submit } from '../orders/submit';
import { BadInput, checkBody } from '../orders/validate';
import type { Item } from '../run/item';
import { textParameter } from '../run/parameters';
import { withMark } from '../run/reused';
import { finish } from '../waiting/finish';
import { withAvatarId } from './avatarByName';

/**
 * Orders what the item describes, once, and waits for it where the user wants to. Nothing is sent
 * before all rows of the run are checked; a preview sends nothing at all.
 */
export async function create(item: Item): Promise<INodeExecutionData[]> {
  const { index, prepared, run } = item;
  const plan = await planOf(item, withAvatarId);
  if (plan.isPreview) {
    const body = plan.problems.has(index) ? undefined : await checkedBody(item, plan);
    return [{ json: previewOf(item, plan, body) }];
  }
  const body = await checkedBody(item, plan);
  const match = plan.refusal ? undefined : await matchFor(item, plan, body);
  letThrough(item, plan, body, match);
  const doing = `${textParameter(item, 'operation')} the ${textParameter(item, 'resource')}`;
  const job = await submit({ ...item, prepared: { ...prepared, body } }, doing, match);
  run.accepted.set(index, jobName(job));
  const output = await finish(item, job);
  return output.map(({ json }) => ({ json: withMark(json, run.reused.get(index)) }));
}

/** @throws {BadInput} for a row that cannot be right: as it was planned, or as it came in later */
async function checkedBody(item: Item, { problems }: Plan): Promise<IDataObject> {
  const problem = problems.get(item.index);
  if (problem) throw new BadInput(problem);
  return checkBody(await withAvatarId(item));
}
