import type {
  INodeExecutionData,
  INodeType,
  INodeTypeDescription,
  IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { avatarFilter, events } from './fields/events';
import { optionsField } from './fields/options';
import { poll } from './polling/poll';
import { searchAvatars } from './resources/listSearch';

/** Starts a workflow when a video has completed or failed, by polling iTeraBiz. */
export class ITeraBizPollingTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz Polling Trigger',
    name: 'iTeraBizPollingTrigger',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['trigger'],
    version: 1,
    subtitle: '={{ $parameter["events"].join(", ") }}',
    description:
      'Checks iTeraBiz regularly and starts the workflow when a video is finished or has failed',
    defaults: { name: 'iTeraBiz Polling Trigger' },
    polling: true,
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    properties: [
      {
        displayName:
          'Works on any n8n instance, even behind a home router: at the Poll Times, it starts the workflow with all videos that have finished or failed since the last check. If the internet can reach your instance, use the iTeraBiz Trigger, which starts right away and has the same output.',
        name: 'whichTriggerNotice',
        type: 'notice',
        default: '',
      },
      events,
      optionsField([avatarFilter]),
    ],
  };

  methods = { listSearch: { searchAvatars } };

  async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
    return await poll(this);
  }
}
