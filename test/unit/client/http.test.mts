import type { INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError, UserError } from 'n8n-workflow';

import {
  baseUrlOf,
  networkErrorFrom,
  openFile,
  type RequestContext,
  send,
} from '../../../nodes/ITeraBiz/client/http.ts';
import { REFUSED_BEFORE_SENDING } from '../../../nodes/ITeraBiz/api/address.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';

/** What n8n's request helper throws: its own error around the one of its HTTP client. */
const wrapped = (cause: object) => Object.assign(new Error('n8n says no'), { cause });
const node = { name: 'iTeraBiz', type: 'iTeraBiz' } as INode;
const network = (code?: string) => Object.assign(new Error('client says no'), { code });

/** A context whose request helper answers, or throws, and notes what it was asked. */
function contextWith(outcome: object, baseUrl = ' https://api.example/v1// ') {
  const asked: unknown[] = [];
  const context = {
    getCredentials: async (name: string) => ({ baseUrl: name === 'iTeraBizApi' ? baseUrl : '' }),
    helpers: {
      httpRequestWithAuthentication: async (credential: string, options: object) => {
        asked.push({ credential, ...options });
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    },
  };
  return { context: context as unknown as RequestContext, asked };
}

describe('Why no answer came', () => {
  test.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ERR_INVALID_URL',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('%s: nothing was sent', (code) => {
    expect(networkErrorFrom(wrapped(network(code)))).toMatchObject({ code, maybeSent: false });
  });

  test('there was no way to the host: nothing was sent', () => {
    const unreachable = Object.assign(new Error('connect EHOSTUNREACH 192.0.2.1:443'), {
      code: 'EHOSTUNREACH',
    });
    expect(networkErrorFrom(wrapped(unreachable))).toMatchObject({ maybeSent: false });
  });

  test.each([
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ECONNABORTED',
    'EPIPE',
    'ERR_BAD_RESPONSE',
    'NEW_ONE',
  ])('%s: it may have arrived', (code) => {
    const failure = networkErrorFrom(wrapped(network(code)));
    expect(failure).toBeInstanceOf(NetworkError);
    expect(failure).toMatchObject({ code, maybeSent: true, message: 'client says no' });
  });

  test('is read from an error that n8n did not wrap', () => {
    expect(networkErrorFrom(network('ECONNRESET'))).toMatchObject({ code: 'ECONNRESET' });
  });

  test('an error of the HTTP client without a code may mean that it arrived', () => {
    const cause = Object.assign(new Error('aborted'), { isAxiosError: true });
    expect(networkErrorFrom(wrapped(cause))).toMatchObject({ code: '', maybeSent: true });
  });

  test('is read from an error of n8n 1, which has no cause', () => {
    const error = Object.assign(new Error('n8n says no'), { cause: undefined });
    const withStatus = (httpCode: string | null) => Object.assign(error, { httpCode });
    expect(networkErrorFrom(withStatus('ECONNREFUSED'))).toMatchObject({ maybeSent: false });
    expect(networkErrorFrom(withStatus('ECONNRESET'))).toMatchObject({ maybeSent: true });
    expect(networkErrorFrom(withStatus(null))).toMatchObject({ code: '', maybeSent: true });
    expect(networkErrorFrom(withStatus(REFUSED_BEFORE_SENDING))).toBeUndefined();
  });

  test('is read from however far down it stands, as in the errors of fetch', () => {
    const fetchFailed = (cause?: unknown) => wrapped(new TypeError('fetch failed', { cause }));
    const maybe = { code: 'UND_ERR_SOCKET', maybeSent: true, message: 'fetch failed' };
    expect(networkErrorFrom(fetchFailed(network('UND_ERR_SOCKET')))).toMatchObject(maybe);
    const no = { code: 'ECONNREFUSED', maybeSent: false };
    expect(networkErrorFrom(fetchFailed(network('ECONNREFUSED')))).toMatchObject(no);
  });

  test('an error that nobody knows may mean that it arrived', () => {
    for (const error of [
      new Error('unheard of'),
      wrapped(new TypeError('fetch failed')),
      wrapped({}),
      wrapped(network('ENOSPC')),
      Object.assign(new Error('x'), { code: 5 }),
      Object.assign(new Error('in a circle'), { cause: undefined as unknown }),
    ]) {
      expect(networkErrorFrom(error)).toMatchObject({ maybeSent: true });
    }
    const circle = new Error('in a circle') as Error & { cause?: unknown };
    circle.cause = circle;
    expect(networkErrorFrom(circle)).toMatchObject({ code: '', maybeSent: true });
  });

  test.each([
    ['a missing credential', new NodeOperationError(node, 'no credential')],
    ['a Base URL that the credential refuses', new UserError('no web address')],
  ])('%s precedes sending: there is nothing to answer', (_, error) => {
    expect(networkErrorFrom(error)).toBeUndefined();
    expect(networkErrorFrom(new NodeApiError(node, error as never))).toBeUndefined();
  });
});

