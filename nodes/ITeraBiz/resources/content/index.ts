import type { Resource } from '../operation';
import { generate } from './generate';

export const content: Resource = {
  name: 'Content',
  value: 'content',
  defaultOperation: generate.value,
  operations: [generate],
};
