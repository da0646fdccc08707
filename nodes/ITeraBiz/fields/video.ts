import type { INodeProperties } from 'n8n-workflow';

/**
 * A video job of the account. The operations put its ID into their URL.
 *
 * The default fits a node that follows one of ours. Saved workflows leave a default out.
 */
export const video: INodeProperties = {
  displayName: 'Video',
  name: 'videoId',
  type: 'resourceLocator',
  required: true,
  default: { mode: 'id', value: '={{ $json.id }}' },
  hint: "Uses the incoming item's ID. After an iTeraBiz trigger, drag the ID of its video here.",
  description:
    'The video to use, by the ID it got when it was ordered. A video picked from the list stays the same in every run.',
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
