import type { IDataObject } from 'n8n-workflow';

import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { type Bench, inTurns, measure, type Measured, type Task } from '../measure.mts';
import { byHand, connect, createVideo, httpRequest, iTeraBiz, node, rows } from '../n8nNodes.mts';
import { type CaseResult, figure, type Line, type Ratio, type Section } from '../results.mts';

const CONCURRENCY = 5;
const LAST = 'Submit';

const WAYS = {
  ours: `iTeraBiz node, ${CONCURRENCY} at a time`,
  http: 'HTTP Request node in Loop Over Items, 5 at a time',
  httpBatching: 'HTTP Request node, Batching 5 per 1 ms',
  oursAtOnce: 'iTeraBiz node, Max Concurrency = rows',
  httpAtOnce: 'HTTP Request node as it comes',
  fetch: 'script with fetch, 5 at a time',
};
type Way = keyof typeof WAYS;

interface Run extends Measured {
  requests: number;
  inFlight: number;
}

/** Creating one video per row. */
export async function submitting(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [50] : [50, 500, 2_000];
  const repeats = bench.quick ? 2 : 5;
  const sections: Section[] = [];
  const perRow = new Map<number, Record<Way, Run[]>>();
  for (const size of sizes) {
    bench.say(`Submitting ${size} rows`);
    const ways = Object.keys(WAYS) as Way[];
    const runs = await inTurns(ways, repeats, async (way) => await submit(bench, way, size));
    perRow.set(size, runs);
    sections.push({
      title: `Submitting ${size} rows`,
      columns: ['ms per row', 'CPU ms per row', 'requests', 'most in flight', 'peak memory (MB)'],
      lines: ways.map((way) => toLine(way, runs[way], size)),
    });
  }
  return { sections, ratios: ratiosOf(perRow) };
}

async function submit(bench: Bench, way: Way, size: number): Promise<Run> {
  // One per run: a sandbox that keeps many videos is slower.
  const sandbox = await startSandbox({ hold: true });
  try {
    const warmUp = rows(100, 'Warm-up');
    const run = await measure(bench, taskOf(way, sandbox, warmUp, rows(size)), sandbox);
    if (run.finished.length !== size) throw new Error(`${WAYS[way]}: ${run.error}`);
    const { requests, maxInFlight } = await sandbox.stats();
    return {
      ...run,
      requests: requests['POST /videos'] - warmUp.length,
      inFlight: maxInFlight.all,
    };
  } finally {
    await sandbox.stop();
  }
}

function taskOf(way: Way, { url }: Sandbox, warmUp: IDataObject[], rows: IDataObject[]): Task {
  if (way === 'fetch') return { kind: 'fetch', loop: 'submit', warmUp, rows };
  const last = way === 'http' ? 'Done' : LAST;
  return { kind: 'workflow', workflow: workflowOf(way, url, rows.length), warmUp, rows, last };
}

function workflowOf(way: Exclude<Way, 'fetch'>, url: string, size: number): WorkflowJson {
  const alone = (submit: WorkflowJson['nodes'][0]) => ({
    nodes: [node('Start', 'n8n-nodes-base.noOp'), submit],
    connections: connect(['Start', LAST]),
  });
  switch (way) {
    case 'ours':
      return alone(iTeraBiz(LAST, { ...createVideo, options: { maxConcurrency: CONCURRENCY } }));
    case 'oursAtOnce':
      return alone(iTeraBiz(LAST, { ...createVideo, options: { maxConcurrency: size } }));
    case 'httpAtOnce':
      return alone(httpRequest(LAST, byHand(url)));
    case 'httpBatching': {
      const batch = { batchSize: CONCURRENCY, batchInterval: 1 };
      return alone(httpRequest(LAST, { ...byHand(url), options: { batching: { batch } } }));
    }
    case 'http':
      return {
        nodes: [
          node('Start', 'n8n-nodes-base.noOp'),
          node(
            'Loop',
            'n8n-nodes-base.splitInBatches',
            { batchSize: CONCURRENCY },
            { typeVersion: 3 },
          ),
          httpRequest(LAST, byHand(url)),
          node('Done', 'n8n-nodes-base.noOp'),
        ],
        connections: connect(
          ['Start', 'Loop'],
          ['Loop', 'Done', 0],
          ['Loop', LAST, 1],
          [LAST, 'Loop'],
        ),
      };
  }
}

function toLine(way: Way, runs: Run[], size: number): Line {
  return {
    way: WAYS[way],
    cells: [
      figure(runs.map(({ ms }) => ms / size)),
      figure(runs.map(({ cpuMs }) => cpuMs / size)),
      Math.max(...runs.map(({ requests }) => requests)),
      Math.max(...runs.map(({ inFlight }) => inFlight)),
      figure(runs.map(({ peakMb }) => peakMb)),
    ],
  };
}

function ratiosOf(perRow: Map<number, Record<Way, Run[]>>): Ratio[] {
  const ratios: Ratio[] = [];
  for (const [size, runs] of perRow) {
    const msPerRow = (way: Way) => figure(runs[way].map(({ ms }) => ms / size));
    ratios.push(
      {
        what: `Submitting ${size} rows, 5 at a time: ms per row`,
        ours: msPerRow('ours'),
        instead: msPerRow('http'),
        insteadOf: WAYS.http,
        goal: 'no slower',
      },
      {
        what: `Submitting ${size} rows, all at once: ms per row`,
        ours: msPerRow('oursAtOnce'),
        instead: msPerRow('httpAtOnce'),
        insteadOf: WAYS.httpAtOnce,
        goal: 'no slower',
      },
    );
  }
  return ratios;
}
