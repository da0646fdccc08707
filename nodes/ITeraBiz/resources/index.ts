import type { NodeHint } from 'n8n-workflow';

import { avatar } from './avatar';
import { content } from './content';
import type { Resource } from './operation';
import { video } from './video';

export const resources: Resource[] = [avatar, content, video];

/**
 * Hints in the editor before the node runs; during a run, `run.hint` shows them. n8n behavior: the condition
 * must evaluate to a boolean.
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
