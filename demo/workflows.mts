import type { INode, INodeParameters } from 'n8n-workflow';

import type { WorkflowJson } from '../n8n/embedded.mts';

export const AVATAR = 'Create Avatar';
export const VIDEOS = 'Make Videos';
export const DOWNLOAD = 'Download Videos';

/** As an n8n user would build it: an item with a name, a picture and a voice → an avatar. */
export const avatarWorkflow: WorkflowJson = {
  name: 'Create the avatar of the campaign',
  nodes: [
    iTeraBiz(AVATAR, {
      resource: 'avatar',
      operation: 'create',
      name: '={{ $json.name }}',
      imageUrl: '={{ $json.imageUrl }}',
      voiceId: '={{ $json.voiceId }}',
    }),
  ],
  connections: {},
};

/**
 * Rows → Make Videos (and wait for them) → Download Videos. A failed row leaves through the node's error
 * output, with the reason, and the others continue.
 *
 * @param by `script`: the avatar speaks the row's script; `prompt`: AI writes the text
 * @param pollInterval in seconds
 */
export function videosWorkflow(by: 'script' | 'prompt', pollInterval: number): WorkflowJson {
  const make =
    by === 'script'
      ? { resource: 'video', operation: 'create', script: '={{ $json.script }}' }
      : { resource: 'content', operation: 'generate', prompt: '={{ $json.prompt }}' };
  return {
    name: `Make and download the videos of the campaign, by ${by}`,
    nodes: [
      iTeraBiz(VIDEOS, {
        ...make,
        avatarId: byId('={{ $json.avatarId }}'),
        language: '={{ $json.language }}',
        duration: '={{ $json.duration }}',
        waitForCompletion: true,
        options: { pollInterval, maxConcurrency: 2 },
      }),
      iTeraBiz(DOWNLOAD, {
        resource: 'video',
        operation: 'download',
        videoId: byId('={{ $json.id }}'),
      }),
    ],
    connections: { [VIDEOS]: { main: [[{ node: DOWNLOAD, type: 'main', index: 0 }]] } },
  };
}

function iTeraBiz(name: string, parameters: INodeParameters): INode {
  return {
    id: name,
    name,
    type: 'n8n-nodes-iterabiz.iTeraBiz',
    typeVersion: 1,
    position: [0, 0],
    onError: 'continueErrorOutput',
    parameters,
  };
}

function byId(value: string): INodeParameters {
  return { __rl: true, mode: 'id', value };
}
