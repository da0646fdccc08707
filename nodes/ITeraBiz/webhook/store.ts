import type { IDataObject, IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { trimPasted } from '../api/address';

/**
 * What a trigger stores with its workflow. n8n behavior: test listening has its own copy.
 *
 * n8n behavior: a write saves the whole copy that was read. So a delivery or a run that was under way
 * while the workflow was republished restores the values from before. That is why access depends on the
 * key, which is the same in every copy.
 */
export interface TriggerStore {
  /** The key that signs tokens, which never changes, and the time of the newest token (ms since 1970) */
  tokens?: { key: string; latest: number };
  /** The webhook at iTeraBiz. After a stale copy was restored: one that no longer exists, or none. */
  registration?: {
    hookId: string;
    url: string;
    token: string;
    /** Signs the events, if iTeraBiz issued one */
    secret?: string;
  };
  /** Keys of handled events, oldest first */
  recentEvents?: string[];
}

/** Assigning to a field saves it, at a time that n8n chooses. */
export function storeOf(context: IHookFunctions | IWebhookFunctions): TriggerStore {
  return context.getWorkflowStaticData('node') as TriggerStore;
}

export function isManual(context: IHookFunctions | IWebhookFunctions): boolean {
  return trimPasted(context.getNodeParameter('registration')).toLowerCase() === 'manual';
}

/**
 * The token and secret that the user set for a manual webhook.
 *
 * Invariant: an empty Signing Secret, such as an expression without a result, lets no event in. Signatures
 * go unchecked only if the option was never added.
 */
export function manualAccess(context: IHookFunctions | IWebhookFunctions): {
  token: string;
  secret?: string;
} {
  const options = context.getNodeParameter('options', {}) as IDataObject;
  return {
    token: trimPasted(context.getNodeParameter('secretToken')),
    ...('signingSecret' in options && { secret: trimPasted(options.signingSecret) }),
  };
}
