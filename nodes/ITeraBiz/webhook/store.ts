import type { IDataObject, IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { trimPasted } from '../api/address';

/**
 * What a trigger keeps with its workflow. n8n behavior: it keeps another copy for test listening.
 *
 * n8n behavior: a write stores all of it, as it was when it was read. So a delivery, or a run of the
 * workflow, that was under way while the workflow was published anew puts back what stood here before.
 * Who gets in is therefore decided by the key, which all copies have.
 */
export interface TriggerStore {
  /** What tokens are made from: a key that never changes, and when the newest was made (ms since 1970) */
  tokens?: { key: string; latest: number };
  /** The newest one at iTeraBiz. Where an older copy was put back, one that is no more, or none. */
  registration?: {
    hookId: string;
    url: string;
    token: string;
    /** Signs the events, where iTeraBiz gave one out */
    secret?: string;
  };
  /** Keys of handled events, oldest first */
  recentEvents?: string[];
}

/** What is kept. Writing to it is what saves it, in n8n's own time. */
export function storeOf(context: IHookFunctions | IWebhookFunctions): TriggerStore {
  return context.getWorkflowStaticData('node') as TriggerStore;
}

/** Whether the user enters the webhook in the iTeraBiz dashboard. */
export function isManual(context: IHookFunctions | IWebhookFunctions): boolean {
  return context.getNodeParameter('registration') === 'manual';
}

/**
 * What a user set for a webhook made by hand.
 *
 * Invariant: a Signing Secret that is there but empty, as of an expression that gives nothing, lets no event
 * in. Only where the option was never added is there none to check.
 */
export function manualAccess(context: IHookFunctions | IWebhookFunctions): {
  token: string;
  secret?: string;
} {
  const options = context.getNodeParameter('options', {}) as IDataObject;
  return {
    token: trimPasted(context.getNodeParameter('secretToken', '')),
    ...('signingSecret' in options && { secret: trimPasted(options.signingSecret) }),
  };
}
