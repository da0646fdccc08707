import type { INodeProperties } from 'n8n-workflow';

import { languageOptions } from './languages';

/** The spoken language. The list is a help, not a limit: an expression may give any code. */
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
