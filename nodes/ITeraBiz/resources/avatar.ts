import { additionalFields, paging } from '../fields/fields';
import { maxConcurrency, resubmitUnknown } from '../fields/options';
import { create as createJob } from '../operations/create';
import { getMany } from '../operations/getMany';
import type { Operation, Resource } from './operation';

const create: Operation = {
  name: 'Create',
  value: 'create',
  action: 'Create avatar',
  description: 'Create an avatar from a picture and a voice',
  tool: 'Creates an avatar from a picture of a face and a voice. Call it once, and do not repeat it after an error or a timeout: list the avatars first to see whether it is there. Needs a name, the public web address of the picture and the ID of a voice, which the user knows. Answers with the ID of the avatar.',
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
      description: 'What to call the avatar in lists',
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
        'The web address of a picture of the face. Anyone on the internet must be able to open it.',
      routing: { send: { type: 'body', property: 'image_url' } },
    },
    {
      displayName: 'Voice ID',
      name: 'voiceId',
      type: 'string',
      required: true,
      default: '',
      placeholder: 'e.g. voice_xyz789',
      description: "The ID of the avatar's voice, from your iTeraBiz dashboard",
      routing: { send: { type: 'body', property: 'voice_id' } },
    },
    additionalFields,
  ],
  options: [maxConcurrency, resubmitUnknown],
};

const getAll: Operation = {
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

export const avatar: Resource = { name: 'Avatar', value: 'avatar', operations: [create, getAll] };
