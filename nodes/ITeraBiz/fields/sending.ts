import type { INodeProperties } from 'n8n-workflow';

/** How many requests of one node run may be in flight. */
export const maxConcurrency: INodeProperties = {
  displayName: 'Max Concurrency',
  name: 'maxConcurrency',
  type: 'number',
  typeOptions: { minValue: 1 },
  default: 5,
  description: 'How many requests to iTeraBiz may run at the same time',
};

/** What n8n's own retry does with a submission of unknown outcome. */
export const resubmitUnknown: INodeProperties = {
  displayName: 'Resubmit if Unsure',
  name: 'resubmitUnknown',
  type: 'boolean',
  default: false,
  description:
    'Whether Retry On Fail may send a request again that got no answer. If iTeraBiz accepted the first one, you pay twice.',
};
