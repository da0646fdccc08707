import type { INodeProperties } from 'n8n-workflow';

/** Whether the node returns the finished video, or the job at once. */
export const waitForCompletion: INodeProperties = {
  displayName: 'Wait for Completion',
  name: 'waitForCompletion',
  type: 'boolean',
  default: false,
  description:
    'Whether to wait until the video is finished and return it with its link. If off, it comes back at once, as a rule without a link, and its ID gets it later. Stopping the workflow does not stop the order: find the video with Get Many.',
  builderHint: {
    propertyHint:
      'Set to true when later steps need the finished video or its link: without it the video comes back queued and has no link. For many videos, leave it false and start a second workflow with the iTeraBiz Trigger.',
  },
};

const onlyWhenWaiting = { show: { '/waitForCompletion': [true] } };

/** How to wait. These show only when {@link waitForCompletion} is on. */
export const waitingOptions: INodeProperties[] = [
  {
    displayName: 'Failed Videos',
    name: 'failedVideos',
    type: 'options',
    displayOptions: onlyWhenWaiting,
    options: [
      {
        name: 'Fail the Item',
        value: 'stop',
        description: "Do what this node's On Error setting says",
      },
      {
        name: 'Return With Status "Failed"',
        value: 'output',
        description: 'Return the video with the reason why it failed',
      },
    ],
    default: 'stop',
    description: 'What to do with a video that iTeraBiz could not make',
  },
  {
    displayName: 'Hold While Waiting',
    name: 'holdWhileWaiting',
    type: 'boolean',
    displayOptions: onlyWhenWaiting,
    default: false,
    description:
      'Whether to keep the execution running while it waits. If off, n8n pauses it within a minute, so that it uses no memory and survives a restart (n8n 2.41 and newer).',
  },
  {
    displayName: 'Max Wait (Minutes)',
    name: 'maxWait',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 1 },
    default: 60,
    description:
      'How long to wait before giving up. The order stands, and the message has the ID of the video.',
  },
  {
    displayName: 'Poll Interval (Seconds)',
    name: 'pollInterval',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 2 },
    default: 10,
    description: 'How often to check whether the video is finished, during the first minute',
  },
];

/** Bounds on what one run of the node may order. */
export const maxVideos: INodeProperties = {
  displayName: 'Max Videos',
  name: 'maxVideos',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 10,
  description:
    'The most videos that one run of this node may order. If there are more, it orders none and says so.',
};

export const maxSeconds: INodeProperties = {
  displayName: 'Max Seconds',
  name: 'maxSeconds',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 600,
  description:
    'The most seconds of video, in total, that one run of this node may order. If there are more, it orders none and says so.',
};

/** Shows what would be ordered. */
export const previewOnly: INodeProperties = {
  displayName: 'Preview Only',
  name: 'previewOnly',
  type: 'boolean',
  default: false,
  description:
    'Whether to only show what would be ordered, item by item. Nothing is ordered or charged.',
};

export const limits: INodeProperties[] = [maxVideos, maxSeconds, previewOnly];

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
