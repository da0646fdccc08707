import type { INodeProperties } from 'n8n-workflow';

import { LONGEST_DURATION } from '../run/checks';

/** The length of the video, in seconds. */
export const duration: INodeProperties = {
  displayName: 'Duration',
  name: 'duration',
  type: 'number',
  required: true,
  typeOptions: { minValue: 1, maxValue: LONGEST_DURATION, numberPrecision: 0 },
  default: 60,
  hint: 'In seconds',
  description: 'How long the video should be, as a whole number of seconds',
  routing: { send: { type: 'body', property: 'duration' } },
};
