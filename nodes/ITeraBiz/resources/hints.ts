import type { NodeHint } from 'n8n-workflow';

import { previewOnly } from '../fields/limits';
import { whenVideoExists } from '../fields/reuse';
import { waitForCompletion } from '../fields/waiting';

const isVideoOrder =
  '$parameter["resource"] !== "avatar" && ["create", "generate"].includes($parameter["operation"])';
const previews = '$parameter["options"]?.["previewOnly"] === true';
const waits = '$parameter["waitForCompletion"] === true';

/**
 * What n8n's editor says beside the input and output of the node. Each condition has to be true or
 * false and nothing else (n8n behavior).
 */
export const hints: NodeHint[] = [
  {
    message: `This is the order; the video itself is still being made, which takes minutes. To get the finished video here, switch on "${waitForCompletion.displayName}".`,
    type: 'info',
    location: 'outputPane',
    whenToDisplay: 'afterExecution',
    displayCondition: `={{ ${isVideoOrder} && !(${waits}) && !(${previews}) }}`,
  },
  {
    message:
      'Each time this step runs, it orders again, and that is paid for again. To keep this result while you build the rest, use "Pin data" (the pin above).',
    type: 'info',
    location: 'outputPane',
    whenToDisplay: 'afterExecution',
    displayCondition: `={{ ${isVideoOrder} && $parameter["options"]?.["${whenVideoExists.name}"] !== "reuse" && !(${previews}) }}`,
  },
  {
    message:
      'With On Error as it is at first, one video that fails stops n8n here, and the finished ones do not come out. To keep them, open Settings in this node and set On Error to "Continue (using error output)".',
    type: 'info',
    location: 'ndv',
    whenToDisplay: 'beforeExecution',
    displayCondition: `={{ ${waits} && $parameter["options"]?.["failedVideos"] !== "output" && $input.all().length > 1 }}`,
  },
  {
    message: `This is a preview: nothing was ordered, nothing is paid. Each item says whether it would be, and how much it is in all. To order, switch off "${previewOnly.displayName}" in the options.`,
    type: 'info',
    location: 'outputPane',
    whenToDisplay: 'afterExecution',
    displayCondition: `={{ ${isVideoOrder} && ${previews} }}`,
  },
];
