import type { INodeProperties } from 'n8n-workflow';

/** What to do with a row whose video the account has already. */
export const whenVideoExists: INodeProperties = {
  displayName: 'When the Same Video Exists',
  name: 'whenVideoExists',
  type: 'options',
  options: [
    {
      name: 'Order Another One',
      value: 'order',
      description: 'Every item orders and charges for a new video',
    },
    {
      name: 'Use the Existing One',
      value: 'reuse',
      description:
        'An item whose video was ordered before gets that one, so the workflow can safely be run again',
    },
  ],
  default: 'order',
  description:
    'What to do if your account has a video with the same avatar, script or prompt, language and duration. Failed videos do not count.',
};

/** How far back a video counts as the same. */
export const lookBack: INodeProperties = {
  displayName: 'Look Back (Days)',
  name: 'lookBack',
  type: 'number',
  displayOptions: { show: { whenVideoExists: ['reuse'] } },
  typeOptions: { minValue: 1 },
  default: 30,
  description: 'How old an existing video may be, in days. Older ones are ordered again.',
};
