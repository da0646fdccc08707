import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IHttpRequestOptions } from 'n8n-workflow';

import { ITeraBizApi } from '../../../credentials/ITeraBizApi.credentials.ts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { connectionTest, type Credential, pickerContext } from '../engine.mts';

interface WebServer {
  url: string;
  stop: () => void;
}

/** A web server on loopback. */
async function serve(answer: RequestListener): Promise<WebServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

const credential = { apiKey: 'key_1', baseUrl: 'https://api.iterabiz.com/v1' };

async function authenticate(
  request: Partial<IHttpRequestOptions> & { uri?: string },
  changes: Partial<Credential> = {},
): Promise<IHttpRequestOptions> {
  return await new ITeraBizApi().authenticate(
    { ...credential, ...changes },
    request as IHttpRequestOptions,
  );
}

describe('The key goes along', () => {
  const home = 'https://api.iterabiz.com/v1';
  test.each([
    ['with a path and the base URL', { url: '/videos', baseURL: home }, {}],
    ['with a whole address', { url: `${home}/videos?limit=1` }, {}],
    ['from the HTTP Request node', { uri: `${home}/videos` }, {}],
    ['with a path alone', { url: '/videos' }, {}],
    ['with the port that https has anyway', { url: 'https://api.iterabiz.com:443/x' }, {}],
    ['with blanks around the base URL', { url: `${home}/x` }, { baseUrl: ` ${home}/ \n` }],
    [
      'to localhost',
      { url: 'http://localhost:3000/v1/x' },
      { baseUrl: 'http://localhost:3000/v1' },
    ],
    ['to 127.0.0.1', { url: 'http://127.0.0.1:8/x' }, { baseUrl: 'http://127.0.0.1:8/v1' }],
    ['to 127.1.2.3', { url: 'http://127.1.2.3/x' }, { baseUrl: 'http://127.1.2.3' }],
    ['to [::1]', { url: 'http://[::1]:8/x' }, { baseUrl: 'http://[::1]:8/v1' }],
    [
      'to a name under localhost',
      { url: 'http://a.localhost/x' },
      { baseUrl: 'http://a.localhost' },
    ],
    [
      'over https to any host',
      { url: 'https://proxy.example/x' },
      { baseUrl: 'https://proxy.example' },
    ],
  ])('%s', async (_, request, changes) => {
    const { headers } = await authenticate(request, changes);
    expect(headers).toEqual({ Authorization: 'Bearer key_1' });
  });

  test.each([' key_1\n', '"key_1"', "'key_1' ", '\u201ckey_1\u201d', '\u200bkey_1\ufeff'])(
    'without what copying left around it: %j',
    async (apiKey) => {
      const { headers } = await authenticate({ url: '/x' }, { apiKey });
      expect(headers).toEqual({ Authorization: 'Bearer key_1' });
    },
  );

  test('beside what is there', async () => {
    const request = { url: '/x', method: 'POST', body: { a: 1 }, headers: { A: 'b' } } as const;
    expect(await authenticate(request)).toEqual({
      ...request,
      url: `${credential.baseUrl}/x`,
      headers: { A: 'b', Authorization: 'Bearer key_1' },
      sendCredentialsOnCrossOriginRedirect: false,
    });
  });
});

