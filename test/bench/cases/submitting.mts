import type { IDataObject } from 'n8n-workflow';

import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { createVideo } from '../../shared/createVideo.mts';
import { type Bench, inTurns, measure, type Measured, type Task } from '../measure.mts';
import { byHand, connect, httpRequest, iTeraBiz, node, rows } from '../n8nNodes.mts';
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

const QUICK_API =
  'The API answers at once, so this is what n8n and the node take for themselves. Without a wait for answers, nothing says how many requests would be in flight.';
const SLOW_API = `Nearer to real life. Batching starts ${CONCURRENCY} requests and does not wait for their end, so it limits nothing.`;

interface Run extends Measured {
  requests: number;
  inFlight: number;
}

/** Creating one video per row. */
export async function submitting(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [50] : [50, 500, 2_000];
  const campaigns = sizes.map((size) => ({ size, apiMs: 0 }));
  campaigns.push({ size: bench.quick ? 50 : 500, apiMs: 100 });
  const ways = Object.keys(WAYS) as Way[];
  const sections: Section[] = [];
  const ratios: Ratio[] = [];
  for (const { size, apiMs } of campaigns) {
    const title = `Submitting ${size} rows${apiMs ? ` to an API that takes ${apiMs} ms` : ''}`;
    bench.say(title);
    const repeats = bench.quick || apiMs ? 2 : 3;
    const runs = await inTurns(ways, repeats, async (way) => await submit(bench, way, size, apiMs));
    sections.push({
      title,
      note: apiMs ? SLOW_API : QUICK_API,
      columns: ['ms per row', 'CPU ms per row', 'requests', 'peak memory (MB)'].concat(
        apiMs ? 'most in flight' : [],
      ),
      lines: ways.map((way) => toLine(way, runs[way], size, apiMs)),
    });
    ratios.push(...ratiosOf(title, runs, size));
  }
  return { sections, ratios };
}

async function submit(bench: Bench, way: Way, size: number, apiMs: number): Promise<Run> {
  // One per run: a sandbox that keeps many videos is slower.
  const sandbox = await startSandbox({ hold: true });
  try {
    if (apiMs) {
      await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: apiMs, times: 'always' });
    }
    // Not larger than what is measured: its requests in flight are counted with the others.
    const warmUp = rows(Math.min(100, size), 'Warm-up');
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

function toLine(way: Way, runs: Run[], size: number, apiMs: number): Line {
  return {
    way: WAYS[way],
    cells: [
      figure(runs.map(({ ms }) => ms / size)),
      figure(runs.map(({ cpuMs }) => cpuMs / size)),
      Math.max(...runs.map(({ requests }) => requests)),
      figure(runs.map(({ peakMb }) => peakMb)),
      ...(apiMs ? [Math.max(...runs.map(({ inFlight }) => inFlight))] : []),
    ],
  };
}

function ratiosOf(title: string, runs: Record<Way, Run[]>, size: number): Ratio[] {
  const ratio = (how: string, ours: Way, http: Way, value: (run: Run) => number): Ratio => ({
    what: `${title}, ${how} per row`,
    ours: figure(runs[ours].map((run) => value(run) / size)),
    instead: figure(runs[http].map((run) => value(run) / size)),
    insteadOf: WAYS[http],
    goal: 'no slower',
  });
  return [
    ratio('5 at a time: ms', 'ours', 'http', ({ ms }) => ms),
    ratio('5 at a time: CPU ms', 'ours', 'http', ({ cpuMs }) => cpuMs),
    ratio('all at once: ms', 'oursAtOnce', 'httpAtOnce', ({ ms }) => ms),
  ];
}
