import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { jsonOrText } from '../api/json';
import { languageOptions } from './languages';

/** The mode in which an avatar's name is looked up before the request. */
export const BY_NAME = 'name';

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
    { displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. avatar_abc123' },
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

/** The default fits a node that follows one of ours. */
export const video: INodeProperties = {
  displayName: 'Video',
  name: 'videoId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'id', value: '={{ $json.id }}' },
  hint: "By default, the incoming item's ID. After an iTeraBiz trigger, drag the ID of its video here.",
  description:
    'The video to use, by the ID it got when it was ordered. A video picked from the list stays the same in every run.',
  modes: [
    {
      displayName: 'From List',
      name: 'list',
      type: 'list',
      placeholder: 'Select a video…',
      typeOptions: { searchListMethod: 'searchVideos', searchable: true },
    },
    { displayName: 'By ID', name: 'id', type: 'string', placeholder: 'e.g. video_abc123' },
  ],
};

/** In seconds. Our own limit, to catch typos: the API documents none. */
export const MAX_DURATION = 3600;

export const duration: INodeProperties = {
  displayName: 'Duration (Seconds)',
  name: 'duration',
  type: 'number',
  required: true,
  typeOptions: { minValue: 1, maxValue: MAX_DURATION, numberPrecision: 0 },
  default: 60,
  description: 'How long the video should be, in whole seconds',
  builderHint: { propertyHint: 'In seconds. A script of 150 words takes about 60.' },
  routing: { send: { type: 'body', property: 'duration' } },
};

export const language: INodeProperties = {
  displayName: 'Language',
  name: 'language',
  type: 'options',
  required: true,
  options: languageOptions(),
  allowArbitraryValues: true,
  default: 'en-US',
  description:
    'The language spoken in the video. If yours is not listed, switch to Expression and enter its BCP-47 code, such as gd-GB. Expressions may also give the English name, such as German.',
  routing: { send: { type: 'body', property: 'language' } },
};

export const limit: INodeProperties = {
  displayName: 'Limit',
  name: 'limit',
  type: 'number',
  displayOptions: { show: { returnAll: [false] } },
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 50,
  description: 'Max number of results to return',
};

export const paging: INodeProperties[] = [
  {
    displayName: 'Return All',
    name: 'returnAll',
    type: 'boolean',
    default: false,
    description: 'Whether to return all results or only up to a given limit',
  },
  limit,
];

export const additionalFields: INodeProperties = {
  displayName: 'Additional Fields',
  name: 'additionalFields',
  type: 'fixedCollection',
  typeOptions: { multipleValues: true },
  placeholder: 'Add Field',
  default: {},
  description: 'Fields of the iTeraBiz API that are not offered here yet',
  options: [
    {
      displayName: 'Field',
      name: 'field',
      values: [
        {
          displayName: 'Name',
          name: 'name',
          type: 'string',
          default: '',
          placeholder: 'e.g. background',
          description: 'The name of the field, as in the iTeraBiz API documentation',
        },
        {
          displayName: 'Value',
          name: 'value',
          type: 'string',
          default: '',
          placeholder: 'e.g. office',
          description:
            'The value to send. Numbers, true, false, null, and lists or objects in JSON are sent as such; anything else is sent as text. To send a number as text, put it in quotes.',
        },
      ],
    },
  ],
};

/** A body with more fields, each given as `{name, value}`. A field without a name is omitted. */
export function withFields(body: IDataObject, fields: IDataObject[]): IDataObject {
  const parse = (value: unknown) => (typeof value === 'string' ? jsonOrText(value) : value);
  const added = fields
    .map(({ name, value }) => [String(name ?? '').trim(), parse(value)])
    .filter(([name]) => name !== '');
  return { ...body, ...Object.fromEntries(added) };
}
