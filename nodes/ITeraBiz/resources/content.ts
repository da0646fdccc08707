import { avatar } from '../fields/fields';
import { orderFields, orderOptions } from '../fields/options';
import { create } from '../operations/create';
import type { Operation, Resource } from './operation';
import { ABOUT_ORDERS } from './video';

const generate: Operation = {
  name: 'Generate',
  value: 'generate',
  action: 'Generate video from prompt',
  description: 'Order a video from a prompt: AI writes the words that the avatar speaks',
  tool: `Orders a video from a prompt: iTeraBiz writes the spoken text and has an avatar speak it. ${ABOUT_ORDERS}`,
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
      description: 'What the video should be about, in your own words. AI writes the spoken text.',
      routing: { send: { type: 'body', property: 'prompt' } },
    },
    avatar,
    ...orderFields,
  ],
  options: orderOptions,
};

export const content: Resource = { name: 'Content', value: 'content', operations: [generate] };
