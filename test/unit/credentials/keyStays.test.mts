/** Whatever address a request of any node has, the key only ever goes to the Base URL's origin. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { IHttpRequestOptions } from 'n8n-workflow';

import { ITeraBizApi } from '../../../credentials/ITeraBizApi.credentials.ts';
import { anyText, cases } from '../../shared/cases.mts';
import { pickerContext } from '../engine.mts';

type Request = IHttpRequestOptions & { uri?: string };
type Addresses = Pick<Request, 'uri' | 'baseURL'> & { url?: string };

/**
 * The address that n8n's HTTP client asks, as axios before 1.18 reads it, which newer ones refuse in part:
 * what begins with `scheme://` or `//` is whole, everything else goes behind the base URL.
 */
function requested({ url, uri, baseURL }: Request, page?: string): URL {
  const given = String(url ?? uri ?? '');
  const isWhole = /^([a-z][a-z\d+\-.]*:)?\/\//i.test(given);
  if (!baseURL || isWhole) return new URL(given, page);
  return new URL(
    given ? `${baseURL.replace(/\/?\/$/, '')}/${given.replace(/^\/+/, '')}` : baseURL,
    page,
  );
}

async function authenticate(baseUrl: string, request: Addresses): Promise<Request> {
  return await new ITeraBizApi().authenticate(
    { apiKey: 'key_1', baseUrl },
    request as IHttpRequestOptions,
  );
}

const HOMES = [
  'https://api.iterabiz.com/v1',
  'https://api.iterabiz.com',
  'http://localhost:3000/v1',
];
const HOSTS = [
  'api.iterabiz.com',
  'localhost:3000',
  'localhost',
  'evil.example',
  'evil.example:443',
];

/** Texts that look like addresses, with everything in them perhaps wrong, but seldom all at once. */
const addressOf = (hosts: string[]) => {
  const mostly = (usual: string, ...others: string[]) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
  return fc.oneof(
    fc
      .tuple(
        mostly('', ' ', '\t', '\n', '\u0000', '\ufeff', '\u200b', '"'),
        fc.constantFrom('', 'https:', 'http:', 'HTTPS:', 'ht\ttps:', 'ftp:', 'javascript:'),
        mostly('//', '', '/', '///', '\\', '\\\\', '/\\', '\\/', '/\t/', '/\n/', ' //'),
        mostly('', 'user@', 'user:pass@', 'api.iterabiz.com@', '@'),
        fc.constantFrom('', ...hosts),
        fc.constantFrom('', '/v1/videos', '/x?y=z', '\\@evil.example', '?@evil.example'),
        mostly('', '#//evil.example', '/..//evil.example', ' ', '\r\nHost: evil.example'),
      )
      .map((parts) => parts.join('')),
    fc.constantFrom('/videos', '/v1/../x', '//evil.example/x', '/\\evil.example', '/ x?y=ü#z'),
    anyText(),
  );
};
const addressesWith = (hosts: string[]) =>
  fc.record(
    { url: addressOf(hosts), uri: addressOf(hosts), baseURL: addressOf(hosts) },
    { requiredKeys: [] },
  );

test('The address that is asked is at the origin of the Base URL, or nothing is asked', async () => {
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...HOMES), addressesWith(HOSTS), async (home, addresses) => {
      const request = await authenticate(home, addresses).catch(() => undefined);
      if (!request) return;
      sent++;
      // Versions of axios differ in what a text without a host is relative to.
      for (const page of [undefined, 'http://localhost', 'http://evil.example']) {
        expect(requested(request, page).origin).toBe(new URL(home).origin);
      }
      expect(request).toEqual({ ...request, url: requested(request).href });
    }),
    { numRuns: cases(2_000) },
  );
  expect(sent).toBeGreaterThan(30);
});

test.each([
  ['https:evil.example/x'],
  ['HTTPS:evil.example/x'],
  ['https:/evil.example/x'],
  ['http:evil.example/x'],
  ['https:\\evil.example/x'],
  ['///evil.example/x'],
  ['/\\evil.example/x'],
  ['\\/evil.example/x'],
  ['evil.example/x'],
  ['https://api.iterabiz.com\\@evil.example/x'],
  ['https://user:pass@api.iterabiz.com/v1/x'],
  ['ht\ntps://evil.example'],
  [''],
])('%j is refused, as url, as uri and as base URL', async (address) => {
  for (const request of [
    { url: address },
    { uri: address },
    { url: '/videos', baseURL: address },
    { uri: address, baseURL: HOMES[0] },
  ]) {
    await expect(authenticate(HOMES[0], request)).rejects.toThrow(
      'is only sent to https://api.iterabiz.com, not to',
    );
  }
});

describe("Through n8n's own request helpers", () => {
  const servers: Server[] = [];
  const keys: Record<string, Set<string | undefined>> = {};

  async function listen(name: string): Promise<string> {
    keys[name] = new Set();
    const server = createServer((request: IncomingMessage, response) => {
      keys[name].add(request.headers.authorization);
      response.end('{}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  afterAll(() => servers.forEach((server) => server.close()));

  test('no other server gets a request with the key', async () => {
    const [home, other] = [await listen('home'), await listen('other')];
    const context = pickerContext({ apiKey: 'key_1', baseUrl: `http://${home}/v1` });
    const { httpRequestWithAuthentication, requestWithAuthentication } = context.helpers;
    // For `URL` it leads home, for axios it is a path.
    const hidden = { url: `\thttp://${home}/v1/videos`, baseURL: `http://${other}` };
    await fc.assert(
      fc.asyncProperty(addressesWith([home, other]), fc.boolean(), async (addresses, isOld) => {
        keys.other.clear();
        const send = (isOld ? requestWithAuthentication : httpRequestWithAuthentication) as (
          this: unknown,
          credential: string,
          options: object,
        ) => Promise<unknown>;
        await send.call(context, 'iTeraBizApi', addresses).catch(() => undefined);
        return keys.other.size === 0;
      }),
      {
        numRuns: cases(200),
        examples: [
          [hidden, false],
          [hidden, true],
        ],
      },
    );
    expect(keys.other).toEqual(new Set());
    expect(keys.home).toEqual(new Set(['Bearer key_1']));
  });
});
