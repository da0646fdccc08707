import { type INodeType, type INodeTypeDescription, NodeConnectionTypes } from 'n8n-workflow';

import { avatar } from './resources/avatar';
import { content } from './resources/content';
import { searchAvatars, searchVideos } from './resources/listSearch';
import { toCustomOperations, toProperties } from './resources/operation';
import { video } from './resources/video';
import { durableProperties } from './waiting/durableOperations';

export const resources = [avatar, content, video];

/** The action node: only a description. Each operation names the function that performs it. */
export class ITeraBiz implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz',
    name: 'iTeraBiz',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['transform'],
    version: 1,
    // n8n behavior: it names the node after its action ("Create video from script"). This adds the details.
    subtitle:
      '={{ $parameter["options"]?.["previewOnly"] === true ? "orders nothing" : $parameter["waitForCompletion"] === true ? "waits for completion" : $parameter["waitForCompletion"] === false && $parameter["operation"] !== "get" ? "does not wait" : $parameter["returnAll"] === true ? "all" : $parameter["returnAll"] === false ? "up to " + $parameter["limit"] : "" }}',
    description: 'Make AI-avatar videos with iTeraBiz: create them, wait for them, download them',
    defaults: { name: 'iTeraBiz' },
    usableAsTool: true,
    builderHint: {
      searchHint:
        'Makes AI-avatar videos from a script or a prompt. Every run of create or generate orders a video that costs money and takes minutes. For the finished video in the same workflow, set waitForCompletion to true; for many videos, order them in one workflow and start another with iTeraBizTrigger, or with iTeraBizPollingTrigger where the internet cannot reach n8n. Download gets the file of a finished video.',
      relatedNodes: [
        {
          nodeType: 'n8n-nodes-iterabiz.iTeraBizTrigger',
          relationHint:
            'Starts a workflow the moment a video finishes or fails; needs a public n8n',
        },
        {
          nodeType: 'n8n-nodes-iterabiz.iTeraBizPollingTrigger',
          relationHint: 'The same by polling, for an n8n that the internet cannot reach',
        },
      ],
    },
    // Before the node runs; during a run, `run.hint` shows hints.
    hints: [
      {
        message:
          'If On Error is "Stop Workflow", one failed video ends the run. To keep the others, change it in Settings.',
        type: 'info',
        location: 'ndv',
        whenToDisplay: 'beforeExecution',
        // n8n behavior: it must evaluate to a boolean.
        displayCondition:
          '={{ $parameter["waitForCompletion"] === true && $parameter["options"]?.["failedVideos"] !== "output" && $input.all().length > 1 }}',
      },
    ],
    waitingNodeTooltip:
      "iTeraBiz is making your video. You can close this tab: n8n continues on its own, and the result appears under Executions. Don't run the workflow again in the meantime: that could order another video.",
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    // n8n behavior: without this, it does not treat a node with methods as declarative.
    requestDefaults: {},
    properties: [...toProperties(resources, 'video'), ...durableProperties],
  };

  methods = { listSearch: { searchAvatars, searchVideos } };

  customOperations = toCustomOperations(resources);
}
