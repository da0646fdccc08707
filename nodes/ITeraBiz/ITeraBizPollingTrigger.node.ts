import type {
  INodeExecutionData,
  INodeType,
  INodeTypeDescription,
  IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { avatarFilter, events } from './fields/events';
import { searchAvatars } from './listSearch/searchAvatars';
import { poll } from './polling/poll';

/** Starts a workflow when a video is finished or has failed, by asking iTeraBiz now and then. */
export class ITeraBizPollingTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz Polling Trigger',
    name: 'iTeraBizPollingTrigger',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['trigger'],
    version: 1,
    subtitle: '={{ $parameter["events"].join(", ") }}',
    description:
      'Asks iTeraBiz now and then, and starts the workflow for finished or failed videos',
    defaults: { name: 'iTeraBiz Polling Trigger' },
    polling: true,
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    properties: [
      {
        displayName:
          'Works everywhere, also behind a router, because your n8n asks iTeraBiz by itself. It starts the workflow at the next Poll Time after a video is finished, once per video. If your n8n has an address on the internet, the iTeraBiz Trigger starts it at once, with the same output.',
        name: 'whichTriggerNotice',
        type: 'notice',
        default: '',
      },
      events,
      {
        displayName: 'Options',
        name: 'options',
        type: 'collection',
        placeholder: 'Add option',
        default: {},
        options: [avatarFilter],
      },
    ],
  };

  methods = { listSearch: { searchAvatars } };

  async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
    return await poll(this);
  }
}
