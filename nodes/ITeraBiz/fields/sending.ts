import type { INodeProperties } from 'n8n-workflow';

/** How many requests of one node run may be under way at the same time. */
export const maxConcurrency: INodeProperties = {
  displayName: 'Max Concurrency',
  name: 'maxConcurrency',
  type: 'number',
  typeOptions: { minValue: 1 },
  default: 5,
  description: 'How many requests to iTeraBiz may be under way at the same time',
};

/** What n8n's own retry does with a submission of which nobody knows whether it arrived. */
export const resubmitUnknown: INodeProperties = {
  displayName: 'Resubmit if Unsure',
  name: 'resubmitUnknown',
  type: 'boolean',
  default: false,
  description:
    "Whether n8n's Retry On Fail may send a request again that got no answer. It may have been accepted the first time, so this can pay twice for the same thing.",
};
