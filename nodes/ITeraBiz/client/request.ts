import type {
  IExecuteSingleFunctions,
  IHookFunctions,
  IHttpRequestOptions,
  ILoadOptionsFunctions,
  IN8nHttpFullResponse,
  IPollFunctions,
  IWebhookFunctions,
} from 'n8n-workflow';

import { trimBaseUrl } from '../api/address';
import { type Answer, NoAnswer } from '../api/answer';

/** Every n8n context from which this package asks the API something. */
export type Requester =
  | IExecuteSingleFunctions
  | IHookFunctions
  | ILoadOptionsFunctions
  | IPollFunctions
  | IWebhookFunctions;

/** These say that no connection came about, so that nothing can have arrived. */
const NEVER_SENT = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_INVALID_URL',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

/** These come from this machine's files, not from the network. */
const OF_THIS_MACHINE = ['EACCES', 'EMFILE', 'ENOENT', 'ENOSPC', 'EPERM', 'EROFS'];

/**
 * Asks the API once, with the user's credential, and returns its answer whatever the status.
 *
 * Redirects are not followed: n8n would send the API key along to another host.
 *
 * @param options as n8n takes them; a path without `baseURL` gets the credential's
 * @returns the answer, or why nothing, or only part of it, came back
 * @throws what has nothing to do with the network, as a missing credential
 */
export async function attempt(
  context: Requester,
  options: IHttpRequestOptions,
): Promise<Answer | NoAnswer> {
  try {
    const response = (await context.helpers.httpRequestWithAuthentication.call(
      context,
      'iTeraBizApi',
      {
        json: true,
        ...options,
        returnFullResponse: true,
        ignoreHttpStatusErrors: true,
        disableFollowRedirect: true,
      },
    )) as IN8nHttpFullResponse;
    return { status: response.statusCode, headers: response.headers, body: response.body };
  } catch (error) {
    const reason = noAnswerFrom(error as Error);
    if (reason instanceof NoAnswer) return reason;
    throw reason;
  }
}

/** The credential's base URL, without a slash at its end. */
export async function baseUrlOf(context: Requester): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl: string }>('iTeraBizApi');
  return trimBaseUrl(baseUrl);
}

/**
 * Why no answer came. n8n wraps what its HTTP client throws; the client's own code is one level down.
 * n8n 1 loses that level, and keeps its code as the status of its own error.
 *
 * @returns the error itself where it is none of the network's
 */
export function noAnswerFrom(error: Error & { cause?: unknown; httpCode?: unknown }): Error {
  const cause = (error.cause ?? error) as Error & { code?: unknown; isAxiosError?: boolean };
  const code = [cause.code, error.httpCode].find((word) => typeof word === 'string') ?? '';
  // A missing credential, a base URL that the credential refuses, a full disk.
  if ((!code && !cause.isAxiosError) || OF_THIS_MACHINE.includes(code)) return error;
  return new NoAnswer(code, NEVER_SENT.includes(code) ? 'no' : 'maybe', cause.message);
}
