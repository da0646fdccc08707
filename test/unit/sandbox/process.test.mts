import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type * as Client from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import { clientOf } from './http.mts';

// As outside the tests, which keep one process for all sandboxes.
const { startSandbox } = jest.requireActual<typeof Client>('../../../sandbox/client.mts');

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('starts on free ports with a key of its own, and stops', async () => {
  const sandboxes = await Promise.all([startSandbox(), startSandbox()]);
  const [first, second] = sandboxes;
  expect(first.url).not.toBe(second.url);
  expect(first.apiKey).toMatch(/^sk_test_[0-9a-f]{32}$/);
  expect(first.apiKey).not.toBe(second.apiKey);
  expect((await clientOf(first).get('/avatars')).status).toBe(200);
  expect((await clientOf({ ...first, apiKey: second.apiKey }).get('/avatars')).status).toBe(401);
  await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
  expect(sandboxes.map(({ pid }) => isRunning(pid))).toEqual([false, false]);
  await first.stop();
});

it('starts again after its process was killed', async () => {
  const first = await startSandbox();
  process.kill(first.pid, 'SIGKILL');
  await until('it has ended', () => !isRunning(first.pid));
  const second = await startSandbox();
  expect((await clientOf(second).get('/avatars')).status).toBe(200);
  await Promise.all([first.stop(), second.stop()]);
  expect(isRunning(second.pid)).toBe(false);
});

it('says why when it cannot start', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(startSandbox({ port })).rejects.toThrow(/taken\. Choose another with --port/);
  server.close();
});

function startParent(options: object): ChildProcess {
  const script = join(import.meta.dirname, 'parent.mts');
  return fork(script, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
}

it('refuses a setting it does not know, and leaves no process that keeps its parent up', async () => {
  const parent = startParent({ procesingMs: 1 });
  const [message] = await once(parent, 'message');
  expect(message).toBe('There is no setting procesingMs');
  try {
    await until('the parent has ended', () => parent.exitCode !== null);
  } finally {
    parent.kill('SIGKILL');
  }
});

it('ends by itself when its parent is killed', async () => {
  const parent = startParent({});
  const [pid] = (await once(parent, 'message')) as [number];
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await until('the sandbox has ended', () => !isRunning(pid));
});
