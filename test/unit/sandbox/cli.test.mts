/** `npm run sandbox` in a process of its own, as a user runs it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { argumentsOf, root } from '../command.mts';
import { clientOf } from './http.mts';

type Child = ChildProcessByStdio<null, Readable, Readable>;

let child: Child;
let ended: Promise<unknown[]>;
let printed: string;

function start(...options: string[]): void {
  printed = '';
  child = spawn(process.execPath, [...argumentsOf('sandbox'), ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  ended = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => (printed += text));
  }
}

afterEach(async () => {
  child.kill('SIGKILL');
  await ended;
});

/** What it printed behind a name, once it has. */
async function shown(name: string): Promise<string> {
  return (await printedLine(new RegExp(`^ +${name} +(\\S+)\\n`, 'm')))[1];
}

/** Waits for it as long as it takes: how long a process needs to start depends on what else is on. */
async function printedLine(line: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = line.exec(printed);
    if (found) return found;
    const hasEnded = await Promise.race([once(child.stdout, 'data').then(() => false), ended]);
    if (hasEnded) throw new Error(`It ended, and printed: ${printed}`);
  }
}

test('prints its address and a key, shows each request, and stops on Ctrl-C', async () => {
  start('--port', '0');
  const url = await shown('Base URL');
  const apiKey = await shown('API key');
  const { status, data } = await clientOf({ url, apiKey }).get('/avatars');
  expect(status).toBe(200);
  expect(data.data[0].id).toBe('avatar_maria01');
  expect((await clientOf({ url, apiKey: 'another' }).get('/avatars')).status).toBe(401);
  await printedLine(/GET \/v1\/avatars 200/);
  await printedLine(/GET \/v1\/avatars 401/);

  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  await expect(clientOf({ url, apiKey }).get('/avatars')).rejects.toThrow('ECONNREFUSED');
});

test('with a port that is none it ends, and says what is one', async () => {
  start('--port', '70000');
  expect(await ended).toEqual([1, null]);
  expect(printed).toBe('--port takes a number from 0 to 65534, not 70000.\n');
});
