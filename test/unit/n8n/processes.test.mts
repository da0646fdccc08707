import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startProcess, waitUntil } from '../../../n8n/processes.mts';
import { until } from '../../shared/until.mts';

const folder = mkdtempSync(join(tmpdir(), 'processes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process with a child of its own, which ignores the request to end and would live for a minute. */
const STUBBORN = `
  process.on('SIGINT', () => undefined);
  setTimeout(() => undefined, 60_000);
  if (!process.argv[1]) require('child_process').spawn(process.execPath, ['-e', process.env.SCRIPT, 'child']);
`;
const OBEDIENT = 'setTimeout(() => undefined, 60_000)';

const options = {
  cwd: folder,
  log: join(folder, 'log'),
  env: { ...process.env, SCRIPT: STUBBORN },
};

function isGone(group: number): boolean {
  try {
    return !process.kill(-group, 0);
  } catch {
    return true;
  }
}

test('a process ends with its children', async () => {
  const owned = startProcess(process.execPath, ['-e', STUBBORN], options);
  expect(isGone(owned.pid)).toBe(false);
  await owned.end('SIGKILL');
  expect(owned.running()).toBe(false);
  expect(isGone(owned.pid)).toBe(true);
});

test('a command that is not there is named', () => {
  expect(() => startProcess('no-such-command', [], options)).toThrow(
    'no-such-command could not be started. Is it installed?',
  );
});

test('waiting for a process that ends shows its last words', async () => {
  const log = join(folder, 'words');
  const script = 'console.log("no license")';
  const owned = startProcess(process.execPath, ['-e', script], { ...options, log });
  await expect(waitUntil('The server', owned, async () => false)).rejects.toThrow(
    /^The server ended while it was starting\.[^]*no license$/,
  );
});

test('waiting does not go on for ever, and ends the process', async () => {
  const owned = startProcess(process.execPath, ['-e', STUBBORN], options);
  await expect(waitUntil('The server', owned, async () => false, 10)).rejects.toThrow('not ready');
  expect(isGone(owned.pid)).toBe(true);
});

test('the preferred port is taken if it is free, else another', async () => {
  const free = await freePort();
  expect(await freePort(free)).toBe(free);
  const server = createServer().listen(free, '127.0.0.1');
  await once(server, 'listening');
  const other = await freePort(free);
  server.close();
  expect(other).not.toBe(free);
});

test('a free port is none that the system gives to outgoing connections', async () => {
  for (let i = 0; i < 20; i++) expect(await freePort()).toBeLessThan(32_000);
});

describe('however the starter ends, its processes end', () => {
  const starter = `
    import { startProcess } from ${JSON.stringify(join(import.meta.dirname, '../../../n8n/processes.mts'))};
    const owned = startProcess(process.execPath, ['-e', process.env.SCRIPT], {
      cwd: ${JSON.stringify(folder)}, log: ${JSON.stringify(options.log)}, env: process.env,
    });
    console.log(owned.pid);
    setTimeout(() => { if (process.env.THROWS) throw new Error('on purpose') }, 300);
  `;

  async function start(env: Record<string, string>): Promise<[ChildProcess, number]> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', starter],
      { env: { ...options.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    return [child, Number(line.toString())];
  }

  test.each([
    ['SIGKILL', STUBBORN],
    ['SIGTERM', OBEDIENT],
    ['SIGINT', OBEDIENT],
  ] as const)('by %s', async (signal, script) => {
    const [child, group] = await start({ SCRIPT: script });
    expect(isGone(group)).toBe(false);
    child.kill(signal);
    expect(await until('its process group is gone', () => isGone(group))).toBe(true);
  });

  test('by an error', async () => {
    const [, group] = await start({ SCRIPT: OBEDIENT, THROWS: 'yes' });
    expect(await until('its process group is gone', () => isGone(group))).toBe(true);
  });
});

test('the log keeps what the process printed', async () => {
  const log = join(folder, 'kept');
  const script = 'console.log("one"); console.error("two")';
  const owned = startProcess(process.execPath, ['-e', script], { ...options, log });
  expect(await until('it has ended', () => !owned.running())).toBe(true);
  await owned.end();
  expect(readFileSync(log, 'utf8')).toBe('one\ntwo\n');
});
