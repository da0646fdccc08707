import { setTimeout as sleep } from 'node:timers/promises';

import { nextPause } from '../../../nodes/ITeraBiz/waiting/durableOperations.ts';
import { type Execution, unflatten } from '../../../n8n/rest.mts';
import type { Sandbox } from '../../../sandbox/client.mts';
import { until } from '../../shared/until.mts';
import type { Bench } from '../measure.mts';
import { LOOP_PAUSE, startExecutions, type Way, WAYS, workflowOf } from '../oneRow.mts';
import { type CaseResult, sum } from '../results.mts';
import { type MeasuredN8n, withMeasuredN8n } from '../server.mts';

const HOUR = 3_600;

const WAITS = ['parked', 'held', 'loop'] as const satisfies Way[];
type Wait = (typeof WAITS)[number];

interface State {
  waiting: number;
  running: number;
  total: number;
  objects: number;
}

interface Run {
  /** By number of executions that wait */
  states: Map<number, State>;
  stored?: { kbAtFirst: number; kbPerLap: number; laps: number };
}

/** Many executions that wait at once on the real n8n, one video each: what they hold and store. */
export async function parking(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [0, 5] : [0, 100, 500];
  bench.say('Executions that wait on the real n8n, one n8n for each way');
  // At the same time, since no time is taken here.
  const ended = await Promise.all(WAITS.map(async (way) => await waitOnServer(way, sizes)));
  const runs = Object.fromEntries(WAITS.map((way, index) => [way, ended[index]])) as Record<
    Wait,
    Run
  >;
  const most = sizes[sizes.length - 1];
  const extra = (way: Wait) => runs[way].states.get(most)!.total - runs[way].states.get(0)!.total;
  return {
    sections: [
      {
        title: 'Executions that wait on the real n8n',
        note: 'Each waits for one video. Memory is that of the n8n process after its garbage was thrown away.',
        columns: [
          'executions',
          'running',
          'waiting',
          'memory (MB)',
          'of it JavaScript objects (MB)',
        ],
        lines: WAITS.flatMap((way) =>
          [...runs[way].states].map(([size, { running, waiting, total, objects }]) => ({
            way: WAYS[way],
            cells: [size, running, waiting, total, objects],
          })),
        ),
      },
      {
        title: 'What n8n stores while an execution waits',
        note: `For one video. The pauses of the iTeraBiz node grow from 66 s to 10 minutes; those of the loop stay at ${LOOP_PAUSE} s. Size at first and per look are measured, those per hour follow from them.`,
        columns: [
          'at first (kB)',
          'per look (kB)',
          'looks in the first hour',
          'after one hour (kB)',
        ],
        lines: WAITS.flatMap((way) => {
          const { stored } = runs[way];
          if (!stored) return [];
          return [
            {
              way: WAYS[way],
              cells: [stored.kbAtFirst, stored.kbPerLap, stored.laps, afterAnHour(stored)],
            },
          ];
        }),
      },
    ],
    ratios: [
      {
        what: `${most} executions that wait: running`,
        ours: runs.parked.states.get(most)!.running,
        instead: runs.held.states.get(most)!.running,
        insteadOf: 'the same wait in memory',
        goal: '0',
      },
      {
        what: `${most} executions that wait: memory they take (MB)`,
        ours: extra('parked'),
        instead: extra('held'),
        insteadOf: 'the same wait in memory',
      },
      {
        what: 'Stored per waiting video after one hour (kB)',
        ours: afterAnHour(runs.parked.stored!),
        instead: afterAnHour(runs.loop.stored!),
        insteadOf: WAYS.loop,
      },
    ],
  };
}

function afterAnHour({ kbAtFirst, kbPerLap, laps }: NonNullable<Run['stored']>): number {
  return kbAtFirst + kbPerLap * laps;
}

async function waitOnServer(way: Wait, sizes: number[]): Promise<Run> {
  return await withMeasuredN8n({ queuedMs: 100, processingMs: 500 }, {}, async (n8n, sandbox) => {
    const { nodes, connections } = workflowOf(way, sandbox.url);
    await n8n.publish(WAYS[way], nodes, connections);
    // What n8n loads at the first execution is not to count.
    await startExecutions(n8n, 3);
    await untilEnded(n8n, 3);
    await sandbox.settings({ hold: true });
    await sleep(30_000); // until n8n has forgotten its start

    const states: Run['states'] = new Map();
    let started = 0;
    for (const size of sizes) {
      await startExecutions(n8n, size - started);
      started = size;
      if (size > 0) await untilSettled(n8n, sandbox, way, size);
      states.set(size, { ...(await counts(n8n)), ...(await n8n.memory()) });
    }
    return { states, stored: way === 'held' ? undefined : await storedData(n8n, way) };
  });
}

