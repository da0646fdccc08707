import { create } from '../../operations/create';
import { additionalFields } from '../../fields/additionalFields';
import { avatar } from '../../fields/avatar';
import { duration } from '../../fields/duration';
import { language } from '../../fields/language';
import { limits } from '../../fields/limits';
import { lookBack, whenVideoExists } from '../../fields/reuse';
import { maxConcurrency, resubmitUnknown } from '../../fields/sending';
import { waitForCompletion, waitingOptions } from '../../fields/waiting';
import type { Operation } from '../operation';

export const generate: Operation = {
  name: 'Generate',
  value: 'generate',
  action: 'Generate video from prompt',
  description: 'Order a video whose words are written by AI: you only say what it should be about',
  request: { method: 'POST', url: '/content/generate' },
  perform: create,
  fields: [
    {
      displayName: 'Prompt',
      name: 'prompt',
      type: 'string',
      typeOptions: { rows: 4 },
      required: true,
      default: '',
      placeholder: 'e.g. Create a product review video about our new headphones',
      description:
        'What the video should be about, in your own words. The spoken text is written by AI.',
      routing: { send: { type: 'body', property: 'prompt' } },
    },
    avatar,
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
