import { getMany } from '../../operations/getMany';
import { paging } from '../../fields/paging';
import { maxConcurrency } from '../../fields/sending';
import type { Operation } from '../operation';

export const getAll: Operation = {
  name: 'Get Many',
  value: 'getAll',
  action: 'Get many videos',
  description: 'List the videos in your account, finished or not',
  tool: 'Lists the videos of the iTeraBiz account with ID, status and text. Costs nothing. Use it to find a video whose ID is unknown, or to see whether an order arrived.',
  request: { method: 'GET', url: '/videos' },
  perform: getMany,
  fields: [
    ...paging,
    {
      displayName: 'Filters',
      name: 'filters',
      type: 'collection',
      placeholder: 'Add Filter',
      default: {},
      options: [
        {
          displayName: 'Status',
          name: 'status',
          type: 'options',
          options: [
            { name: 'Completed', value: 'completed' },
            { name: 'Failed', value: 'failed' },
            { name: 'Processing', value: 'processing' },
            { name: 'Queued', value: 'queued' },
          ],
          default: 'completed',
          description: 'Return only videos with this status',
        },
      ],
    },
  ],
  options: [maxConcurrency],
};
