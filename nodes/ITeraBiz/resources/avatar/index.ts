import type { Resource } from '../operation';
import { create } from './create';
import { getAll } from './getAll';

export const avatar: Resource = {
  name: 'Avatar',
  value: 'avatar',
  defaultOperation: create.value,
  operations: [create, getAll],
};
