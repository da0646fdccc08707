import type { INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { searchAvatars } from './listSearch/searchAvatars';
import { searchVideos } from './listSearch/searchVideos';
import { resources } from './resources';
import { hints } from './resources/hints';
import { durableOperations, durableProperties } from './resources/durableWait';
import { toCustomOperations, toProperties } from './resources/operation';

/**
 * The action node: a description, nothing else. Each operation names what carries it out; the
 * credential fills in the base URL.
 */
export class ITeraBiz implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz',
    name: 'iTeraBiz',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['transform'],
    version: 1,
    // n8n behavior: it names the node after its action ("Create video from script"), so this adds what that
    // does not say.
    subtitle:
      '={{ $parameter["options"]?.["previewOnly"] === true ? "orders nothing" : $parameter["waitForCompletion"] === true ? "waits for completion" : $parameter["waitForCompletion"] === false && $parameter["operation"] !== "get" ? "does not wait" : $parameter["returnAll"] === true ? "all" : $parameter["returnAll"] === false ? "up to " + $parameter["limit"] : "" }}',
    description: 'Make AI-avatar videos with iTeraBiz: create them, wait for them, download them',
    defaults: { name: 'iTeraBiz' },
    usableAsTool: true,
    hints,
    waitingNodeTooltip:
      'iTeraBiz is making your video. You can close this tab: n8n goes on by itself, and the result is then under Executions.',
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    // n8n behavior: without this it does not take a node with methods for a declarative one.
    requestDefaults: {},
    properties: [...toProperties(resources, 'video'), ...durableProperties],
  };

  methods = { listSearch: { searchAvatars, searchVideos } };

  customOperations = toCustomOperations(resources, { video: durableOperations });
}
