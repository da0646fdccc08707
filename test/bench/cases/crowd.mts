import { readFileSync, writeFileSync } from 'node:fs';

import type { Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import type { Bench } from '../measure.mts';
import { startExecutions, type Way, WAYS, workflowOf } from '../oneRow.mts';
import { type CaseResult, sum } from '../results.mts';
import { cpuSecondsOf, type MeasuredN8n, withMeasuredN8n } from '../server.mts';

const MB = 2 ** 20;

/** A workflow that is started many times at once, one row each. */
interface Crowd {
  size: number;
  /** How long a video takes, in seconds */
  videoSeconds: number;
  /** So many executions run at once, at the most */
  limit?: number;
}

interface Run {
  /** Memory that n8n held at its peak, above what it held before, in MB */
  peakMb: number;
  cpuSeconds: number;
  posts: number;
  reads: number;
  /** Until the last row was accepted, in seconds */
  submitted: number;
  /** From a finished video to the end of its execution, in seconds, on average */
  delay: number;
}

/** Many executions of one row each on the real n8n, started at once: memory, requests and time. */
export async function crowd(bench: Bench): Promise<CaseResult> {
  const crowds: Crowd[] = bench.quick
    ? [{ size: 10, videoSeconds: 10 }]
    : [
        { size: 100, videoSeconds: 180 },
        { size: 500, videoSeconds: 180 },
      ];
  const limited: Crowd = bench.quick
    ? { size: 5, videoSeconds: 5, limit: 2 }
    : { size: 30, videoSeconds: 20, limit: 5 };

  const results: CaseResult = { sections: [], ratios: [] };
  for (const each of [...crowds, limited]) {
    const { size, limit, videoSeconds } = each;
    const runs = new Map<Way, Run>();
    for (const way of Object.keys(WAYS) as Way[]) {
      bench.say(`${size} executions at once${limit ? `, ${limit} may run` : ''}: ${WAYS[way]}`);
      runs.set(way, await run(way, each));
    }
    const title = `${size} executions started at once${limit ? `, where n8n runs ${limit} at a time` : ''}`;
    results.sections.push({
      title,
      note: `One row each, each video takes ${videoSeconds} seconds. Memory is the peak of the n8n process above what it held before, seen from outside.`,
      columns: [
        'memory at its peak (MB)',
        'CPU seconds',
        'POST',
        'GET',
        'all submitted (s)',
        'delay (s)',
      ],
      lines: [...runs].map(([way, { peakMb, cpuSeconds, posts, reads, submitted, delay }]) => ({
        way: WAYS[way],
        cells: [peakMb, cpuSeconds, posts, reads, submitted, way === 'submit' ? '' : delay],
      })),
    });
    const [ours, loop, floor] = [runs.get('parked')!, runs.get('loop')!, runs.get('submit')!];
    results.ratios.push(
      limit
        ? {
            what: `${title}: seconds until all are submitted`,
            ours: ours.submitted,
            instead: floor.submitted,
            insteadOf: WAYS.submit,
            goal: 'at most 2.5 : 1',
          }
        : {
            what: `${title}: memory at its peak (MB)`,
            ours: ours.peakMb,
            instead: loop.peakMb,
            insteadOf: WAYS.loop,
          },
    );
  }
  return results;
}

async function run(way: Way, { size, videoSeconds, limit }: Crowd): Promise<Run> {
  const env: Record<string, string> =
    limit === undefined ? {} : { N8N_CONCURRENCY_PRODUCTION_LIMIT: String(limit) };
  return await withMeasuredN8n({ queuedMs: 100, processingMs: 500 }, env, async (n8n, sandbox) => {
    const { nodes, connections } = workflowOf(way, sandbox.url);
    await n8n.publish(WAYS[way], nodes, connections);
    // What n8n loads at the first execution is not to count.
    await startExecutions(n8n, 3);
    await untilEnded(n8n, 3, 200);
    await sandbox.settings({ queuedMs: 1_000, processingMs: videoSeconds * 1_000 - 1_000 });
    await sandbox.resetStats();
    const { total } = await n8n.memory(); // its garbage gone

    forgetPeak(n8n.pid);
    const cpuBefore = cpuSecondsOf(n8n.pid);
    const startedAt = Date.now();
    await startExecutions(n8n, size, 20);
    await until('all are submitted', async () => (await sandbox.stats()).acceptedCount, {
      isSo: (count) => count >= size,
      seconds: 900,
      every: 250,
    });
    const submitted = (Date.now() - startedAt) / 1_000;
    await untilEnded(n8n, size + 3, 1_200);

    const { requests } = await sandbox.stats();
    const countOf = (method: string) =>
      sum(Object.entries(requests).map(([kind, n]) => (kind.startsWith(method) ? n : 0)));
    return {
      peakMb: peakMbOf(n8n.pid) - total,
      cpuSeconds: cpuSecondsOf(n8n.pid) - cpuBefore,
      posts: countOf('POST'),
      reads: countOf('GET'),
      submitted,
      delay: await delayOf(n8n, sandbox, size, videoSeconds),
    };
  });
}

const ENDED = "mode = 'webhook' and status = 'success'";

async function untilEnded(n8n: MeasuredN8n, count: number, seconds: number): Promise<void> {
  const sql = `select count(*) as count from execution_entity where ${ENDED}`;
  await until(
    `${count} executions have ended`,
    async () => (await n8n.query<{ count: number }>(sql))[0].count,
    { isSo: (ended) => ended >= count, seconds, every: 1_000 },
  );
}

async function delayOf(
  n8n: MeasuredN8n,
  sandbox: Sandbox,
  size: number,
  videoSeconds: number,
): Promise<number> {
  const rows = await n8n.query<{ at: string }>(
    `select stoppedAt as at from execution_entity where ${ENDED} order by stoppedAt desc limit ${size}`,
  );
  const ends = rows.map(({ at }) => Date.parse(`${at.replace(' ', 'T')}Z`));
  const videos = (await sandbox.videos()).slice(-size);
  const finished = videos.map(({ created_at }) => Date.parse(created_at!) + videoSeconds * 1_000);
  return (sum(ends) - sum(finished)) / size / 1_000;
}

/** From then on Linux keeps the peak of the process anew. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function peakMbOf(pid: number): number {
  const [, kb] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return (Number(kb) * 1_024) / MB;
}
