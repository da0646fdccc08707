import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

/**
 * What a trigger keeps with its workflow. n8n behaviour: it keeps another copy for test listening.
 *
 * n8n behaviour: whoever writes into it stores all of it, as it was when it was read. So a delivery, or
 * a run of the workflow, that was under way while the workflow was published anew puts back what stood
 * here before. Who gets in is therefore decided by the key, which all copies have.
 */
export interface TriggerStore {
  tokens?: Tokens;
  /** The newest one. Where an older copy was put back, one that is no more, or none. */
  registration?: Registration;
  /** Keys of handled events, oldest first */
  recentEvents?: string[];
}

/** What the tokens of a trigger are made from. */
export interface Tokens {
  /** Never changes */
  key: string;
  /** When the newest one was made, in milliseconds since 1970 */
  latest: number;
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
