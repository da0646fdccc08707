import { download as downloadVideo } from '../../operations/download';
import { maxConcurrency } from '../../fields/sending';
import { video } from '../../fields/video';
import type { Operation } from '../operation';

/** Asks for the video first: its link may have expired since, and only a finished one has a file. */
export const download: Operation = {
  name: 'Download',
  value: 'download',
  action: 'Download video',
  description: 'Download the file of a finished video',
  tool: 'Downloads the file of a finished video into the workflow. A model cannot open the file: for a link to share, get the video instead.',
  request: { method: 'GET', url: '/videos' },
  perform: downloadVideo,
  fields: [
    video,
    {
      displayName: 'Put Output File in Field',
      name: 'binaryPropertyName',
      type: 'string',
      required: true,
      default: 'data',
      placeholder: 'e.g. data',
      hint: 'The name of the output binary field to put the file in',
      description: 'The name under which the next nodes find the file',
    },
  ],
  options: [
    {
      displayName: 'File Name',
      name: 'fileName',
      type: 'string',
      default: '',
      placeholder: 'e.g. welcome.mp4',
      description: 'What to call the file. If empty, it is named after the video ID.',
    },
    maxConcurrency,
  ],
};
