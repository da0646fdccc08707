import { get as getVideo } from '../../operations/get';
import { maxConcurrency } from '../../fields/sending';
import { video } from '../../fields/video';
import { waitForCompletion, waitingOptions } from '../../fields/waiting';
import type { Operation } from '../operation';

export const get: Operation = {
  name: 'Get',
  value: 'get',
  action: 'Get video',
  description: 'Get the status and details of one video, and its link once it is finished',
  request: { method: 'GET', url: '/videos' },
  perform: getVideo,
  fields: [video, waitForCompletion],
  options: [...waitingOptions, maxConcurrency],
};
