import type {
  IHookFunctions,
  INodeType,
  INodeTypeDescription,
  IWebhookFunctions,
  IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { avatarFilter, events } from './fields/events';
import { optionsField } from './fields/options';
import { searchAvatars } from './resources/listSearch';
import { receive } from './webhook/receive';
import { isRegistered, register, unregister } from './webhook/registration';

const WHILE_BUILDING =
  '<b>While building your workflow</b>, you don\'t need a new video. Add an iTeraBiz Polling Trigger, click "Fetch Test Event" in it, copy its output, and pin that here: events look the same in both triggers. "Execute step" waits until a real video finishes or fails.';

const ifManual = { show: { registration: ['manual'] } };

/** Starts a workflow the moment iTeraBiz reports that a video finished or failed. */
export class ITeraBizTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'iTeraBiz Trigger',
    name: 'iTeraBizTrigger',
    icon: { light: 'file:iterabiz.svg', dark: 'file:iterabiz.dark.svg' },
    group: ['trigger'],
    // n8n behavior: for a trigger of version 1, it evaluates an expression per delivery, which may make it
    // start an expression engine. Newer versions are spared that. Its editor shows no version that is not listed.
    version: [1, 1.1],
    subtitle: '={{ $parameter["events"].join(", ") }}',
    // n8n behavior: it lists this node and the action node as one entry, with this description.
    description: 'Make AI-avatar videos, and start workflows when a video finishes or fails',
    defaults: { name: 'iTeraBiz Trigger' },
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'iTeraBizApi', required: true }],
    webhooks: [
      { name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' },
    ],
    // n8n behavior: without these, canvas and activation ask the user for "an event in iTeraBiz", which costs
    // a video. The panel of an open node asks for one while it listens, whatever we set here.
    eventTriggerDescription:
      'Waiting for a video to finish or fail. To build without one, pin an event from "Fetch Test Event" of the iTeraBiz Polling Trigger.',
    activationMessage: 'This workflow now starts whenever one of the events you chose happens.',
    triggerPanel: {
      header: 'Start when a video finishes or fails',
      activationHint: {
        inactive:
          'You don\'t need a new video to build this workflow: pin an event from "Fetch Test Event" of the iTeraBiz Polling Trigger.',
        active:
          "This workflow starts by itself for the events you chose. Those executions don't show up here.",
      },
      executionsHelp: {
        inactive: `${WHILE_BUILDING} <br /><br /><b>Once you're happy with your workflow</b>, publish it. It then starts for each of the events you chose. These executions show up in the <a data-key="executions">executions list</a>, but not in the editor.`,
        active: WHILE_BUILDING,
      },
    },
    properties: [
      {
        displayName:
          'Starts the workflow the moment a video finishes or fails: iTeraBiz calls your n8n. This only works if the internet can reach your n8n. If it runs behind a router at home or in an office, use the iTeraBiz Polling Trigger, which has the same output.',
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
              'The trigger registers its address with iTeraBiz when you publish the workflow, and removes it when you unpublish it',
          },
          {
            name: 'Manual',
            value: 'manual',
            description: 'You add the address to your iTeraBiz dashboard as a webhook',
          },
        ],
        default: 'automatic',
        description: 'How iTeraBiz gets the address to call',
      },
      {
        displayName:
          'In your iTeraBiz dashboard, create a webhook for the events you chose here. As its address, enter the Production URL from the top of this panel, followed by "?token=" and your Secret Token, for example "https://…/webhook?token=YourSecretToken". Calls without the token are refused. To try it in the editor, add the Test URL with the same ending, too.',
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
          'Keeps others from starting this workflow. At least 20 characters: letters, digits, "-" and "_".',
        displayOptions: ifManual,
      },
      optionsField([
        avatarFilter,
        {
          displayName: 'Confirm With API',
          name: 'confirmWithApi',
          type: 'boolean',
          default: true,
          description:
            'Whether to read the video from iTeraBiz before the workflow starts, so that forged events start nothing and the output is up to date',
        },
        {
          displayName: 'Ignore Duplicates',
          name: 'ignoreDuplicates',
          type: 'boolean',
          default: true,
          description:
            'Whether to start the workflow only once per event, even if iTeraBiz reports it several times',
        },
        {
          displayName: 'Signing Secret',
          name: 'signingSecret',
          type: 'string',
          typeOptions: { password: true },
          default: '',
          description:
            'The secret that your iTeraBiz dashboard shows for the webhook, if it shows one. Events without its signature are then refused. If an expression leaves it empty, all events are refused.',
          displayOptions: { show: { '/registration': ['manual'] } },
        },
      ]),
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
