import type { IAllExecuteFunctions, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';
import { NodeOperationError, UserError } from 'n8n-workflow';

import { REFUSED_BEFORE_SENDING, trimBaseUrl } from '../api/address';
import { isObject, jsonOrText } from '../api/json';
import { NetworkError, neverSent, type Outcome } from '../api/response';

export type RequestContext = IAllExecuteFunctions;

/** Returns every response as it came. n8n behavior: some redirects take the API key to another host. */
const RAW_RESPONSE = {
  returnFullResponse: true,
  ignoreHttpStatusErrors: true,
  disableFollowRedirect: true,
};

/**
 * Sends one request with the user's credential; a path gets its Base URL.
 * @throws errors from before sending, e.g. a missing credential: the API received nothing
 */
export async function send(
  context: RequestContext,
  options: IHttpRequestOptions,
): Promise<Outcome> {
  const { httpRequestWithAuthentication } = context.helpers;
  // As text, since JSON.parse would round long IDs.
  const request = { json: true, encoding: 'text' as const, ...options, ...RAW_RESPONSE };
  // n8n behavior: it sets the execution's signal on the request. But a submission under way must get its
  // response, even if the execution is canceled: it may have been accepted.
  // n8n behavior: the same call reads the credential from its database first, which may fail. Then the credential's
  // `authenticate` copies the request, which reads the signal.
  let mayBeSent = false;
  const get = () => {
    mayBeSent = true;
    return options.abortSignal;
  };
  // Enumerable, or the copy would lack it, and what was sent would count as unsent.
  Object.defineProperty(request, 'abortSignal', { get, set: () => {}, enumerable: true });
  const sending = httpRequestWithAuthentication.call(context, 'iTeraBizApi', request);
  const outcome = await toOutcome(sending);
  if (!(outcome instanceof NetworkError) || mayBeSent) return outcome;
  return new NetworkError(outcome.code, false, outcome.message);
}

/**
 * Opens a file; the body is a stream, whatever the status. Invariant: the API key is sent only to the API's
 * own origin, and no redirect is followed.
 * @throws as {@link send}
 */
export async function openFile(
  context: RequestContext,
  options: IHttpRequestOptions,
): Promise<Outcome> {
  const request = { ...options, json: false, encoding: 'stream' as const };
  const home = new URL(await baseUrlOf(context));
  if (new URL(options.url).origin === home.origin) return await send(context, request);
  return await toOutcome(context.helpers.httpRequest({ ...request, ...RAW_RESPONSE }));
}

async function toOutcome(request: Promise<unknown>): Promise<Outcome> {
  const response = request.then((raw) => {
    const { statusCode: status, headers, body } = raw as IN8nHttpFullResponse;
    return { status, headers, body: typeof body === 'string' ? jsonOrText(body) : body };
  });
  return await response.catch(
    (error: Error) => networkErrorFrom(error) ?? Promise.reject<NetworkError>(error),
  );
}

/** The credential's base URL, without a trailing slash. */
export async function baseUrlOf(context: RequestContext): Promise<string> {
  const { baseUrl } = await context.getCredentials<{ baseUrl: string }>('iTeraBizApi');
  return trimBaseUrl(baseUrl);
}

/**
 * The network error behind a failed request. n8n behavior: it wraps its HTTP client's error, which may wrap
 * the network's. Invariant: errors from before sending are recognized here, one by one; any other, known or
 * not, may have come after the request arrived.
 * @returns `undefined` for an error from before sending: a credential that is missing or not for this node,
 *   a Base URL or key that the credential refuses, a URL that n8n must not request
 */
export function networkErrorFrom(error: Error & { httpCode?: unknown }): NetworkError | undefined {
  const errors: Array<Error & { code?: unknown }> = [];
  // At most five: causes may be circular.
  for (let cause: unknown = error; isObject(cause) && errors.length < 5; cause = cause.cause) {
    errors.push(cause as unknown as Error);
  }
  const isFromN8n = errors.some((e) => e instanceof UserError || e instanceof NodeOperationError);
  if (isFromN8n || error.httpCode === REFUSED_BEFORE_SENDING) return undefined;
  // n8n behavior: version 1 drops the cause, and puts its HTTP client's code into `httpCode`.
  const codes = [...errors.map(({ code }) => code), error.httpCode];
  const code = codes.find((value): value is string => typeof value === 'string') ?? '';
  const { message } = errors[1] ?? error;
  return new NetworkError(code, !neverSent(code, message), message);
}