describe('A file', () => {
  const film = { statusCode: 200, headers: {}, body: 'a stream' };
  const url = 'https://files.example/film';

  /** Which helper was asked, and with what. */
  function opening(outcome: object = film) {
    const { context, asked } = contextWith(outcome, 'https://api.example/v1');
    const plain: object[] = [];
    const httpRequest = async (options: object) => {
      plain.push(options);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
    Object.assign(context.helpers, { httpRequest });
    return { context, asked, plain };
  }

  test('comes as a stream, from elsewhere without the key, and no redirect is followed', async () => {
    const { context, asked, plain } = opening();
    expect(await openFile(context, { url, method: 'GET' })).toMatchObject({ status: 200 });
    expect(asked).toEqual([]);
    expect(plain).toMatchObject([
      { url, json: false, encoding: 'stream', disableFollowRedirect: true },
    ]);
  });

  test.each(['https://api.example/files/film', 'https://API.example:443/film'])(
    'of the API itself comes with the key: %s',
    async (own) => {
      const { context, asked, plain } = opening();
      await openFile(context, { url: own });
      expect(asked).toMatchObject([
        { credential: 'iTeraBizApi', json: false, encoding: 'stream', disableFollowRedirect: true },
      ]);
      expect(plain).toEqual([]);
    },
  );

  test.each([
    'https://api.example.evil/film',
    'http://api.example/film',
    'https://api.example:8443/',
  ])('of an address that only looks like it comes without: %s', async (other) => {
    const { context, asked } = opening();
    await openFile(context, { url: other });
    expect(asked).toEqual([]);
  });

  test('that does not come says why', async () => {
    const { context } = opening(network('ECONNRESET'));
    expect(await openFile(context, { url })).toBeInstanceOf(NetworkError);
  });
});

describe('A request', () => {
  const response = { statusCode: 418, headers: { a: 'b' }, body: 'tea' };

  test('goes out with the credential, which knows the base URL, and follows no redirect', async () => {
    const { context, asked } = contextWith(response);
    await send(context, { url: '/videos', method: 'GET', timeout: 5 });
    expect(asked).toEqual([
      {
        credential: 'iTeraBizApi',
        url: '/videos',
        method: 'GET',
        timeout: 5,
        json: true,
        encoding: 'text',
        returnFullResponse: true,
        ignoreHttpStatusErrors: true,
        disableFollowRedirect: true,
      },
    ]);
  });

  test('returns the answer whatever its status', async () => {
    const { context } = contextWith(response);
    const answer = { status: 418, headers: { a: 'b' }, body: 'tea' };
    expect(await send(context, { url: '' })).toEqual(answer);
  });

  test('reads JSON without rounding, and leaves a stream alone', async () => {
    const text = contextWith({ ...response, body: '{"id":1234567890123456789}' });
    expect(await send(text.context, { url: '' })).toMatchObject({
      body: { id: '1234567890123456789' },
    });
    const stream = contextWith({ ...response, body: ['7'] });
    expect(await send(stream.context, { url: '' })).toMatchObject({ body: ['7'] });
  });

  // n8n sets the signal of the execution itself.
  test.each([true, false])('breaks off only by its own signal, if any: %p', async (hasOne) => {
    const signal = hasOne ? new AbortController().signal : undefined;
    const { context } = contextWith(response);
    const seen: unknown[] = [];
    context.helpers.httpRequestWithAuthentication = async (_, options) => {
      seen.push(options.abortSignal);
      options.abortSignal = AbortSignal.abort();
      seen.push(options.abortSignal);
      return response;
    };
    await send(context, { url: '', abortSignal: signal });
    expect(seen).toEqual([signal, signal]);
  });

  test('without an answer gives back why', async () => {
    const { context } = contextWith(wrapped(network('ECONNRESET')));
    expect(await send(context, { url: '' })).toBeInstanceOf(NetworkError);
  });

  test('that n8n never came to sign is known not to have been sent', async () => {
    const { context } = contextWith(response);
    context.helpers.httpRequestWithAuthentication = async () =>
      await Promise.reject(wrapped(network('57P01')));
    const outcome = await send(context, { url: '' });
    expect(outcome).toMatchObject({ code: '57P01', maybeSent: false });
  });

  test('without a signal of its own may have been sent all the same', async () => {
    const { context } = contextWith(wrapped(network('ECONNRESET')));
    expect(await send(context, { url: '' })).toMatchObject({ maybeSent: true });
  });

  test('throws what precedes sending', async () => {
    const { context } = contextWith(new UserError('no credential'));
    await expect(send(context, { url: '' })).rejects.toThrow('no credential');
  });

  test.each([
    ['https://api.example/v1', 'https://api.example/v1'],
    [' https://api.example/v1/ ', 'https://api.example/v1'],
    ['https://api.example/v1///', 'https://api.example/v1'],
  ])('the base URL "%s" counts as %s', async (written, read) => {
    expect(await baseUrlOf(contextWith({}, written).context)).toBe(read);
  });
});
