import type { Resource } from '../operation';
import { create } from './create';
import { download } from './download';
import { get } from './get';
import { getAll } from './getAll';

export const video: Resource = {
  name: 'Video',
  value: 'video',
  defaultOperation: create.value,
  operations: [create, download, get, getAll],
};
