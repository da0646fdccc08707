import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessOptions {
  /** The whole environment of the process, nothing is inherited. */
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** File to which everything that the process prints is appended. */
  log: string;
  /** Unix user and group to run as (PostgreSQL refuses to run as root). */
  user?: { uid: number; gid: number };
}

/** A process of ours, in a process group of its own, so that its children end with it. */
export interface OwnedProcess {
  readonly pid: number;
  readonly log: string;
  /** Whether it has not ended yet. */
  running(): boolean;
  /** The last lines of its log, for an error message. */
  lastWords(): string;
  /**
   * Ends the process and its children and returns when they are gone. `SIGINT` asks, and kills after
   * ten seconds; `SIGKILL` is the hard stop.
   */
  end(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>;
}

const GRACE_MS = 10_000;

/** Starts a process that ends with this one, however this one ends (guard.mjs sees to it). */
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
 * A TCP port of the loopback interface that nothing listens on at the moment. It lies below those that
 * systems give to outgoing connections: one of those could take it while a server is still starting.
 *
 * @param preferred taken if it is free
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
 * Asks until the answer is yes.
 *
 * @throws when the process ends meanwhile or the time is up, with the last lines of its log; nothing
 *   of it is left running
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