async function counts(n8n: MeasuredN8n): Promise<Pick<State, 'running' | 'waiting'>> {
  const rows = await n8n.query<{ status: string; count: number }>(
    "select status, count(*) as count from execution_entity where mode = 'webhook' group by status",
  );
  const of = (...statuses: string[]) =>
    rows.filter(({ status }) => statuses.includes(status)).reduce((sum, row) => sum + row.count, 0);
  return { running: of('running', 'new'), waiting: of('waiting') };
}

async function untilEnded(n8n: MeasuredN8n, count: number): Promise<void> {
  const sql = "select id from execution_entity where mode = 'webhook' and status = 'success'";
  await until('the first executions have ended', async () => await n8n.query(sql), {
    isSo: ({ length }) => length >= count,
    seconds: 300,
    every: 1_000,
  });
}

/** Until each execution has submitted its video and waits as it will wait from then on. */
async function untilSettled(n8n: MeasuredN8n, sandbox: Sandbox, way: Wait, size: number) {
  const look = async () => {
    const { running, waiting } = await counts(n8n);
    const { acceptedCount } = await sandbox.stats();
    return { acceptedCount, inPlace: way === 'held' ? running : waiting };
  };
  await until(`${size} executions wait`, look, {
    isSo: ({ acceptedCount, inPlace }) => acceptedCount >= size + 3 && inPlace === size,
    seconds: 600,
    every: 5_000,
  });
  await sleep(way === 'held' ? 60_000 : 10_000);
}

/** What some of the executions have in n8n's database, and by how much it grows with each look. */
async function storedData(n8n: MeasuredN8n, way: Wait): Promise<Run['stored']> {
  const before = await sizes(n8n, way);
  await sleep(150_000);
  const after = await sizes(n8n, way);
  if (after.laps === before.laps) throw new Error(`${WAYS[way]}: nothing looked in that time`);
  const kbPerLap = (after.kb - before.kb) / (after.laps - before.laps);
  return {
    kbAtFirst: before.kb - before.laps * kbPerLap,
    kbPerLap,
    laps: way === 'parked' ? lapsInAnHour() : Math.floor(HOUR / LOOP_PAUSE),
  };
}

interface Stored {
  id: string;
  mode: string;
  bytes: number;
  data: string;
}

/** Average over the first five executions, each with all that n8n started for its wait. */
async function sizes(n8n: MeasuredN8n, way: Wait): Promise<{ kb: number; laps: number }> {
  const stored = await n8n.query<Stored>(
    `select cast(e.id as text) as id, e.mode, d.data,
       length(d.data) + length(d.workflowData) as bytes
     from execution_entity e join execution_data d on d.executionId = e.id
     where e.status = 'waiting' or e.mode = 'integrated' order by e.id`,
  );
  const contentOf = ({ data }: Stored) => unflatten(data) as Execution['data'];
  const children = stored
    .filter(({ mode }) => mode === 'integrated')
    .map((row) => ({ row, parent: contentOf(row).parentExecution?.executionId }));
  const familyOf = (row: Stored): Stored[] => [
    row,
    ...children.filter(({ parent }) => parent === row.id).flatMap((child) => familyOf(child.row)),
  ];
  const families = stored
    .filter(({ mode }) => mode === 'webhook')
    .slice(0, 5)
    .map(familyOf);

  const looking = way === 'parked' ? 'Submit' : 'Look';
  // The last in the row is the one that looks.
  const lapsOf = (family: Stored[]) =>
    contentOf(family.at(-1)!).resultData.runData[looking]?.length ?? 0;
  const average = (values: number[]) => sum(values) / families.length;
  return {
    kb: average(families.flat().map(({ bytes }) => bytes / 1_000)),
    laps: average(families.map(lapsOf)),
  };
}

/** The looks of the node's own schedule. */
function lapsInAnHour(): number {
  let laps = 0;
  for (let waited = nextPause(0, Infinity); waited < HOUR; laps++) {
    waited += nextPause(waited * 1_000, Infinity);
  }
  return laps;
}
