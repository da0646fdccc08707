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

const USUAL_ADDRESS = 'It is usually https://api.iterabiz.com/v1';
const TOO_BUSY = 'iTeraBiz is too busy to check the key. Try again in a minute.';

/** Messages of the connection test, by status. */
const REFUSALS = {
  401: 'iTeraBiz does not accept this API key. Copy it again from your iTeraBiz dashboard, or create a new one.',
  403: 'This API key has no access. Check its permissions in your iTeraBiz dashboard, or create a new one.',
  404: `There is no iTeraBiz API at this Base URL. ${USUAL_ADDRESS}`,
  429: TOO_BUSY,
  503: TOO_BUSY,
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
      // n8n behavior: its connection test shows nothing but the network's error code.
      hint: 'If the test says ECONNREFUSED, ENOTFOUND or EPROTO, nothing answers at this address, or not over https.',
    },
    {
      displayName: 'Max Videos per Day',
      name: 'maxVideosPerDay',
      type: 'number',
      typeOptions: { minValue: 0 },
      default: 0,
      description:
        'The most videos that nodes with this credential may order within 24 hours, counting all videos of the account. Set to 0 for no limit.',
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
    // n8n behavior: it accepts both kinds of rule in one list. Its type allows only one kind per list.
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
          message: `This Base URL leads to something other than the iTeraBiz API, such as a web page. ${USUAL_ADDRESS}`,
        },
      },
    ] as ICredentialTestRequest['rules'],
  };
}

/** Excludes everything that URL parsers disagree on. */
const PLAIN_ADDRESS = /^https?:\/\/[^/\\\s][^\\\p{Cc}]*$/iu;

/** Starts with one slash: two, or a slash and a backslash, lead to another host. */
const PLAIN_PATH = /^\/(?![/\\])/;

/**
 * Adds the API key to a request, if it goes to the origin of the Base URL. A path is resolved here, not by
 * the caller. n8n behavior: reading the credential first would cost a database query per request.
 *
 * n8n behavior: its HTTP Request node passes here too, with `uri` set to any address that a user or an AI
 * model enters. `sendCredentialsOnCrossOriginRedirect: false` drops the key on a redirect to another host.
 *
 * Invariant: the HTTP client gets the parsed URL that was checked, never the original text, which it may
 * parse differently: `https:host/x` is a path for `URL`, but another host for axios before 1.18.
 * @throws {UserError} for a key or Base URL that cannot work, and for a request to another host
 */
async function withKey(
  { apiKey, baseUrl }: ICredentialDataDecryptedObject,
  { uri, baseURL, ...options }: IHttpRequestOptions & { uri?: string },
): Promise<IHttpRequestOptions> {
  const base = parseBaseUrl(baseUrl);
  const address = String(options.url ?? uri ?? '').trim();
  const isPath = PLAIN_PATH.test(address);
  const target = parseUrl(isPath ? trimBaseUrl(baseURL ?? base.href) + address : address);
  if (target?.origin !== base.origin || hasLogin(target)) {
    const where = target?.origin === base.origin ? undefined : target?.origin;
    throw refusal(
      `The API key of this credential is only sent to ${base.origin}, not to ${where ?? 'an invalid address'}`,
      `Begin the URL with ${base.origin}/. For another service, use another credential.`,
    );
  }
  return {
    ...options,
    url: target.href,
    headers: { ...options.headers, Authorization: `Bearer ${keyFrom(apiKey)}` },
    sendCredentialsOnCrossOriginRedirect: false,
  };
}

/** The Base URL, if a key may be sent there. Errors don't quote it: users sometimes paste a key into it. */
function parseBaseUrl(entered: unknown): URL {
  const field = 'The Base URL of the iTeraBiz credential';
  const base = parseUrl(trimBaseUrl(entered));
  if (!base) throw refusal(`${field} is not a web address. ${USUAL_ADDRESS}`);
  if (hasLogin(base)) {
    throw refusal(
      `${field} contains a user name or password. Remove everything between // and @, and enter your API key under API Key`,
    );
  }
  if (base.protocol === 'http:' && !isLoopback(base.hostname)) {
    throw refusal(
      `${field} begins with http://, over which others could read the API key. Change it to https://`,
      'Nothing was sent. Only an iTeraBiz on this same computer, as at http://localhost, can be used without https.',
    );
  }
  return base;
}

function parseUrl(address: string): URL | undefined {
  return PLAIN_ADDRESS.test(address) && URL.canParse(address) ? new URL(address) : undefined;
}

function hasLogin({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}

function keyFrom(entered: unknown): string {
  const key = trimPasted(entered);
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const field = 'The API Key of the iTeraBiz credential';
  if (key === '') throw refusal(`${field} is empty. Copy it from your iTeraBiz dashboard`);
  throw refusal(
    `${field} contains a character that keys never contain, such as a space. Copy only the key, such as sk_live_abc123 and without "Bearer", from your iTeraBiz dashboard`,
  );
}

/** The message must stand alone. n8n behavior: its connection test shows no description. */
function refusal(message: string, description?: string): UserError {
  const error = new UserError(message, { description });
  return Object.assign(error, { httpCode: REFUSED_BEFORE_SENDING });
}
