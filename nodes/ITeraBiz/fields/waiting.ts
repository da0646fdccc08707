import type { INodeProperties } from 'n8n-workflow';

/** Whether the node returns the job at once or the finished video. */
export const waitForCompletion: INodeProperties = {
  displayName: 'Wait for Completion',
  name: 'waitForCompletion',
  type: 'boolean',
  default: false,
  description:
    'Whether to wait until the video is finished and return it with its download link. Otherwise the order comes back at once, with status queued, no link yet, and an ID to ask for later.',
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
        name: 'Treat as Failed Items',
        value: 'stop',
        description: "Follow this node's On Error setting, which is to stop the workflow at first",
      },
      {
        name: 'Return Like Finished Ones',
        value: 'output',
        description: 'Return the job with its status and the reason of the failure',
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
      'Whether to keep the execution running while it waits. Otherwise n8n puts it aside after a minute at the latest, so that it uses no memory and survives a restart (n8n 2.41 and newer).',
  },
  {
    displayName: 'Max Wait (Minutes)',
    name: 'maxWait',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 1 },
    default: 60,
    description:
      'How long to wait before giving up. The video goes on being made, and its ID is in the message.',
  },
  {
    displayName: 'Poll Interval (Seconds)',
    name: 'pollInterval',
    type: 'number',
    displayOptions: onlyWhenWaiting,
    typeOptions: { minValue: 2 },
    default: 10,
    description: 'How often to ask iTeraBiz whether the video is finished, during the first minute',
  },
];
