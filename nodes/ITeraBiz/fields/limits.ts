import type { INodeProperties } from 'n8n-workflow';

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
