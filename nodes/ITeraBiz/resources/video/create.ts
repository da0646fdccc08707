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

export const create: Operation = {
  name: 'Create',
  value: 'create',
  action: 'Create video from script',
  description: 'Order a video in which an avatar speaks your script, word for word',
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
      placeholder: 'e.g. Welcome to our store. Today I show you…',
      description: 'The text that the avatar speaks, word for word. About 150 words fill a minute.',
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
