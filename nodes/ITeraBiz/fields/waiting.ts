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
