import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isObject } from '../api/json';

/** Fields of the API that this package does not know yet, put into the body as they are. */
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
            'The value to send. Numbers, true, false, null, and lists or objects in JSON are sent as such, anything else as text. To send a number as text, put it in quotes.',
        },
      ],
    },
  ],
};

/** A body with further fields, each given as `{name, value}`. A field without a name is left out. */
export function withFields(body: IDataObject, fields: IDataObject[]): IDataObject {
  const added = fields
    .map(({ name, value }) => [String(name ?? '').trim(), jsonOrText(value)] as const)
    .filter(([name]) => name !== '');
  return { ...body, ...Object.fromEntries(added) };
}

function jsonOrText(value: unknown): IDataObject[string] {
  if (typeof value !== 'string') return isObject(value) ? value : (value as IDataObject[string]);
  try {
    return JSON.parse(value) as IDataObject[string];
  } catch {
    return value;
  }
}
