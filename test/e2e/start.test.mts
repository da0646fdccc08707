/** `npm start` in a process of its own, as a user runs it, with data that is thrown away. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import axios from 'axios';
import { ensureN8n, installFolder } from '../../n8n/install.mts';
import { until } from '../shared/until.mts';
import { argumentsOf, root } from '../unit/command.mts';

let cache: string;
let child: ChildProcessByStdio<null, Readable, Readable>;
let ended: Promise<unknown[]>;
let printed = '';

beforeAll(async () => {
  await ensureN8n();
  cache = mkdtempSync(join(tmpdir(), 'start-'));
  const ours = join(cache, 'n8n-nodes-iterabiz');
  mkdirSync(ours);
  symlinkSync(installFolder(), join(ours, basename(installFolder())));
  child = spawn(process.execPath, argumentsOf('start'), {
    cwd: root,
    env: { ...process.env, XDG_CACHE_HOME: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  ended = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => (printed += text));
  }
  // A minute is plenty on a machine that does nothing else.
  await until('it is ready or has ended', () => printed, {
    isSo: (text) => text.includes('Ctrl-C to stop both') || child.exitCode !== null,
    seconds: 180,
  });
});

afterAll(async () => {
  child.kill('SIGKILL');
  await ended;
  rmSync(cache, { recursive: true, force: true });
});

/** What it printed behind a name. */
function shown(name: string): string {
  return new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(printed)?.[1] ?? `no ${name} in:\n${printed}`;
}

test('prints an address and a log-in that work, with the examples and a credential in it', async () => {
  const http = axios.create({ baseURL: `${shown('n8n')}/rest`, proxy: false });
  const login = { emailOrLdapLoginId: shown('Email'), password: shown('Password') };
  const { headers } = await http.post('/login', login);
  const cookie = headers['set-cookie']!.map((one) => one.split(';')[0]).join('; ');
  const list = async (what: string) =>
    (await http.get(what, { headers: { cookie } })).data.data as { name: string }[];
  expect((await list('/workflows')).length).toBeGreaterThanOrEqual(5);
  expect((await list('/credentials')).map(({ name }) => name)).toEqual(['iTeraBiz (sandbox)']);
});

test('Ctrl-C ends it, and n8n with it', async () => {
  const address = shown('n8n');
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  await expect(axios.get(`${address}/healthz`, { proxy: false })).rejects.toThrow('ECONNREFUSED');
});
