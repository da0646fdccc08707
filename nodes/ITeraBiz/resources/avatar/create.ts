import { create as createJob } from '../../operations/create';
import { additionalFields } from '../../fields/additionalFields';
import { maxConcurrency, resubmitUnknown } from '../../fields/sending';
import type { Operation } from '../operation';

export const create: Operation = {
  name: 'Create',
  value: 'create',
  action: 'Create avatar',
  description: 'Create an avatar from a picture and a voice',
  request: { method: 'POST', url: '/avatars' },
  perform: createJob,
  fields: [
    {
      displayName: 'Name',
      name: 'name',
      type: 'string',
      required: true,
      default: '',
      placeholder: 'e.g. Anna from Support',
      description: 'What to call the avatar, so that you find it again in lists',
      routing: { send: { type: 'body', property: 'name' } },
    },
    {
      displayName: 'Image URL',
      name: 'imageUrl',
      type: 'string',
      required: true,
      default: '',
      placeholder: 'e.g. https://example.com/photo.jpg',
      description:
        'The web address of a picture of the face. iTeraBiz has to be able to open it from the internet.',
      routing: { send: { type: 'body', property: 'image_url' } },
    },
    {
      displayName: 'Voice ID',
      name: 'voiceId',
      type: 'string',
      required: true,
      default: '',
      placeholder: 'e.g. voice_xyz789',
      description: 'The ID of the voice that the avatar speaks with, from your iTeraBiz dashboard',
      routing: { send: { type: 'body', property: 'voice_id' } },
    },
    additionalFields,
  ],
  options: [maxConcurrency, resubmitUnknown],
};
