import type { INodeProperties } from 'n8n-workflow';

/** Seconds. Ours, against slips of the keyboard: the API does not say where its own bound is. */
export const LONGEST_DURATION = 3600;

/** The length of the video, in seconds. */
export const duration: INodeProperties = {
  displayName: 'Duration (Seconds)',
  name: 'duration',
  type: 'number',
  required: true,
  typeOptions: { minValue: 1, maxValue: LONGEST_DURATION, numberPrecision: 0 },
  default: 60,
  description: 'How long the video should be, in whole seconds',
  builderHint: { propertyHint: 'In seconds. A script of 150 words takes about 60.' },
  routing: { send: { type: 'body', property: 'duration' } },
};
