import type { NodeHint } from 'n8n-workflow';

import { avatar } from './avatar';
import { content } from './content';
import type { Resource } from './operation';
import { video } from './video';

/** All that the node can do. */
export const resources: Resource[] = [avatar, content, video];

/**
 * What n8n's editor says before the node runs; during a run, `run.hint` does. The condition has to be true
 * or false and nothing else (n8n behavior).
 */
export const hints: NodeHint[] = [
  {
    message:
      'If On Error is "Stop Workflow", one failed video ends the run. To keep the others, change it in Settings.',
    type: 'info',
    location: 'ndv',
    whenToDisplay: 'beforeExecution',
    displayCondition:
      '={{ $parameter["waitForCompletion"] === true && $parameter["options"]?.["failedVideos"] !== "output" && $input.all().length > 1 }}',
  },
];
