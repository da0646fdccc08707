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
    'The language spoken in the video. For one that is not in the list, switch to Expression and enter its code (BCP-47), e.g. gd-GB. An expression may also give the English name, e.g. German.',
  routing: { send: { type: 'body', property: 'language' } },
};
