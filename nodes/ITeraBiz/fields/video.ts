import type { INodeProperties } from 'n8n-workflow';

/**
 * A video job of the account. It is not sent by itself: the operations put it into their URL.
 *
 * The default fits a node that follows one of ours. A saved workflow leaves a default out; one that
 * left out the empty list of earlier versions could not be run, so nothing that ran changes.
 */
export const video: INodeProperties = {
  displayName: 'Video',
  name: 'videoId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'id', value: '={{ $json.id }}' },
  hint: 'Set to the ID of the incoming item. After an iTeraBiz trigger, drag the ID of its video here.',
  description:
    'The video to use, by the ID that came back when it was created. One picked from the list is the same at every run.',
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
    },
  ],
};
