import type {
  ICredentialDataDecryptedObject,
  ICredentialTestRequest,
  ICredentialType,
  IHttpRequestOptions,
  INodeProperties,
} from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import {
  isLoopback,
  trimPasted,
  REFUSED_BEFORE_SENDING,
  trimBaseUrl,
} from '../nodes/ITeraBiz/api/address';

/** What the connection test says, by status. */
const REFUSALS = {
  401: 'iTeraBiz does not accept this API key. Copy it again from your iTeraBiz dashboard, or create a new one.',
  403: 'This API key has no access. Check its permissions in your iTeraBiz dashboard, or create a new one.',
  404: 'There is no iTeraBiz API at this Base URL. It is usually https://api.iterabiz.com/v1',
  429: 'iTeraBiz is too busy to check the key. Try again in a minute.',
  503: 'iTeraBiz is too busy to check the key. Try again in a minute.',
};

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
      description: 'Create a key in your iTeraBiz dashboard and paste it here',
    },
    {
      displayName: 'Base URL',
      name: 'baseUrl',
      type: 'string',
      required: true,
      default: 'https://api.iterabiz.com/v1',
      description:
        'The address of the iTeraBiz API. Keep the default unless iTeraBiz gave you another one. The API key is sent nowhere else.',
      // n8n behavior: its connection test shows the network's word and nothing else.
      hint: 'If the test says ECONNREFUSED, ENOTFOUND or EPROTO, nothing answers at this address, or not over https.',
    },
    {
      displayName: 'Max Videos per Day',
      name: 'maxVideosPerDay',
      type: 'number',
      typeOptions: { minValue: 0 },
      default: 0,
      description:
        'The most videos to order within 24 hours, counted for the whole account. Set to 0 for no limit.',
    },
  ];

  authenticate = withKey;

  test: ICredentialTestRequest = {
    request: {
      baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
      url: '/avatars',
      qs: { limit: 1 },
      disableFollowRedirect: true,
    },
    // n8n behavior: it goes through one list for both kinds of rule; its type knows only lists of one kind.
    rules: [
      ...Object.entries(REFUSALS).map(([status, message]) => ({
        type: 'responseCode',
        properties: { value: Number(status), message },
      })),
      {
        type: 'responseSuccessBody',
        properties: {
          key: 'data',
          value: undefined,
          message:
            'This Base URL leads to something other than the iTeraBiz API, such as a web page. It is usually https://api.iterabiz.com/v1',
        },
      },
    ] as ICredentialTestRequest['rules'],
  };
}

/** Without anything that programs read in different ways. */
const PLAIN_ADDRESS = /^https?:\/\/[^/\\\s][^\\\p{Cc}]*$/iu;

/** One slash: two, or a backslash after it, lead to another host. */
const PLAIN_PATH = /^\/(?![/\\])/;

/**
 * A request with the API key, if it goes to the origin of the Base URL. A path gets the Base URL here. n8n
 * behavior: asking for the credential beforehand would cost a query each time.
 *
 * n8n's own HTTP Request node passes here too, where a user or an AI model may enter any address. n8n
 * behavior: that node says `uri`; told so here, n8n takes the key off again on a redirect to another host.
 *
 * Invariant: the HTTP client gets the address that was checked, never the text that was given, which it
 * may read in another way: for `URL`, `https:host/x` is a path, for axios before 1.18 another host.
 *
 * @throws {UserError} for a key or Base URL that cannot work, and for a request to another host
 */
async function withKey(
  { apiKey, baseUrl }: ICredentialDataDecryptedObject,
  { uri, baseURL, ...options }: IHttpRequestOptions & { uri?: string },
): Promise<IHttpRequestOptions> {
  const home = homeOf(baseUrl);
  const given = String(options.url ?? uri ?? '').trim();
  const isPath = PLAIN_PATH.test(given);
  const target = parsed(isPath ? trimBaseUrl(baseURL ?? home.href) + given : given);
  if (target?.origin !== home.origin || hasLogin(target)) {
    throw refusal(
      `The API key of this credential is only sent to ${home.origin}, not to ${target?.origin ?? 'an unclear address'}`,
      `Start the URL with one slash, as in /videos, or with ${home.origin}/. For another service, use another credential.`,
    );
  }
  return {
    ...options,
    url: target.href,
    headers: { ...options.headers, Authorization: `Bearer ${keyFrom(apiKey)}` },
    sendCredentialsOnCrossOriginRedirect: false,
  };
}

/** The Base URL, if a key may be sent there. Its text is not quoted: people paste keys into it. */
function homeOf(entered: unknown): URL {
  const home = parsed(trimBaseUrl(entered));
  const what = 'The Base URL of the iTeraBiz credential';
  if (!home) {
    throw refusal(`${what} is not a web address. It is usually https://api.iterabiz.com/v1`);
  }
  if (hasLogin(home)) {
    throw refusal(
      `${what} contains a user name or password. Remove everything between // and @, and enter your API key under API Key`,
    );
  }
  if (home.protocol === 'http:' && !isLoopback(home.hostname)) {
    throw refusal(
      `${what} begins with http://, over which others could read the API key. Change it to https://`,
      'Nothing was sent. Only an iTeraBiz on this same computer, as at http://localhost, can be used without https.',
    );
  }
  return home;
}

function parsed(address: string): URL | undefined {
  return PLAIN_ADDRESS.test(address) && URL.canParse(address) ? new URL(address) : undefined;
}

function hasLogin({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

function keyFrom(entered: unknown): string {
  const key = trimPasted(entered);
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const what = 'The API Key of the iTeraBiz credential';
  if (key === '') throw refusal(`${what} is empty. Copy it from your iTeraBiz dashboard`);
  throw refusal(
    `${what} contains a character that no key has, such as a space. Copy only the key from your iTeraBiz dashboard, as in sk_live_abc123`,
  );
}

/** The message stands alone. n8n behavior: its connection test shows no description. */
function refusal(message: string, description?: string): UserError {
  const error = new UserError(message, { description });
  return Object.assign(error, { httpCode: REFUSED_BEFORE_SENDING });
}
