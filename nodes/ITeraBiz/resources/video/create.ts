import { create as createJob } from '../../operations/create';
import { additionalFields } from '../../fields/additionalFields';
import { avatar } from '../../fields/avatar';
import { duration } from '../../fields/duration';
import { language } from '../../fields/language';
import { limits } from '../../fields/limits';
import { lookBack, whenVideoExists } from '../../fields/reuse';
import { maxConcurrency, resubmitUnknown } from '../../fields/sending';
import { waitForCompletion, waitingOptions } from '../../fields/waiting';
import type { Operation } from '../operation';

/** What a model has to know of an order. */
export const ABOUT_ORDERS =
  'Every call orders a video that costs money, so call it once per video, and not again after an error or a time-out: list the videos first to see whether it is there. Needs the ID of an avatar (list the avatars to find it), a language as a BCP-47 code such as en-US, and a duration in whole seconds. Making a video takes minutes: the answer has its ID and a status (queued, processing, completed or failed). Get the video by this ID a few minutes later for its link.';

export const create: Operation = {
  name: 'Create',
  value: 'create',
  action: 'Create video from script',
  description: 'Order a video in which an avatar speaks your script word for word',
  tool: `Orders a video in which an avatar speaks a script word for word; 150 words take about 60 seconds. ${ABOUT_ORDERS}`,
  request: { method: 'POST', url: '/videos' },
  perform: createJob,
  fields: [
    avatar,
    {
      displayName: 'Script',
      name: 'script',
      type: 'string',
      typeOptions: { rows: 4 },
      required: true,
      default: '',
      placeholder: 'e.g. Welcome to our store. Today I will show you…',
      description: 'The text that the avatar speaks word for word. About 150 words fill a minute.',
      routing: { send: { type: 'body', property: 'script' } },
    },
    language,
    duration,
    waitForCompletion,
    additionalFields,
  ],
  options: [
    ...waitingOptions,
    ...limits,
    maxConcurrency,
    resubmitUnknown,
    whenVideoExists,
    lookBack,
  ],
};
