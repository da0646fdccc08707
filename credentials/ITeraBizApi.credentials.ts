import type {
  ICredentialDataDecryptedObject,
  ICredentialTestRequest,
  ICredentialType,
  IHttpRequestOptions,
  INodeProperties,
} from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { isLoopback, REFUSED_BEFORE_SENDING, trimBaseUrl } from '../nodes/ITeraBiz/api/address';

/** Access to iTeraBiz: an API key, and where the API is. */
export class ITeraBizApi implements ICredentialType {
  name = 'iTeraBizApi';

  displayName = 'iTeraBiz API';

  icon = {
    light: 'file:../nodes/ITeraBiz/iterabiz.svg',
    dark: 'file:../nodes/ITeraBiz/iterabiz.dark.svg',
  } as const;

  documentationUrl = 'https://github.com/iterabiz/n8n-nodes-iterabiz#credentials';

  httpRequestNode = {
    name: 'iTeraBiz',
    docsUrl: 'https://github.com/iterabiz/n8n-nodes-iterabiz#credentials',
    apiBaseUrl: 'https://api.iterabiz.com/v1/',
  };

  properties: INodeProperties[] = [
    {
      displayName: 'API Key',
      name: 'apiKey',
      type: 'string',
      typeOptions: { password: true },
      required: true,
      default: '',
      placeholder: 'e.g. sk_live_abc123',
      description: 'The key that you make in your iTeraBiz dashboard',
    },
    {
      displayName: 'Base URL',
      name: 'baseUrl',
      type: 'string',
      required: true,
      default: 'https://api.iterabiz.com/v1',
      description: 'The address of the iTeraBiz API. The API key is sent nowhere else.',
      // n8n behaviour: its connection test shows the network's word and nothing else.
      hint: 'Leave it as it is, unless iTeraBiz gave you another address. If the test says only ECONNREFUSED, ENOTFOUND or EPROTO, nothing answers at this address, or not over https.',
    },
  ];

  authenticate = async (
    credentials: ICredentialDataDecryptedObject,
    options: IHttpRequestOptions,
  ): Promise<IHttpRequestOptions> => withKey(credentials, options);

  test: ICredentialTestRequest = {
    request: {
      baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
      url: '/avatars',
      qs: { limit: 1 },
      disableFollowRedirect: true,
    },
    // n8n behaviour: it goes through one list for both kinds of rule; its type knows only lists of one kind.
    rules: [
      whenStatus(
        401,
        'iTeraBiz does not accept this API key. Copy it again from your iTeraBiz dashboard, or make a new one there.',
      ),
      whenStatus(
        403,
        'iTeraBiz does not let this API key in. Check in your iTeraBiz dashboard what it may do, or make a new one there.',
      ),
      whenStatus(
        404,
        'There is no iTeraBiz API at this Base URL. It is usually https://api.iterabiz.com/v1',
      ),
      whenStatus(429, 'iTeraBiz is too busy to check the key. Try again in a minute.'),
      whenStatus(503, 'iTeraBiz is too busy to check the key. Try again in a minute.'),
      {
        type: 'responseSuccessBody',
        properties: {
          key: 'data',
          value: undefined,
          message:
            'What answers at this Base URL is not the iTeraBiz API, but perhaps a web page. The Base URL is usually https://api.iterabiz.com/v1',
        },
      },
    ] as ICredentialTestRequest['rules'],
  };
}

function whenStatus(value: number, message: string) {
  return { type: 'responseCode', properties: { value, message } } as const;
}

/**
 * A request with the API key, if it goes to where the credential says that the API is. A path alone
 * gets the base URL. So nobody has to ask n8n for the credential beforehand. n8n behaviour: each time
 * costs a query and, outside an execution, as in a trigger, an engine for expressions.
 *
 * Everything that uses the credential passes here, n8n's own HTTP Request node too, where the user
 * may enter any address. So this is where the key is kept from other hosts, and from plain http,
 * which anyone on the way can read. n8n behaviour: told so here, it takes the key off again on a redirect
 * to another host.
 *
 * The messages stand alone. n8n behaviour: its connection test shows no description.
 *
 * @throws {UserError} for a key or Base URL that cannot work, and for a request to another host
 */
function withKey(
  credentials: ICredentialDataDecryptedObject,
  options: IHttpRequestOptions & { uri?: string },
): IHttpRequestOptions {
  const baseUrl = trimBaseUrl(credentials.baseUrl);
  const home = originOf(baseUrl);
  // n8n behaviour: its HTTP Request node says `uri`.
  const address = options.url ?? options.uri ?? '';
  const baseURL = options.baseURL ?? (address.startsWith('/') ? baseUrl : undefined);
  const target = new URL(address, baseURL ?? home).origin;
  if (target !== home) {
    throw refusal(
      `The API key of this credential is only sent to ${home}, not to ${target}`,
      'Use another credential for that address. If iTeraBiz has moved there, change the Base URL of this credential.',
    );
  }
  return {
    ...options,
    ...(baseURL !== undefined && { baseURL }),
    headers: { ...options.headers, Authorization: `Bearer ${keyFrom(credentials)}` },
    sendCredentialsOnCrossOriginRedirect: false,
  };
}

/** The scheme, host and port of a base URL over which a key may be sent. */
function originOf(baseUrl: string): string {
  const { protocol, hostname, origin } = parsed(baseUrl);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return origin;
  if (protocol === 'http:') {
    throw refusal(
      'The Base URL of the iTeraBiz credential begins with http://, over which others could read the API key. Change it to https://',
      'Nothing was sent. Only an iTeraBiz on this very computer, as at http://localhost, may be used without https.',
    );
  }
  throw notAnAddress(baseUrl);
}

function parsed(baseUrl: string): URL {
  try {
    return new URL(baseUrl);
  } catch {
    throw notAnAddress(baseUrl);
  }
}

function notAnAddress(baseUrl: string): UserError {
  return refusal(
    `The Base URL of the iTeraBiz credential is no web address: "${baseUrl}". It is usually https://api.iterabiz.com/v1`,
  );
}

function keyFrom({ apiKey }: ICredentialDataDecryptedObject): string {
  const key = String(apiKey ?? '').trim();
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw refusal(
    key === ''
      ? 'The API Key of the iTeraBiz credential is empty. Copy it from your iTeraBiz dashboard'
      : 'The API Key of the iTeraBiz credential has a character that no key has, such as a space. Copy it again from your iTeraBiz dashboard, nothing but the key, as in sk_live_abc123',
  );
}

function refusal(message: string, description?: string): UserError {
  return Object.assign(new UserError(message, { description }), {
    httpCode: REFUSED_BEFORE_SENDING,
  });
}
