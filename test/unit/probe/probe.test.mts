/** `npm run probe`: twice in a process of its own, as a user runs it, and otherwise in this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { command as inThisProcess } from '../../../probe/command.mts';
import { readOptions } from '../../../probe/options.mts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { retryQuickly } from '../../shared/quickly.mts';
import { argumentsOf, root } from '../command.mts';

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'probe-'));
  sandbox = await startSandbox({ variants: ['oldestFirst'] });
  await sandbox.addVideos(3);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await sandbox.stop();
});

retryQuickly();

async function probe(options: string[], apiKey = sandbox.apiKey) {
  let output = '';
  const print = (...texts: unknown[]) => void (output += `${texts.join(' ')}\n`);
  const spies = (['log', 'error'] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation(print),
  );
  const code = await inThisProcess(['--out', folder, ...options], { ITERABIZ_API_KEY: apiKey });
  spies.forEach((spy) => spy.mockRestore());
  return { code, output };
}

/** Runs it to its end, for two minutes at the most. */
async function probeAsUser(...options: string[]) {
  const out = join(folder, 'reports');
  const args = [...argumentsOf('probe'), '--out', out, ...options];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ITERABIZ_API_KEY: sandbox.apiKey },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output, out };
}

test('It tells what differs and where the code has to change, and writes a report', async () => {
  const { code, output, out } = await probeAsUser('--base-url', `${sandbox.url}/`);
  expect(output).toMatch(/^GET \/videos\?limit=100 {2}200 {2}\d+ ms$/m);
  expect(output).toMatch(
    /^differs {6}Lists begin with the newest\n\s+Seen: They begin with the oldest\n\s+To change: nodes\/ITeraBiz\/account\/listReader\.ts$/m,
  );
  expect(output).toMatch(/\n\d+ requests to http:\S+\/v1 in [\d.]+ s: 1 differs, /);
  expect(code).toBe(0);

  const report = readFileSync(join(out, 'probe.md'), 'utf8');
  expect(report).toContain('### `nodes/ITeraBiz/account/listReader.ts`\n');
  expect(report).toContain('In `sandbox/openapi.yaml`: GET /videos 200');
  const { findings, requests } = JSON.parse(readFileSync(join(out, 'probe.json'), 'utf8'));
  expect(findings.filter(({ verdict }: { verdict: string }) => verdict === 'differs')).toEqual([
    expect.objectContaining({ id: 'order-of-list', note: 'They begin with the oldest' }),
  ]);
  expect(output).toContain(`\n${requests} requests`);
  for (const text of [output, report, JSON.stringify(findings)]) {
    expect(text).not.toContain(sandbox.apiKey);
    expect(text).not.toMatch(/sig=/);
  }
});

test('Nothing is ordered unless somebody agrees', async () => {
  await sandbox.resetStats();
  process.stdin.isTTY = false;
  const { code, output } = await probe(['--base-url', sandbox.url, '--spend']);
  expect(output).toContain('orders 1 video of 5 seconds with the avatar avatar_james01');
  expect(output).toContain('add --yes to go ahead');
  expect(code).toBe(1);
  expect((await sandbox.stats()).requests['POST /videos']).toBeUndefined();
});

test('A key that is refused ends it at once, and is not told', async () => {
  await sandbox.resetStats();
  const key = 'sk_live_not_a_real_one';
  const { code, output } = await probe(['--base-url', sandbox.url], key);
  expect(output).toContain('answers with status 401 and says: ');
  expect(output).toContain('Check the key and the base URL.');
  expect(output).not.toContain(key);
  expect(code).toBe(1);
  expect((await sandbox.stats()).requests).toEqual({ 'GET /avatars': 1 });
});

describe('Where another server answers', () => {
  let server: Server;
  let answer: (url: string) => unknown;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const body = answer(request.url!);
      response.setHeader('Content-Type', typeof body === 'string' ? 'text/html' : 'text/json');
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  test('a web page is not taken for the API', async () => {
    answer = () => '<!doctype html><title>Welcome</title>';
    const { code, output } = await probe(['--base-url', url]);
    expect(output).toContain('answers with status 200 and says: Welcome.');
    expect(code).toBe(1);
  });

  test('whatever there is besides what was assumed is told, too', async () => {
    answer = (path) => {
      const video = { id: 7, status: 'published', media: { link: 'ftp://x' }, error: 'no' };
      if (path.startsWith('/videos/')) return video;
      return path.startsWith('/videos') ? [video, { ...video, id: 8 }] : [];
    };
    const { code, output } = await probe(['--base-url', url]);
    expect(output).toContain('published (read as still running)');
    expect(output).toContain('The fields are: none: it is a bare list');
    expect(output).toContain('id must be string');
    expect(output).toContain('created_at is missing');
    expect(code).toBe(0);
  });

  test('an account without anything leaves much open, and breaks nothing', async () => {
    answer = () => ({ data: [], has_more: false });
    const { code, output } = await probe(['--base-url', url]);
    expect(output).toContain('Needs: An account with a video');
    expect(code).toBe(0);
  });
});

test('Where nobody answers, that is said', async () => {
  const { code, output } = await probe(['--base-url', 'http://127.0.0.1:9']);
  expect(output).toContain('http://127.0.0.1:9 cannot be reached (ECONNREFUSED)');
  expect(code).toBe(1);
});

test('A base URL over which others could read the key is refused, in a line', async () => {
  const { code, output } = await probeAsUser('--base-url', 'http://api.iterabiz.invalid/v1');
  expect(output).toMatch(/^The Base URL of the iTeraBiz credential begins with http:.*\n$/);
  expect(code).toBe(1);
});

describe('Options', () => {
  const env = { ITERABIZ_API_KEY: ' sk_test_1 ' };

  test('are few: without any it reads at iTeraBiz', () => {
    expect(readOptions([], env)).toEqual({
      baseUrl: 'https://api.iterabiz.com/v1',
      apiKey: 'sk_test_1',
      out: 'reports',
    });
    expect(readOptions(['--help'], {})).toBeUndefined();
  });

  test('say what to spend on', () => {
    const args = ['--spend', '--idempotency', '--webhook-url', 'https://example.com/hook'];
    expect(readOptions([...args, '--avatar-id', 'avatar_1'], env)?.spending).toEqual({
      avatarId: 'avatar_1',
      idempotency: true,
      yes: false,
      webhook: { url: 'https://example.com/hook', port: 4020 },
    });
  });

  test.each([
    [['--api-key', 'sk_live_1'], 'Others can read a key on the command line'],
    [['--key=sk_live_1'], 'Others can read a key on the command line'],
    [['--idempotency'], '--idempotency needs --spend'],
    [['--webhook-url', 'https://example.com'], '--webhook-url needs --spend'],
    [['--spend', '--webhook-url', 'example.com'], '--webhook-url takes a web address'],
    [['--spend', '--webhook-port', 'one'], '--webhook-port takes a number, not one'],
    [['--sped'], "Unknown option '--sped'"],
  ])('cannot be %j', (args, message) => {
    expect(() => readOptions(args, env)).toThrow(message);
  });

  test('do not work without a key', () => {
    expect(() => readOptions([], {})).toThrow('environment variable ITERABIZ_API_KEY');
    expect(() => readOptions([], { ITERABIZ_API_KEY: ' ' })).toThrow('ITERABIZ_API_KEY');
  });
});
