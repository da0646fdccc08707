import type {
  IExecuteFunctions,
  IExecuteSingleFunctions,
  IHookFunctions,
  IHttpRequestOptions,
  ILoadOptionsFunctions,
  IN8nHttpFullResponse,
  IPollFunctions,
  IWebhookFunctions,
} from 'n8n-workflow';
import { NodeOperationError, UserError } from 'n8n-workflow';

import { REFUSED_BEFORE_SENDING, trimBaseUrl } from '../api/address';
import { type ApiResponse, NetworkError } from '../api/response';
import { isObject } from '../api/json';

/** Every n8n context from which this package asks the API something. */
export type Requester =
  | IExecuteFunctions
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
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

/**
 * Asks the API once, with the user's credential, and returns its response whatever the status.
 *
 * Redirects are not followed. n8n behavior: some versions send the API key along to another host.
 *
 * @param options as n8n takes them; a path without `baseURL` gets the credential's
 * @returns the answer, or why nothing, or only part of it, came back
 * @throws what precedes sending, as a missing credential: the API cannot have heard of it
 */
export async function send(
  context: Requester,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError> {
  const { httpRequestWithAuthentication } = context.helpers;
  return await answerOf(
    async () =>
      await httpRequestWithAuthentication.call(context, 'iTeraBizApi', {
        json: true,
        ...options,
        ...AS_IT_IS,
      }),
  );
}

/** Every answer is returned as it came. */
const AS_IT_IS = {
  returnFullResponse: true,
  ignoreHttpStatusErrors: true,
  disableFollowRedirect: true,
};

async function answerOf(ask: () => Promise<unknown>): Promise<ApiResponse | NetworkError> {
  try {
    const { statusCode: status, headers, body } = (await ask()) as IN8nHttpFullResponse;
    return { status, headers, body };
  } catch (error) {
    const reason = networkErrorFrom(error as Error);
    if (reason) return reason;
    throw error;
  }
}

/**
 * Asks for a file, and returns with its first bytes: the body is a stream, whatever the status.
 *
 * Invariant: the API key goes along only to the API's own address. So redirects are not followed here.
 *
 * @throws as {@link send}
 */
export async function openFile(
  context: Requester,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError> {
  const request = { ...options, json: false, encoding: 'stream' as const };
  const home = await baseUrlOf(context);
  if (new URL(options.url).origin === new URL(home).origin) return await send(context, request);
  return await answerOf(async () => await context.helpers.httpRequest({ ...request, ...AS_IT_IS }));
}

/** The credential's base URL, without a slash at its end. */
export async function baseUrlOf(context: Requester): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl: string }>('iTeraBizApi');
  return trimBaseUrl(baseUrl);
}

/**
 * Why no answer came. n8n behavior: it wraps what its HTTP client throws, which may wrap what the
 * network says.
 *
 * Invariant: what precedes sending is named here, one by one. Every other error, known or not, may
 * have come after the request had arrived.
 *
 * @returns nothing where the error precedes sending: a credential that is missing or not for this
 *   node, a Base URL or key that the credential refuses, an address that n8n may not ask
 */
export function networkErrorFrom(error: Error & { httpCode?: unknown }): NetworkError | undefined {
  const errors = withCauses(error);
  if (error.httpCode === REFUSED_BEFORE_SENDING) return undefined;
  if (errors.some((one) => one instanceof UserError || one instanceof NodeOperationError)) {
    return undefined;
  }
  // n8n behavior: version 1 keeps no cause, and the client's code as the status of its own error.
  const codes = [...errors.map(({ code }) => code), error.httpCode];
  const code = codes.find((word): word is string => typeof word === 'string') ?? '';
  const { message } = errors[1] ?? error;
  return new NetworkError(code, !NEVER_SENT.includes(code), message);
}

/** An error and what caused it, down to the first cause, within reason. */
function withCauses(error: Error): Array<Error & { code?: unknown }> {
  const errors: Error[] = [];
  for (let one: unknown = error; isObject(one) && errors.length < 5; ) {
    errors.push(one as unknown as Error);
    one = one.cause;
  }
  return errors;
}
