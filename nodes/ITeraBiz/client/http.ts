import type { IAllExecuteFunctions, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';
import { NodeOperationError, UserError } from 'n8n-workflow';

import { REFUSED_BEFORE_SENDING, trimBaseUrl } from '../api/address';
import { isObject, jsonOrText } from '../api/json';
import { type ApiResponse, NetworkError, neverSent } from '../api/response';

/** The context of n8n in whose name the API is asked. */
export type RequestContext = IAllExecuteFunctions;

/** Every answer is returned as it came. n8n behavior: some redirects take the API key to another host. */
const RAW_RESPONSE = {
  returnFullResponse: true,
  ignoreHttpStatusErrors: true,
  disableFollowRedirect: true,
};

/**
 * Asks the API once, with the user's credential.
 *
 * @param options as n8n takes them; a path without `baseURL` gets the credential's
 * @returns the answer, whatever its status, or why none came back whole
 * @throws what precedes sending, as a missing credential: the API cannot have heard of it
 */
export async function send(
  context: RequestContext,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError> {
  const { httpRequestWithAuthentication } = context.helpers;
  // As text, since JSON.parse would round long IDs.
  const request: IHttpRequestOptions = {
    json: true,
    encoding: 'text',
    ...options,
    ...RAW_RESPONSE,
  };
  // n8n behavior: it sets the execution's signal on the request. But a submission on its way is to be
  // answered although the execution is canceled: it may be accepted.
  if (options.method === 'POST') Object.defineProperty(request, 'abortSignal', { set: () => {} });
  return await answerOf(httpRequestWithAuthentication.call(context, 'iTeraBizApi', request));
}

/**
 * Opens a file: the body is a stream, whatever the status. Invariant: the API key goes along only to the
 * API's own address, and no redirect is followed.
 *
 * @throws as {@link send}
 */
export async function openFile(
  context: RequestContext,
  options: IHttpRequestOptions,
): Promise<ApiResponse | NetworkError> {
  const request = { ...options, json: false, encoding: 'stream' as const };
  const home = new URL(await baseUrlOf(context));
  if (new URL(options.url).origin === home.origin) return await send(context, request);
  return await answerOf(context.helpers.httpRequest({ ...request, ...RAW_RESPONSE }));
}

async function answerOf(asking: Promise<unknown>): Promise<ApiResponse | NetworkError> {
  const answered = asking.then((response) => {
    const { statusCode: status, headers, body } = response as IN8nHttpFullResponse;
    return { status, headers, body: typeof body === 'string' ? jsonOrText(body) : body };
  });
  return await answered.catch(
    (error: Error) => networkErrorFrom(error) ?? Promise.reject<NetworkError>(error),
  );
}

/** The credential's base URL, without a slash at its end. */
export async function baseUrlOf(context: RequestContext): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl: string }>('iTeraBizApi');
  return trimBaseUrl(baseUrl);
}

/**
 * Why no answer came. n8n behavior: it wraps what its HTTP client throws, which may wrap what the
 * network says. Invariant: what precedes sending is named here, one by one; every other error, known or
 * not, may have come after the request had arrived.
 *
 * @returns nothing where the error precedes sending: a credential that is missing or not for this
 *   node, a Base URL or key that the credential refuses, an address that n8n may not ask
 */
export function networkErrorFrom(error: Error & { httpCode?: unknown }): NetworkError | undefined {
  const errors: Array<Error & { code?: unknown }> = [];
  // Five at the most: causes may form a circle.
  for (let one: unknown = error; isObject(one) && errors.length < 5; one = one.cause) {
    errors.push(one as unknown as Error);
  }
  const isOfNode = errors.some((e) => e instanceof UserError || e instanceof NodeOperationError);
  if (isOfNode || error.httpCode === REFUSED_BEFORE_SENDING) return undefined;
  // n8n behavior: version 1 keeps no cause, and the client's code as the status of its own error.
  const codes = [...errors.map(({ code }) => code), error.httpCode];
  const code = codes.find((word): word is string => typeof word === 'string') ?? '';
  const { message } = errors[1] ?? error;
  return new NetworkError(code, !neverSent(code, message), message);
}
