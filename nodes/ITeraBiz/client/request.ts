import type {
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
import { type ApiResponse, NetworkError, neverSent } from '../api/response';
import { isObject } from '../api/json';

/** Every n8n context from which this package asks the API something. */
export type Requester =
  | IExecuteSingleFunctions
  | IHookFunctions
  | ILoadOptionsFunctions
  | IPollFunctions
  | IWebhookFunctions;

/**
 * Asks the API once, with the user's credential, and returns its answer whatever the status.
 *
 * Redirects are not followed. n8n behaviour: some versions send the API key along to another host.
 *
 * @param options as n8n takes them; a path without `baseURL` gets the credential's
 * @returns the answer, or why nothing, or only part of it, came back
 * @throws what precedes sending, as a missing credential: the API cannot have heard of it
 */
export async function attempt(
  context: Requester,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError> {
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
    const reason = networkErrorFrom(error as Error) ?? error;
    if (reason instanceof NetworkError) return reason;
    throw reason;
  }
}

/** The credential's base URL, without a slash at its end. */
export async function baseUrlOf(context: Requester): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl: string }>('iTeraBizApi');
  return trimBaseUrl(baseUrl);
}

/**
 * Why no answer came. n8n behaviour: it wraps what its HTTP client throws, which may wrap what the
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
  // n8n behaviour: version 1 keeps no cause, and the client's code as the status of its own error.
  const codes = [...errors.map(({ code }) => code), error.httpCode];
  const code = codes.find((word): word is string => typeof word === 'string') ?? '';
  const { message } = errors[1] ?? error;
  return new NetworkError(code, !neverSent(code, message), message);
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
