import { get as getVideo } from '../../operations/get';
import { maxConcurrency } from '../../fields/sending';
import { video } from '../../fields/video';
import { waitForCompletion, waitingOptions } from '../../fields/waiting';
import type { Operation } from '../operation';

export const get: Operation = {
  name: 'Get',
  value: 'get',
  action: 'Get video',
  description: 'Get one video: its status, details, and link once it is finished',
  tool: 'Gets one video by its ID. Costs nothing. Answers with its status (queued, processing, completed or failed), its link (video_url) once it is completed, and the reason if it failed. While it is queued or processing, ask again in a few minutes.',
  request: { method: 'GET', url: '/videos' },
  perform: getVideo,
  fields: [video, waitForCompletion],
  options: [...waitingOptions, maxConcurrency],
};
