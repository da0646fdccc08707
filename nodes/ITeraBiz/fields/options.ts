import type { INodeProperties } from 'n8n-workflow';

import { additionalFields, duration, language } from './fields';

export const waitForCompletion: INodeProperties = {
  displayName: 'Wait for Completion',
  name: 'waitForCompletion',
  type: 'boolean',
  default: false,
  description:
    'Whether to wait until the video is finished and return it with its link. If off, it comes back right away, usually without a link. Get it later by its ID. Stopping the workflow cancels no order: find the video with Get Many.',
  builderHint: {
    propertyHint:
      'Set to true when later steps need the finished video or its link: without it the video comes back queued and has no link. For many videos, leave it false and start a second workflow with the iTeraBiz Trigger.',
  },
};

const onlyWhenWaiting = { show: { '/waitForCompletion': [true] } };

export const waitingOptions: INodeProperties[] = [
  {
    displayName: 'Failed Videos',
    name: 'failedVideos',
    type: 'options',
    displayOptions: onlyWhenWaiting,
    options: [
      { name: 'Fail the Item', value: 'stop', description: "Follow this node's On Error setting" },
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
      'Whether to keep the execution running while it waits. If off, n8n pauses it within a minute, so that it needs hardly any memory and survives a restart (n8n 2.41 and newer).',
  },
  {
    displayName: 'Max Wait (Minutes)',
    name: 'maxWait',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 1 },
    default: 60,
    description:
      'How long to wait before giving up. The video is still made, and the message has its ID.',
  },
  {
    displayName: 'Poll Interval (Seconds)',
    name: 'pollInterval',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 2 },
    default: 10,
    description:
      'How often to check whether the video is finished, until n8n pauses the execution. After that, checks are one to ten minutes apart.',
  },
];

export const maxVideos: INodeProperties = {
  displayName: 'Max Videos',
  name: 'maxVideos',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 10,
  description:
    'The most videos that one run of this node may order; in a loop, each pass is a run of its own. If a run would order more, it orders none and says so.',
};

export const maxSeconds: INodeProperties = {
  displayName: 'Max Seconds',
  name: 'maxSeconds',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 600,
  description:
    'The most seconds of video, in total, that one run of this node may order; in a loop, each pass is a run of its own. If a run would order more, it orders none and says so.',
};

export const previewOnly: INodeProperties = {
  displayName: 'Preview Only',
  name: 'previewOnly',
  type: 'boolean',
  default: false,
  description:
    'Whether to only show what would be ordered, item by item. Nothing is ordered or charged.',
};

export const maxConcurrency: INodeProperties = {
  displayName: 'Max Concurrency',
  name: 'maxConcurrency',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 5,
  description: 'How many requests to iTeraBiz may run at the same time',
};

export const resubmitUnknown: INodeProperties = {
  displayName: 'Resubmit if Unsure',
  name: 'resubmitUnknown',
  type: 'boolean',
  default: false,
  description:
    'Whether a retry may resend a request that got no answer. If iTeraBiz accepted the first one, you pay twice.',
};

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
    'What to do if your account has a video with the same avatar, script or prompt, language and duration. Failed videos do not count. With Use the Existing One, an item that differs only in language or duration is not ordered: the message says what to do.',
};

export const lookBack: INodeProperties = {
  displayName: 'Look Back (Days)',
  name: 'lookBack',
  type: 'number',
  displayOptions: { show: { whenVideoExists: ['reuse'] } },
  typeOptions: { minValue: 1 },
  default: 30,
  description: 'How old an existing video may be, in days. Older ones are ordered again.',
};

export function optionsField(options: INodeProperties[]): INodeProperties {
  return {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    options,
  };
}

/** The fields of an order for a video, besides its avatar and its text. */
export const orderFields = [language, duration, waitForCompletion, additionalFields];

export const orderOptions = [
  ...waitingOptions,
  maxVideos,
  maxSeconds,
  previewOnly,
  maxConcurrency,
  resubmitUnknown,
  whenVideoExists,
  lookBack,
];
