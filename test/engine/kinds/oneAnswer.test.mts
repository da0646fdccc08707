/** One answer does not decide for everybody; and many of a kind do. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';

import { cases } from '../../shared/cases.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { textOf } from '../runs/promise.mts';
import { asRetry, createVideo, errorOf, jsonOf, rows } from '../support.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();
const goesOn = { onError: 'continueRegularOutput' } as const;

describe('What stands between n8n and iTeraBiz is said to, and nothing else is blamed', () => {
  const between: [string, Reply, string][] = [
    [
      "Cloudflare's check for bots",
      { status: 403, body: '<!DOCTYPE html><title>Just a moment...</title>' },
      'A firewall, a proxy or a bot check answered',
    ],
    [
      "Cloudflare's block",
      { status: 403, body: 'error code: 1020' },
      'A firewall, a proxy or a bot check answered',
    ],
    [
      "a proxy's 407",
      { status: 407, body: '<html><title>Proxy Authentication Required</title></html>' },
      'A proxy requires its own user name and password',
    ],
  ];

  test.each(between)('%s', async (_, reply, advice) => {
    account.post = () => reply;
    const run = await account.run(createVideo(), { items: rows(1) });
    expect(errorOf(run).message).toMatch(
      /^Something between n8n and iTeraBiz blocked the request to create the video/,
    );
    expect(errorOf(run).description).toContain(advice);
    expect(errorOf(run).description).toContain('your API key and this item are fine');
    expect(account.api.by('GET')).toEqual([]);
  });

  test.each(['http', 'https'])('a real proxy that wants a password, to %s', async (protocol) => {
    const proxy = createServer((_, response) => response.writeHead(407).end());
    proxy.on('connect', (_, socket) => {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const baseUrl = account.url.replace('http:', `${protocol}:`);
      const parameters = createVideo({ requestOptions: { proxy: address } });
      const run = await account.run(parameters, { items: rows(1), baseUrl });
      expect(errorOf(run).message).toMatch(/^Something between n8n and iTeraBiz blocked/);
      expect(textOf(run)).toContain('A proxy requires its own user name and password');
      expect(account.api.asked).toEqual([]);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

test.each([400, 403, 404, 422, 451])('a %i to one row stops no other one', async (status) => {
  account.post = (accept, { body }) => {
    const isRefused = body!.script === rows(2)[1].script;
    return isRefused ? { status, body: { message: 'Not this avatar' } } : { body: accept() };
  };
  const run = await account.run(createVideo(), { items: rows(8), settings: goesOn });
  expect(jsonOf(run).map(({ error }) => error !== undefined)).toEqual(
    rows(8).map(({ row }) => row === 1),
  );
  expect(account.jobs).toHaveLength(7);
});

test.each<[string, Reply]>([
  ['521', { status: 521, body: 'error code: 521' }],
  ['500', { status: 500, body: {} }],
  ['a broken connection', 'break'],
  ['a web page', { status: 200, body: '<html><title>Sign in</title></html>' }],
])(
  'from the 11th of 60 rows on only %s: a few are in doubt, the rest is not sent',
  async (_, reply) => {
    account.post = (accept) => (account.jobs.length < 10 ? { body: accept() } : reply);
    const run = await account.run(createVideo(), { items: rows(60), settings: goesOn });
    const sent = account.api.by('POST').length;
    expect(sent).toBeLessThanOrEqual(20);
    const ends = jsonOf(run).map(({ id, error }) => String(id ?? error));
    const count = (start: RegExp) => ends.filter((one) => start.test(one)).length;
    expect(count(/^video_/)).toBe(10);
    expect(count(/^Check this one/)).toBe(sent - 10);
    expect(count(/^Not sent, because iTeraBiz gave no clear answer/)).toBe(60 - sent);
  },
);

test.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
  'five doubts in a row that the list clears up, On Error %s: no row that was not sent is left out',
  async (onError) => {
    account.post = (accept): Reply => {
      const body = accept();
      return account.jobs.length <= 5 ? 'break' : { body };
    };
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const run = await account.run(parameters, { items: rows(8), settings: { onError } });
    expect(account.jobs).toHaveLength(5);
    const ids = account.jobs.map(({ id }) => String(id));
    const told = JSON.stringify(jsonOf(run)) + textOf(run);
    expect(ids.filter((id) => !told.includes(id))).toEqual([]);
    if (onError !== 'stopWorkflow') {
      expect([...jsonOf(run, 0), ...jsonOf(run, 1)]).toHaveLength(8);
      return;
    }
    expect(textOf(run)).toMatch(/^Not sent, because iTeraBiz gave no clear answer/);
    expect(textOf(run)).toContain('Items 6–8: not sent.');
    const again = await account.run(parameters, { retryOf: asRetry(run) });
    expect(jsonOf(again)).toHaveLength(8);
    expect(account.jobs).toHaveLength(8);
  },
);

test('a web page in place of the list, once, ends no search for what was accepted', async () => {
  let lists = 0;
  account.list = (data) =>
    ++lists === 1 ? { body: '<title>Back soon</title>' } : { body: { data, has_more: false } };
  account.post = (accept) => (accept(), 'break');
  const run = await account.run(createVideo(), { items: rows(3) });
  expect(jsonOf(run)).toHaveLength(3);
});

test('rows that the account has already, between the others, hide no doubts in a row', async () => {
  for (const [row, { script }] of rows(40).entries()) {
    if (row % 2 === 0) account.add({ avatar_id: 'avatar_james01', script });
  }
  account.post = () => 'break';
  const parameters = createVideo({ options: { whenVideoExists: 'reuse' } });
  const run = await account.run(parameters, { items: rows(40), settings: goesOn });
  expect(jsonOf(run).filter(({ id }) => id !== undefined)).toHaveLength(20);
  expect(account.api.by('POST').length).toBeLessThanOrEqual(10);
});

test('a doubt now and then stops nothing, and neither does a refusal; five doubts in a row do', async () => {
  type Fate = 'accepted' | 'refused' | 'doubt';
  const doubts: Reply[] = [
    'break',
    ...[500, 502, 520, 521].map((status) => ({ status, body: {} })),
  ];
  const fates = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Fate>('doubt') },
      fc.constantFrom<Fate>('accepted', 'refused'),
    ),
    { minLength: 1, maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(fates, fc.nat(4), async (all, doubt) => {
      account.jobs = [];
      account.apiKey += '_';
      account.api.asked.length = 0;
      let next = 0;
      account.post = (accept) => {
        const fate = all[next++];
        if (fate === 'accepted') return { body: accept() };
        return fate === 'refused' ? { status: 400, body: { message: 'No' } } : doubts[doubt];
      };
      const parameters = createVideo({ options: { maxConcurrency: 1 } });
      await account.run(parameters, { items: rows(all.length), settings: goesOn });
      const fifth = all.findIndex((_, row) => {
        return row >= 4 && all.slice(row - 4, row + 1).every((fate) => fate === 'doubt');
      });
      expect(account.api.by('POST')).toHaveLength(fifth < 0 ? all.length : fifth + 1);
    }),
    { numRuns: cases(20) },
  );
});

test.each<[number, string]>([
  [422, 'The script must not promise anything about payment: no guarantees'],
  [400, 'Script is too long: you need to shorten "Your credit report"'],
  [403, 'The avatar "Credit Advisor" is not yours'],
])('%i %j is about one row, and not about credits', async (status, message) => {
  account.post = (accept, { body }) =>
    body!.script === rows(2)[1].script
      ? { status, body: { error: { message } } }
      : { body: accept() };
  const parameters = createVideo({ options: { maxConcurrency: 1 } });
  await account.run(parameters, { items: rows(4), settings: goesOn });
  expect(account.jobs).toHaveLength(3);
});

test('a refusal that asks for a pause is not told to rows that were never sent', async () => {
  const body = { error: { message: 'script is too long' } };
  account.post = (accept, asked) =>
    asked.body!.script === rows(1)[0].script
      ? { status: 400, headers: { 'Retry-After': '600' }, body }
      : { body: accept() };
  const parameters = createVideo({ options: { maxConcurrency: 1 } });
  await account.run(parameters, { items: rows(3), settings: goesOn });
  expect(account.jobs).toHaveLength(2);
});

test("a proxy's 401 is not blamed on the API key", async () => {
  const headers = { 'WWW-Authenticate': 'Basic realm="Company proxy"' };
  account.post = () => ({ status: 401, headers, body: '<html><title>401</title></html>' });
  const run = await account.run(createVideo(), { items: rows(1) });
  expect(errorOf(run).message).toContain('Something between n8n and iTeraBiz blocked the request');
});
