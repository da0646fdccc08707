import type {
  IHookFunctions,
  INodeType,
  INodeTypeDescription,
  IWebhookFunctions,
  IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { avatarFilter, events } from './fields/events';
import { searchAvatars } from './listSearch/searchAvatars';
import { receive } from './webhook/receive';
import { isRegistered, register, unregister } from './webhook/registration';

const WHILE_BUILDING =
  '<b>While building your workflow</b>, you need no new video. Choose "set mock data" in the output, or take an event that the iTeraBiz Polling Trigger fetches with "Fetch Test Event": it looks the same. Only to see a real call come in, click "Execute step" and let a video be made, which is paid for.';

const AFTERWARDS =
  '<br /><br /><b>Once you\'re happy with your workflow</b>, publish it. Then it starts for every video that is finished or has failed. These executions show up in the <a data-key="executions">executions list</a>, but not in the editor.';

const ifManual = { show: { registration: ['manual'] } };

/** Starts a workflow the moment iTeraBiz says that a video is finished or has failed. */
export class ITeraBizTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz Trigger',
    name: 'iTeraBizTrigger',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['trigger'],
    // n8n behaviour: it evaluates an expression for each delivery to a trigger of version 1, for which it
    // may have to prepare an engine, and none for those that are newer.
    version: 1.1,
    subtitle: '={{ $parameter["events"].join(", ") }}',
    // n8n behaviour: it lists this node and the action node as one, with this description for both.
    description: 'Make AI-avatar videos, and start a workflow when one is finished or has failed',
    defaults: { name: 'iTeraBiz Trigger' },
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    webhooks: [
      { name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' },
    ],
    triggerPanel: {
      header: 'Start when a video is finished or has failed',
      activationHint: {
        inactive:
          'You need no new video to build on this: choose "set mock data" on the right. "Execute step" waits until a real video is finished or has failed.',
        active:
          'This workflow starts by itself for every video. Those executions do not show up here.',
      },
      executionsHelp: {
        inactive: WHILE_BUILDING + ' ' + AFTERWARDS,
        active: WHILE_BUILDING,
      },
    },
    properties: [
      {
        displayName:
          'Starts the workflow at once, because iTeraBiz calls your n8n. For that, your n8n needs an address on the internet. If it runs at home or in an office behind a router, use the iTeraBiz Polling Trigger, which gives the same output.',
        name: 'whichTriggerNotice',
        type: 'notice',
        default: '',
      },
      events,
      {
        displayName: 'Registration',
        name: 'registration',
        type: 'options',
        options: [
          {
            name: 'Automatic',
            value: 'automatic',
            description:
              'The trigger registers its address at iTeraBiz when you publish or activate the workflow, and removes it when you unpublish or deactivate it',
          },
          {
            name: 'Manual',
            value: 'manual',
            description:
              'You enter the address in your iTeraBiz dashboard, which calls it a webhook',
          },
        ],
        default: 'automatic',
        description: 'How iTeraBiz learns which address to call',
      },
      {
        displayName:
          'In your iTeraBiz dashboard, make a webhook (an address that iTeraBiz calls) for the events that you chose here. As its address, paste the Production URL from the top of this panel and add "?token=" and your Secret Token at its end, as in "https://…/webhook?token=YourSecretToken". Calls without the token are refused.',
        name: 'manualNotice',
        type: 'notice',
        default: '',
        displayOptions: ifManual,
      },
      {
        displayName: 'Secret Token',
        name: 'secretToken',
        type: 'string',
        typeOptions: { password: true },
        required: true,
        default: '',
        placeholder: 'e.g. 32 random letters and digits',
        description:
          'Keeps everyone else from starting this workflow. At least 20 characters: letters, digits, "-" and "_".',
        displayOptions: ifManual,
      },
      {
        displayName: 'Options',
        name: 'options',
        type: 'collection',
        placeholder: 'Add option',
        default: {},
        options: [
          avatarFilter,
          {
            displayName: 'Confirm With API',
            name: 'confirmWithApi',
            type: 'boolean',
            default: true,
            description:
              'Whether to read the video from iTeraBiz before the workflow starts, so that a forged event starts nothing and the output is up to date',
          },
          {
            displayName: 'Ignore Duplicates',
            name: 'ignoreDuplicates',
            type: 'boolean',
            default: true,
            description:
              'Whether to start the workflow only once when iTeraBiz sends the same event again',
          },
          {
            displayName: 'Signing Secret',
            name: 'signingSecret',
            type: 'string',
            typeOptions: { password: true },
            default: '',
            description:
              'The secret that your iTeraBiz dashboard shows for the webhook, if it shows one. Events without its signature are then refused.',
            displayOptions: { show: { '/registration': ['manual'] } },
          },
        ],
      },
    ],
  };

  methods = { listSearch: { searchAvatars } };

  webhookMethods = {
    default: {
      async checkExists(this: IHookFunctions): Promise<boolean> {
        return await isRegistered(this);
      },
      async create(this: IHookFunctions): Promise<boolean> {
        return await register(this);
      },
      async delete(this: IHookFunctions): Promise<boolean> {
        return await unregister(this);
      },
    },
  };

  async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
    return await receive(this);
  }
}
