import { avatar } from './avatar';
import { content } from './content';
import type { Resource } from './operation';
import { video } from './video';

/** All that the node can do. */
export const resources: Resource[] = [avatar, content, video];
