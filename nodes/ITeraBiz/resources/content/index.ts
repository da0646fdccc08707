import type { Resource } from '../operation';
import { generate } from './generate';

export const content: Resource = {
  name: 'Content',
  value: 'content',
  operations: [generate],
};
