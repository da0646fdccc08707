import type { IDataObject } from 'n8n-workflow';

import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { createVideo } from '../../shared/createVideo.mts';
import { Floor } from '../floor.mts';
import { type Bench, inTurns, measure, type Measured, type Task } from '../measure.mts';
import { byHand, connect, CREDENTIALS, httpRequest, iTeraBiz, node, rows } from '../n8nNodes.mts';
import { type CaseResult, figure, type Line, type Ratio, type Section } from '../results.mts';

const CONCURRENCY = 5;
const LAST = 'Submit';

const WAYS = {
  ours: `iTeraBiz node, ${CONCURRENCY} at a time`,
  floor: `the least that n8n allows, ${CONCURRENCY} at a time`,
  http: 'HTTP Request node in Loop Over Items, 5 at a time',
  httpBatching: 'HTTP Request node, Batching 5 per 1 ms',
  oursAtOnce: 'iTeraBiz node, Max Concurrency = rows',
  httpAtOnce: 'HTTP Request node as it comes',
  fetch: 'script with fetch, 5 at a time',
};
type Way = keyof typeof WAYS;

const WAY_NAMES = Object.keys(WAYS) as Way[];

/** For so many rows that each run takes half a minute. */
const FEW_WAYS: Way[] = ['ours', 'floor', 'http'];

interface Campaign {
  size: number;
  /** How long the API takes for an answer, in milliseconds */
  apiMs?: number;
  ways: Way[];
  repeats: number;
}

/** The longest that a run may keep n8n from other work, by its rows. */
const BLOCK_GOALS: Record<number, string> = { 2_000: 'at most 500 ms', 10_000: 'at most 1000 ms' };

const QUICK_API =
  'The API answers at once, so this is what n8n and the node take for themselves. Without a wait for answers, nothing says how many requests would be in flight.';
const SLOW_API = `Nearer to real life. Batching starts ${CONCURRENCY} requests and does not wait for their end, so it limits nothing.`;

interface Run extends Measured {
  requests: number;
  inFlight: number;
}

/** Creating one video per row. */
export async function submitting(bench: Bench): Promise<CaseResult> {
  const sections: Section[] = [];
  const ratios: Ratio[] = [];
  for (const campaign of campaigns(bench)) {
    const { size, apiMs, ways, repeats } = campaign;
    const title = `Submitting ${size} rows${apiMs ? ` to an API that takes ${apiMs} ms` : ''}`;
    bench.say(title);
    const runs = await inTurns(ways, repeats, async (way) => await submit(bench, way, campaign));
    sections.push({
      title,
      note: apiMs ? SLOW_API : QUICK_API,
      columns: [
        ...['ms per row', 'CPU ms per row', 'longest block (ms)', 'requests', 'peak memory (MB)'],
        ...(apiMs ? ['most in flight'] : []),
      ],
      lines: ways.map((way) => toLine(way, runs[way], campaign)),
    });
    ratios.push(...ratiosOf(title, runs, campaign));
  }
  return { sections, ratios };
}

function campaigns({ quick }: Bench): Campaign[] {
  const all = { ways: WAY_NAMES, repeats: quick ? 2 : 3 };
  if (quick) return [50, 500].map((size) => ({ size, ...all }));
  return [
    ...[50, 500, 2_000].map((size) => ({ size, ...all })),
    { size: 10_000, ...all, ways: FEW_WAYS },
    { size: 500, apiMs: 100, ...all, repeats: 2 },
  ];
}

export async function submit(bench: Bench, way: Way, { size, apiMs }: Campaign): Promise<Run> {
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
    case 'floor':
      return alone(node(LAST, Floor.type, createVideo, { credentials: CREDENTIALS }));
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

function toLine(way: Way, runs: Run[], { size, apiMs }: Campaign): Line {
  return {
    way: WAYS[way],
    cells: [
      figure(runs.map(({ ms }) => ms / size)),
      figure(runs.map(({ cpuMs }) => cpuMs / size)),
      figure(runs.map(({ blockMs }) => blockMs)),
      Math.max(...runs.map(({ requests }) => requests)),
      figure(runs.map(({ peakMb }) => peakMb)),
      ...(apiMs ? [Math.max(...runs.map(({ inFlight }) => inFlight))] : []),
    ],
  };
}

function ratiosOf(title: string, runs: Record<Way, Run[]>, { size, ways }: Campaign): Ratio[] {
  const ratio = (
    what: string,
    [ours, other]: [Way, Way],
    goal: string | undefined,
    value: (run: Run) => number,
  ): Ratio => ({
    what: `${title}, ${what}`,
    ours: figure(runs[ours].map(value)),
    instead: figure(runs[other].map(value)),
    insteadOf: WAYS[other],
    goal,
  });
  const pairs: Record<string, [Way, Way]> = {
    http: ['ours', 'http'],
    floor: ['ours', 'floor'],
    atOnce: ['oursAtOnce', 'httpAtOnce'],
  };
  const ms = (run: Run) => run.ms / size;
  const cpuMs = (run: Run) => run.cpuMs / size;
  const ratios = [
    ratio('5 at a time: ms per row', pairs.http, 'no slower', ms),
    ratio('5 at a time: CPU ms per row', pairs.http, 'no slower', cpuMs),
    ratio('5 at a time: CPU ms per row beside the least', pairs.floor, 'at most 1.25 : 1', cpuMs),
    ratio('longest block (ms)', pairs.http, BLOCK_GOALS[size], ({ blockMs }) => blockMs),
    ratio('peak memory (MB)', pairs.http, undefined, ({ peakMb }) => peakMb),
  ];
  if (!ways.includes('oursAtOnce')) return ratios;
  return [...ratios, ratio('all at once: ms per row', pairs.atOnce, 'no slower', ms)];
}
