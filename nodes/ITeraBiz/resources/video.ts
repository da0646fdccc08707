import { avatar, paging, video as videoField } from '../fields/fields';
import {
  maxConcurrency,
  orderFields,
  orderOptions,
  waitForCompletion,
  waitingOptions,
} from '../fields/options';
import { create as createJob } from '../operations/create';
import { download as downloadVideo } from '../operations/download';
import { get as getVideo } from '../operations/get';
import { getMany } from '../operations/getMany';
import { durableOperations } from '../waiting/durableOperations';
import type { Operation, Resource } from './operation';

/** What a model must know about orders. */
export const ABOUT_ORDERS =
  'Every call orders a video that costs money, so call it once per video, and not again after an error or a timeout: list the videos first to see whether it is there. Needs the ID of an avatar (list the avatars to find it), a language as a BCP-47 code such as en-US, and a duration in whole seconds. Making a video takes minutes: the answer has its ID and a status (queued, processing, completed or failed). Get the video by this ID a few minutes later for its link.';

const create: Operation = {
  name: 'Create',
  value: 'create',
  action: 'Create video from script',
  description: 'Order a video in which an avatar speaks your script word for word',
  tool: `Orders a video in which an avatar speaks a script word for word; 150 words take about 60 seconds. ${ABOUT_ORDERS}`,
  request: { method: 'POST', url: '/videos' },
  perform: createJob,
  fields: [
    avatar,
    {
      displayName: 'Script',
      name: 'script',
      type: 'string',
      typeOptions: { rows: 4 },
      required: true,
      default: '',
      placeholder: 'e.g. Welcome to our store. Today I will show you…',
      description: 'The text that the avatar speaks word for word. About 150 words fill a minute.',
      routing: { send: { type: 'body', property: 'script' } },
    },
    ...orderFields,
  ],
  options: orderOptions,
};

const get: Operation = {
  name: 'Get',
  value: 'get',
  action: 'Get video',
  description: 'Get one video: its status, details, and link once it is finished',
  tool: 'Gets one video by its ID. Costs nothing. Answers with its status (queued, processing, completed or failed), its link (video_url) once it is completed, and the reason if it failed. While it is queued or processing, ask again in a few minutes.',
  request: { method: 'GET', url: '/videos' },
  perform: getVideo,
  fields: [videoField, waitForCompletion],
  options: [...waitingOptions, maxConcurrency],
};

const getAll: Operation = {
  name: 'Get Many',
  value: 'getAll',
  action: 'Get many videos',
  description: 'List the videos in your account, finished or not',
  tool: 'Lists the videos of the iTeraBiz account with ID, status and text. Costs nothing. Use it to find a video whose ID is unknown, or to see whether an order arrived.',
  request: { method: 'GET', url: '/videos' },
  perform: getMany,
  fields: [
    ...paging,
    {
      displayName: 'Filters',
      name: 'filters',
      type: 'collection',
      placeholder: 'Add Filter',
      default: {},
      options: [
        {
          displayName: 'Status',
          name: 'status',
          type: 'options',
          options: [
            { name: 'Completed', value: 'completed' },
            { name: 'Failed', value: 'failed' },
            { name: 'Processing', value: 'processing' },
            { name: 'Queued', value: 'queued' },
          ],
          default: 'completed',
          description: 'Return only videos with this status',
        },
      ],
    },
  ],
  options: [maxConcurrency],
};

const download: Operation = {
  name: 'Download',
  value: 'download',
  action: 'Download video',
  description: 'Download the file of a finished video',
  tool: 'Downloads the file of a finished video into the workflow. A model cannot open the file: for a link to share, get the video instead.',
  request: { method: 'GET', url: '/videos' },
  perform: downloadVideo,
  fields: [
    videoField,
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

export const video: Resource = {
  name: 'Video',
  value: 'video',
  operations: [create, download, get, getAll],
  hidden: durableOperations,
};
