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
import { type ApiResponse, NetworkError, neverSent } from '../api/response';
import { isObject, jsonOrText } from '../api/json';
import { now, pause } from './time';

/** Every n8n context from which this package asks the API something. */
export type Requester =
  | IExecuteFunctions
  | IExecuteSingleFunctions
  | IHookFunctions
  | ILoadOptionsFunctions
  | IPollFunctions
  | IWebhookFunctions;

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
  const sender = options.method === 'POST' ? withoutItsSignal(context) : context;
  return await answerOf(
    async () =>
      await httpRequestWithAuthentication.call(sender, 'iTeraBizApi', {
        json: true,
        // As text, since JSON.parse would round long IDs.
        encoding: 'text',
        ...options,
        ...AS_IT_IS,
      }),
  );
}

/**
 * n8n behavior: it puts the execution's signal in place of ours, where the context has one. But a
 * submission on its way is to be answered although the execution is canceled: it may be accepted.
 */
function withoutItsSignal<T extends Requester>(context: T): T {
  const has = (target: T, name: string | symbol) =>
    name !== 'getExecutionCancelSignal' && name in target;
  return new Proxy(context, { has });
}

/** Every answer is returned as it came. */
const AS_IT_IS = {
  returnFullResponse: true,
  ignoreHttpStatusErrors: true,
  disableFollowRedirect: true,
};

async function answerOf(ask: () => Promise<unknown>): Promise<ApiResponse | NetworkError> {
  const answered = ask().then((response) => {
    const { statusCode: status, headers, body } = response as IN8nHttpFullResponse;
    return { status, headers, body: typeof body === 'string' ? jsonOrText(body) : body };
  });
  return await answered.catch(
    (error: Error) => networkErrorFrom(error) ?? (Promise.reject(error) as Promise<never>),
  );
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

/**
 * What a task makes of a stream, as long as something comes of it from time to time. n8n behavior: its
 * timeout is for the answer alone, and a file that stalls would never end.
 *
 * @param patience between two pieces, in milliseconds
 * @param stop ends the stream. n8n behavior: it may be one whose `destroy` waits for the next piece.
 */
export async function unlessStalled<T>(
  body: unknown,
  patience: number,
  stop: () => void,
  task: () => Promise<T>,
): Promise<T> {
  const stream = body as FileStream;
  const end = new AbortController();
  let last = now();
  // Listening for data would take it away from whoever comes to read it.
  const push = stream.push.bind(stream);
  stream.push = (...bytes) => {
    last = now();
    return push(...bytes);
  };
  const watch = async () => {
    for (let left = patience; left > 0; left = last + patience - now()) {
      await pause(left, end.signal);
    }
    stop();
  };
  watch().catch(() => {});
  try {
    return await task();
  } finally {
    end.abort();
  }
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

/** The part of a Node.js stream that matters here. */
interface FileStream {
  read(): Buffer | null;
  unshift(bytes: Buffer): void;
  once(event: string, listener: (error?: Error) => void): void;
  off(event: string, listener: (error?: Error) => void): void;
  push(...bytes: unknown[]): boolean;
  readableEnded: boolean;
  destroyed: boolean;
}

/** How many bytes tell what a file is. */
const ENOUGH = 64;

/**
 * The first bytes of a stream, and all of it to go on with: the stream, or its bytes where that is all
 * there is.
 *
 * @throws {NetworkError} where it breaks off before
 */
export async function firstBytesOf(body: unknown): Promise<{ first: Buffer; rest: unknown }> {
  const stream = body as FileStream;
  let first: Buffer | undefined;
  while (!first || first.length < ENOUGH) {
    const more = await nextBytes(stream);
    if (!more) return { first: first ?? Buffer.alloc(0), rest: first ?? Buffer.alloc(0) };
    first = first ? Buffer.concat([first, more]) : more;
  }
  stream.unshift(first);
  return { first, rest: stream };
}

/**
 * Lets go of what came for a file, so that its connection ends. n8n behavior: a body of which nothing was
 * read keeps its connection open for good, also once it is destroyed.
 */
export async function discard(body: unknown): Promise<void> {
  await firstBytesOf(body).catch(() => {});
  (body as { destroy(): void }).destroy();
}

async function nextBytes(stream: FileStream): Promise<Buffer | null> {
  const bytes = stream.read();
  if (bytes || stream.readableEnded) return bytes;
  await new Promise<void>((resolve, reject) => {
    const events = ['readable', 'end', 'close', 'error'];
    const settle = (error?: Error) => {
      events.forEach((event) => stream.off(event, settle));
      if (error) reject(networkErrorFrom(error) ?? error);
      else resolve();
    };
    events.forEach((event) => stream.once(event, settle));
  });
  const more = stream.read();
  if (more || stream.readableEnded || !stream.destroyed) return more;
  throw new NetworkError('ECONNRESET', true, 'The file broke off');
}