describe('The base URL', () => {
  const home = 'https://api.iterabiz.com/v1';
  test.each([
    ['is put before a path', { url: '/videos' }, {}, `${home}/videos`],
    ['is put there without quotes', { url: '/videos' }, { baseUrl: `"${home}"` }, `${home}/videos`],
    ['is put there without blanks', { url: '/x' }, { baseUrl: ` ${home}// ` }, `${home}/x`],
    [
      'is put there without its port',
      { url: '/x' },
      { baseUrl: 'https://a.b:443' },
      'https://a.b/x',
    ],
    ['of a request is kept', { url: '/x', baseURL: `${home}/beta/` }, {}, `${home}/beta/x`],
    ['is not put before a whole address', { url: `${home}/x` }, {}, `${home}/x`],
    ['is not put before one of the HTTP Request node', { uri: `${home}/x` }, {}, `${home}/x`],
    ['is put before a path of that node', { uri: '/x' }, {}, `${home}/x`],
    [
      'leaves the rest as a browser spells it',
      { url: ' /a b?ü#c\n' },
      {},
      `${home}/a%20b?%C3%BC#c`,
    ],
  ])('%s', async (_, request, changes, expected) => {
    const result = await authenticate(request, changes);
    expect(result).toEqual({
      url: expected,
      headers: { Authorization: 'Bearer key_1' },
      sendCredentialsOnCrossOriginRedirect: false,
    });
  });

  test.each(['https://user:s3cr3t@api.iterabiz.com/v1', 'https://s3cr3t@api.iterabiz.com'])(
    'with a user or password in it is refused, and not told: %s',
    async (baseUrl) => {
      const error = await authenticate({ url: '/x' }, { baseUrl }).catch((error: unknown) => error);
      expect(error).toMatchObject({ message: expect.stringMatching(/user name or password/) });
      expect(JSON.stringify([error, (error as Error).message])).not.toContain('s3cr3t');
    },
  );
});

describe('The key stays here', () => {
  test.each([
    ['https://evil.example/v1/videos'],
    ['https://api.iterabiz.com.evil.example/'],
    ['https://api.iterabiz.com@evil.example/'],
    ['https://evil.example:443/'],
    ['https://api.iterabiz.com:8443/v1'],
    ['http://api.iterabiz.com/v1/videos'],
    ['http://localhost/'],
    ['//evil.example/x'],
    ['\\\\evil.example/x'],
    [' //evil.example/x'],
    ['/\t/evil.example/x'],
    ['https:\\\\evil.example'],
  ])('for %j', async (url) => {
    const only = 'only sent to https://api.iterabiz.com,';
    await expect(authenticate({ url, baseURL: credential.baseUrl })).rejects.toThrow(only);
    await expect(authenticate({ uri: url })).rejects.toThrow(only);
  });

  test('at its own host, for an address with a login in it', async () => {
    await expect(authenticate({ uri: 'https://me:pw@api.iterabiz.com/v1' })).rejects.toMatchObject({
      message: expect.stringMatching(/not to an invalid address$/),
      description: expect.stringMatching(/^Begin the URL with https:\/\/api\.iterabiz\.com\/\./),
    });
  });

  test('for another base URL', async () => {
    const request = { url: '/videos', baseURL: 'https://evil.example' };
    await expect(authenticate(request)).rejects.toThrow('not to https://evil.example');
  });

  test.each([
    'http://api.iterabiz.com/v1',
    'http://192.168.1.5:3000',
    'http://10.0.0.1',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://127-0-0-1.evil.example',
    'http://evil.example/127.0.0.1',
    'http://0.0.0.0',
    'http://[::]',
  ])('over plain http: %s', async (baseUrl) => {
    const refused = authenticate({ url: '/x' }, { baseUrl });
    await expect(refused).rejects.toThrow(
      'begins with http://, over which others could read the API key. Change it to https://',
    );
  });

  test.each([
    '',
    ' ',
    'sk_live_abc123',
    'api.iterabiz.com/v1',
    'https:api.iterabiz.com/v1',
    'https:\\\\api.iterabiz.com/v1',
    'https:///api.iterabiz.com/v1',
    'ftp://api.iterabiz.com',
    'javascript:alert(1)',
    'https://',
  ])('for the base URL %j', async (baseUrl) => {
    const refused = authenticate({ url: '/x' }, { baseUrl });
    await expect(refused).rejects.toThrow(
      'is not a web address. It is usually https://api.iterabiz.com/v1',
    );
  });

  test.each([
    ['', 'is empty'],
    ['  ', 'is empty'],
    ['Bearer key_1', 'contains a character that keys never contain'],
    ['key\r\nX-Other: 1', 'contains a character that keys never contain'],
    ['schlüssel', 'contains a character that keys never contain'],
  ])('when it is %j, and is not told', async (apiKey, message) => {
    const error = await authenticate({ url: '/x' }, { apiKey }).catch((error: unknown) => error);
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    if (apiKey.trim()) expect(JSON.stringify(error)).not.toContain(apiKey);
  });
});

