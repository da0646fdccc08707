import type { INodeProperties } from 'n8n-workflow';

import { ID_PATTERN } from '../api/ids';

/** A video job of the account. It is not sent by itself: the operations put it into their URL. */
export const video: INodeProperties = {
  displayName: 'Video',
  name: 'videoId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'list', value: '' },
  description: 'The video to use, by the ID that came back when the video was created',
  modes: [
    {
      displayName: 'From List',
      name: 'list',
      type: 'list',
      placeholder: 'Select a video…',
      typeOptions: { searchListMethod: 'searchVideos', searchable: true },
    },
    {
      displayName: 'By ID',
      name: 'id',
      type: 'string',
      placeholder: 'e.g. video_abc123',
      validation: [
        {
          type: 'regex',
          properties: {
            regex: ID_PATTERN,
            errorMessage: 'An ID has no spaces and no slashes, as in video_abc123',
          },
        },
      ],
    },
  ],
};
