import type { INodeProperties } from 'n8n-workflow';

/** The mode in which an avatar is given by its name, which is looked up before the request. */
export const BY_NAME = 'name';

/** The avatar that speaks: picked, or given by its ID or its name. */
export const avatar: INodeProperties = {
  displayName: 'Avatar',
  name: 'avatarId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'list', value: '' },
  description: 'The avatar that speaks in the video, from your iTeraBiz account',
  modes: [
    {
      displayName: 'From List',
      name: 'list',
      type: 'list',
      placeholder: 'Select an avatar…',
      typeOptions: { searchListMethod: 'searchAvatars', searchable: true },
    },
    {
      displayName: 'By ID',
      name: 'id',
      type: 'string',
      placeholder: 'e.g. avatar_abc123',
    },
    {
      displayName: 'By Name',
      name: BY_NAME,
      type: 'string',
      placeholder: 'e.g. Maria, Friendly Host',
      hint: 'The full name, as shown in the list. Use it when the avatar comes from a table column.',
    },
  ],
  builderHint: {
    propertyHint:
      'Use mode list and let the user pick. Avatar IDs cannot be guessed; when they come from data, use mode id, or name for a column of avatar names.',
  },
  routing: { send: { type: 'body', property: 'avatar_id' } },
};
