/** A real n8n to be measured from outside: its memory, and what is in its database. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ensureN8n } from '../../n8n/install.mts';
import type { Workflow } from '../../n8n/rest.mts';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { type Sandbox, startSandbox } from '../../sandbox/client.mts';
import { until } from '../shared/until.mts';
import { connect } from './n8nNodes.mts';
import type { WorkflowJson } from '../../n8n/embedded.mts';

const MB = 2 ** 20;

/** Of the processor's time, as Linux counts it: a hundredth of a second. */
const TICKS_PER_SECOND = 100;

export interface MeasuredN8n extends N8n {
  /** What the process holds once its garbage is gone, in MB: all of it, and its JavaScript objects */
  memory(): Promise<{ total: number; objects: number }>;
  /** Reads from its database */
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Saves and publishes a workflow whose first node is the given one */
  publish(name: string, nodes: WorkflowJson['nodes'], connections?: object): Promise<Workflow>;
}

interface Database {
  all(sql: string, values: unknown[], done: (error: Error | null, rows: unknown[]) => void): void;
  close(): void;
}

/**
 * Does something with an n8n and a sandbox, and stops both.
 *
 * @param settings of the sandbox
 * @param env further settings of n8n
 */
export async function withMeasuredN8n<Result>(
  settings: Parameters<typeof startSandbox>[0],
  env: Record<string, string>,
  use: (n8n: MeasuredN8n, sandbox: Sandbox) => Promise<Result>,
): Promise<Result> {
  const sandbox = await startSandbox(settings);
  try {
    const n8n = await startMeasuredN8n(sandbox, env);
    try {
      return await use(n8n, sandbox);
    } finally {
      await n8n.stop();
    }
  } finally {
    await sandbox.stop();
  }
}

/** An n8n with a credential for the sandbox, which all nodes of published workflows get. */
async function startMeasuredN8n(
  sandbox: Sandbox,
  env: Record<string, string>,
): Promise<MeasuredN8n> {
  const { require } = await ensureN8n();
  const { Database } = require('sqlite3') as { Database: new (file: string) => Database };
  const preload = pathToFileURL(join(import.meta.dirname, 'memoryOnSignal.mjs')).href;
  const memoryFile = join(process.env.TMPDIR ?? '/tmp', `n8n-memory-${process.pid}-${Date.now()}`);
  const n8n = await startN8n({
    env: { ...env, NODE_OPTIONS: `--import=${preload}`, BENCH_MEMORY_FILE: memoryFile },
  });
  const credential = await n8n.rest.createCredential('Sandbox', 'iTeraBizApi', {
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
  });
  const database = new Database(join(n8n.folder, '.n8n/database.sqlite'));
  return Object.assign(n8n, {
    async memory() {
      rmSync(memoryFile, { force: true });
      process.kill(n8n.pid, 'SIGUSR2');
      await until('n8n has told its memory', () => existsSync(memoryFile), { seconds: 120 });
      const { rss, heapUsed } = JSON.parse(readFileSync(memoryFile, 'utf8')) as NodeJS.MemoryUsage;
      rmSync(memoryFile);
      return { total: rss / MB, objects: heapUsed / MB };
    },
    query: <Row,>(sql: string, ...values: unknown[]) =>
      new Promise<Row[]>((resolve, reject) =>
        database.all(sql, values, (error, rows) =>
          error ? reject(error) : resolve(rows as Row[]),
        ),
      ),
    async publish(name: string, nodes: WorkflowJson['nodes'], connections?: object) {
      const workflow = await n8n.rest.createWorkflow({
        name,
        nodes: nodes.map((node) => ({
          ...node,
          ...(node.credentials?.iTeraBizApi && { credentials: { iTeraBizApi: credential } }),
        })),
        connections: connections ?? connect(...inARow(nodes)),
      });
      await n8n.rest.activate(workflow);
      return workflow;
    },
  });
}

function inARow(nodes: WorkflowJson['nodes']): [string, string][] {
  return nodes.slice(1).map(({ name }, index) => [nodes[index].name, name]);
}

/** The processor's time that a process has used, in itself and in the kernel for it. */
export function cpuSecondsOf(pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(afterName[11]) + Number(afterName[12])) / TICKS_PER_SECOND;
}
