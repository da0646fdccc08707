import { getMany } from '../../operations/getMany';
import { paging } from '../../fields/paging';
import { maxConcurrency } from '../../fields/sending';
import type { Operation } from '../operation';

export const getAll: Operation = {
  name: 'Get Many',
  value: 'getAll',
  action: 'Get many avatars',
  description: 'List the avatars in your account',
  tool: 'Lists the avatars of the iTeraBiz account with ID and name. Costs nothing. Use it to find the avatar ID that a video needs; never make one up.',
  request: { method: 'GET', url: '/avatars' },
  perform: getMany,
  fields: paging,
  options: [maxConcurrency],
};
