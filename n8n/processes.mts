import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessOptions {
  /** The complete environment of the process: it inherits nothing. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** The file that its output is appended to. */
  log: string;
  /** Unix user and group to run as (PostgreSQL refuses to run as root). */
  user?: { uid: number; gid: number };
}

/** A process that we started, in its own process group, so that its children end with it. */
export interface OwnedProcess {
  readonly pid: number;
  readonly log: string;
  /** Whether it has not ended yet. */
  running(): boolean;
  /** The last lines of its log, for an error message. */
  lastWords(): string;
  /**
   * Ends the process and its children, and returns when they are gone. `SIGINT` asks, and kills after ten
   * seconds; `SIGKILL` kills right away.
   */
  end(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

const GRACE_MS = 10_000;

/** Starts a process that ends with this one, however this one ends (guard.mjs ensures it). */
export function startProcess(
  command: string,
  args: string[],
  { env, cwd, log, user }: ProcessOptions,
): OwnedProcess {
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'a');
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ['ignore', output, output],
    detached: true,
    ...user,
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', () => undefined);
    throw new Error(`${command} could not be started. Is it installed?`);
  }
  const ended = once(child, 'exit');
  tellGuard(`+${pid}`);
  const running = () => child.exitCode === null && child.signalCode === null;

  return {
    pid,
    log,
    running,
    lastWords: () => readFileSync(log, 'utf8').trimEnd().split('\n').slice(-6).join('\n'),
    async end(signal = 'SIGINT') {
      signalGroup(pid, signal);
      const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
      if (running()) await ended;
      clearTimeout(kill);
      while (groupExists(pid)) {
        signalGroup(pid, 'SIGKILL');
        await sleep(20);
      }
      tellGuard(`-${pid}`);
    },
  };
}

/**
 * A free TCP port on the loopback interface. It is below the ports that systems assign to outgoing
 * connections, one of which could take it while a server is still starting.
 *
 * @param preferred used if it is free
 */
export async function freePort(preferred = randomInt(10_000, 32_000)): Promise<number> {
  const server = createServer().listen(preferred, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return preferred;
}

/**
 * Polls until the process is ready.
 *
 * @throws with the last lines of its log, if the process ends or the time is up; it is then ended
 */
export async function waitUntil(
  what: string,
  process: OwnedProcess,
  ready: () => Promise<boolean>,
  timeoutMs = 180_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await ready())) {
    const problem = !process.running()
      ? `${what} ended while it was starting.`
      : Date.now() > deadline
        ? `${what} was not ready after ${timeoutMs / 1000} seconds.`
        : undefined;
    if (problem) {
      await process.end('SIGKILL');
      throw new Error(`${problem} Its log is ${process.log}:\n${process.lastWords()}`);
    }
    await sleep(250);
  }
}

let guard: ChildProcess | undefined;

function tellGuard(line: string): void {
  if (!guard) {
    guard = spawn(process.execPath, [join(import.meta.dirname, 'guard.mjs')], {
      stdio: ['pipe', 'ignore', 'inherit'],
      detached: true,
    });
    guard.unref();
    (guard.stdin as unknown as { unref(): void }).unref();
  }
  guard.stdin?.write(`${line}\n`);
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    return false;
  }
}

function groupExists(pid: number): boolean {
  return signalGroup(pid, 0);
}
