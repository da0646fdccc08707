import type { INodeProperties } from 'n8n-workflow';

import { avatar, BY_NAME } from './avatar';
import { LABELS } from '../messages/labels';

/** What a trigger starts on. */
export const events: INodeProperties = {
  displayName: LABELS.events,
  name: 'events',
  type: 'multiOptions',
  required: true,
  options: [
    {
      name: 'Video Completed',
      value: 'video.completed',
      description: 'A video is finished and ready for download',
    },
    {
      name: 'Video Failed',
      value: 'video.failed',
      description: 'A video could not be made. The output says why.',
    },
  ],
  default: ['video.completed', 'video.failed'],
  description: 'The events that start the workflow',
};

/** Keeps to the videos of one avatar. */
export const avatarFilter: INodeProperties = {
  displayName: avatar.displayName,
  name: avatar.name,
  type: avatar.type,
  default: avatar.default,
  modes: avatar.modes?.filter(({ name }) => name !== BY_NAME),
  description: 'Start only for videos with this avatar',
};
