import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

/** What a trigger keeps with its workflow. n8n keeps another copy for test listening. */
export interface TriggerStore {
  registration?: Registration;
  /** Keys of handled events, oldest first */
  recentEvents?: string[];
}

/** What was registered at iTeraBiz. */
export interface Registration {
  hookId: string;
  url: string;
  token: string;
  /** Signs the events, where iTeraBiz gave one out */
  secret?: string;
}

/** What is kept. Writing to it is what saves it, in n8n's own time. */
export function storeOf(context: IHookFunctions | IWebhookFunctions): TriggerStore {
  return context.getWorkflowStaticData('node') as TriggerStore;
}
