import type { INodeProperties } from 'n8n-workflow';

/** Bounds on what one run of the node may order. */
export const maxVideos: INodeProperties = {
  displayName: 'Max Videos',
  name: 'maxVideos',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 10,
  description:
    'The most videos that this node may order each time it runs. If it would be more, it orders none and says so.',
};

export const maxSeconds: INodeProperties = {
  displayName: 'Max Seconds',
  name: 'maxSeconds',
  type: 'number',
  typeOptions: { minValue: 1, numberPrecision: 0 },
  default: 600,
  description:
    'The most seconds of video, all videos together, that this node may order each time it runs. If it would be more, it orders none and says so.',
};

/** Shows what would be ordered. */
export const previewOnly: INodeProperties = {
  displayName: 'Preview Only',
  name: 'previewOnly',
  type: 'boolean',
  default: false,
  description:
    'Whether to order nothing and only show, item by item, what would be ordered. Nothing is paid for.',
};

export const limits: INodeProperties[] = [maxVideos, maxSeconds, previewOnly];