test('n8n takes the key off on a redirect to another host', async () => {
  const seen: Record<string, unknown> = {};
  const other = await serve(({ headers }, response) => {
    seen.other = headers.authorization;
    response.end('{}');
  });
  const home = await serve(({ headers }, response) => {
    seen.home = headers.authorization;
    response.writeHead(302, { Location: `${other.url}/elsewhere` }).end();
  });
  const context = pickerContext({ apiKey: 'key_1', baseUrl: home.url });
  const { httpRequestWithAuthentication, requestWithAuthentication } = context.helpers;
  try {
    await httpRequestWithAuthentication.call(context, 'iTeraBizApi', { url: `${home.url}/x` });
    expect(seen).toEqual({ home: 'Bearer key_1', other: undefined });

    // The way of n8n's HTTP Request node.
    await requestWithAuthentication.call(context, 'iTeraBizApi', { uri: `${home.url}/x` });
    expect(seen).toEqual({ home: 'Bearer key_1', other: undefined });
  } finally {
    home.stop();
    other.stop();
  }
});

test('Max Videos per Day is off unless a user sets it', () => {
  const limit = new ITeraBizApi().properties.find(({ name }) => name === 'maxVideosPerDay');
  expect(limit).toMatchObject({ type: 'number', default: 0, typeOptions: { minValue: 0 } });
});

test('No hint is longer than the editor shows well', () => {
  for (const { hint = '' } of new ITeraBizApi().properties) expect(hint.length).toBeLessThan(121);
});

describe('The connection test', () => {
  let sandbox: Sandbox;
  let webPage: WebServer;
  beforeAll(async () => {
    sandbox = await startSandbox();
    webPage = await serve((request, response) => {
      response.statusCode = request.url!.startsWith('/missing/') ? 404 : 200;
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Hello</title>');
    });
  });
  afterAll(async () => {
    await sandbox?.stop();
    webPage?.stop();
  });

  const rules = new ITeraBizApi().test.rules!;
  const bodyRule = rules.find(({ type }) => type === 'responseSuccessBody')!.properties as {
    key: string;
    value: unknown;
  };

  test('reads the avatars', async () => {
    const body = await connectionTest({ apiKey: sandbox.apiKey, baseUrl: ` ${sandbox.url}/ ` });
    expect(body).toMatchObject({ data: expect.any(Array) });
    expect((body as Record<string, unknown>)[bodyRule.key]).not.toBe(bodyRule.value);
  });

  test.each([
    ['a wrong key', () => ({ apiKey: 'wrong', baseUrl: sandbox.url }), 401],
    ['a wrong path', () => ({ apiKey: sandbox.apiKey, baseUrl: `${webPage.url}/missing` }), 404],
  ])('has its own words for %s', async (_, wrong, status) => {
    await expect(connectionTest(wrong())).rejects.toMatchObject({
      cause: { response: { status } },
    });
    expect(rules.map(({ properties }) => properties)).toContainEqual({
      value: status,
      message: expect.any(String),
    });
  });

  test('is not satisfied with a web page', async () => {
    const body = await connectionTest({ apiKey: 'key_1', baseUrl: webPage.url });
    expect((body as Record<string, unknown>)[bodyRule.key]).toBe(bodyRule.value);
  });

  test("shows the credential's own refusal", async () => {
    const refused = connectionTest({ apiKey: 'key_1', baseUrl: 'http://api.iterabiz.com/v1' });
    await expect(refused).rejects.toThrow('begins with http://');
  });
});
