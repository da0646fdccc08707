/** Starts what is measured in a process of its own, so that its memory is its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';

import type { WorkflowJson } from '../../n8n/embedded.mts';
import type { Sandbox } from '../../sandbox/client.mts';
import type { Loops } from './fetchLoops.mts';

/** What every case gets. */
export interface Bench {
  /** Small sizes and few repeats, to see that everything runs */
  quick: boolean;
  /** Folder for CPU profiles of everything that is measured */
  profile?: string;
  /** Folder of the built package that is measured: this one, or another state of it to compare with */
  package: string;
  /** Where n8n is, for its own nodes */
  n8nScript: string;
  /** Tells the person at the terminal what is going on */
  say(line: string): void;
}

/** A workflow on n8n's engine. */
export interface WorkflowTask {
  kind: 'workflow';
  workflow: WorkflowJson;
  /** Rows for a run before the measured one; none for no such run */
  warmUp: IDataObject[];
  rows: IDataObject[];
  /** The node whose output is of interest */
  last: string;
}

/** The same by hand, without n8n. */
export interface FetchTask {
  kind: 'fetch';
  loop: keyof Loops;
  warmUp: IDataObject[];
  rows: IDataObject[];
}

/** How long a package's nodes take to load, in an n8n that runs already. */
export interface LoadTask {
  kind: 'load';
  folder: string;
}

/** What the checks of an incoming event cost. */
export interface ChecksTask {
  kind: 'checks';
  repeats: number;
}

export type Task = WorkflowTask | FetchTask | LoadTask | ChecksTask;

/** An item that came out, and when, in milliseconds since 1970. */
export interface Finished {
  at: number;
  json: IDataObject;
}

export interface Measured {
  /** By the clock, from start to end */
  ms: number;
  /** Of the processor, in this process alone */
  cpuMs: number;
  /** The longest time for which the process could do nothing else, in milliseconds */
  blockMs: number;
  /** The most memory that the process ever held, in MB (resident set) */
  peakMb: number;
  /** The part of it that came with the measured run */
  growthMb: number;
  /** What the measured run left in JavaScript objects, its garbage gone */
  keptMb: number;
  finished: Finished[];
  /** What the user reads where the workflow stopped */
  error: string;
}

export interface ChildOrder {
  task: Task;
  n8nScript: string;
  package: string;
  url: string;
  apiKey: string;
}

/** @throws with what the process said when it failed */
export async function measure(
  { n8nScript, profile, package: built }: Bench,
  task: Task,
  { url = '', apiKey = '' }: Partial<Pick<Sandbox, 'url' | 'apiKey'>> = {},
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'iterabiz-bench-'));
  const child = fork(join(import.meta.dirname, 'child.mts'), {
    execArgv: ['--import', 'tsx', ...(profile ? ['--cpu-prof', '--cpu-prof-dir', profile] : [])],
    env: { ...process.env, N8N_USER_FOLDER: folder, N8N_LOG_LEVEL: 'silent' },
    serialization: 'advanced',
  });
  try {
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const answered = once(child, 'message') as Promise<[Measured]>;
    child.send({ task, n8nScript, package: built, url, apiKey } satisfies ChildOrder);
    const [answer] = await Promise.race([answered, ended]);
    if (typeof answer !== 'object' || answer === null) {
      throw new Error(`What was measured ended by itself (${answer})`);
    }
    await ended;
    return answer;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs several ways of doing the same in turns, so that a slow moment of the machine strikes all of
 * them.
 *
 * @returns the runs of each way
 */
export async function inTurns<Way extends string, Run>(
  ways: Way[],
  repeats: number,
  run: (way: Way, repeat: number) => Promise<Run>,
): Promise<Record<Way, Run[]>> {
  const runs = Object.fromEntries(ways.map((way) => [way, [] as Run[]])) as Record<Way, Run[]>;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const way of ways) runs[way].push(await run(way, repeat));
  }
  return runs;
}
