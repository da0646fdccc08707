import type {
  IDataObject,
  IHookFunctions,
  IWebhookFunctions,
  WorkflowActivateMode,
} from 'n8n-workflow';

import type { TriggerStore } from '../../../nodes/ITeraBiz/webhook/store.ts';
import { type ContextOptions, fakeContext } from '../fakeContext.mts';

export interface TriggerOptions extends ContextOptions {
  store?: TriggerStore;
  webhookUrl?: string;
  mode?: string;
  activation?: WorkflowActivateMode;
  /** What came in, its body as n8n hands it out when it is asked to read it, or why it cannot */
  delivery?: { query?: IDataObject; headers?: IDataObject; rawBody?: Buffer | Error };
}

/** The part of n8n's contexts that the trigger uses, where the engine itself would be too slow. */
export function fakeTrigger({
  store = {},
  webhookUrl = 'https://n8n.example/webhook/abc',
  mode = 'webhook',
  activation = 'activate',
  delivery: { query = {}, headers = {}, rawBody } = {},
  ...options
}: TriggerOptions = {}) {
  const { context, asked } = fakeContext(options);
  const log: unknown[][] = [];
  const answers: unknown[][] = [];
  const response = {
    statusCode: 200,
    writableEnded: false,
    status: (code: number) => Object.assign(response, { statusCode: code }),
    json: (said: unknown) => {
      answers.push([response.statusCode, said]);
      response.writableEnded = true;
    },
  };
  const request = {
    query,
    rawBody: undefined as Buffer | undefined,
    readRawBody: async () => {
      if (rawBody instanceof Error) throw rawBody;
      request.rawBody = rawBody;
    },
  };
  Object.assign(context, {
    logger: {
      debug: (...entry: unknown[]) => void log.push(['debug', ...entry]),
      warn: (...entry: unknown[]) => void log.push(['warn', ...entry]),
    },
    getWorkflow: () => ({ id: 'w1' }),
    getWorkflowStaticData: (of: string) => (of === 'node' ? store : undefined),
    getNodeWebhookUrl: (name: string) => (name === 'default' ? webhookUrl : undefined),
    getMode: () => mode,
    getActivationMode: () => activation,
    getRequestObject: () => request,
    getHeaderData: () => headers,
    getResponseObject: () => response,
  });
  const both = context as unknown as IHookFunctions & IWebhookFunctions;
  return { context: both, asked, log, answers, response };
}
