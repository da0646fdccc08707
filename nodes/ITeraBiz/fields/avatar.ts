import type { INodeProperties } from 'n8n-workflow';

/** How an avatar is given by its name, which is no part of a request: it is looked up first. */
export const BY_NAME = 'name';

/** The avatar that speaks: picked, or given by its ID or its name. */
export const avatar: INodeProperties = {
  displayName: 'Avatar',
  name: 'avatarId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'list', value: '' },
  description: 'The avatar that speaks in the video, one of those in your iTeraBiz account',
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
      hint: 'The whole name, as the list shows it. Good for a column of a table.',
    },
  ],
  routing: { send: { type: 'body', property: 'avatar_id' } },
};
