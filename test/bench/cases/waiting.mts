import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { createVideo } from '../../shared/createVideo.mts';
import { type Bench, inTurns, measure, type Task } from '../measure.mts';
import { byHand, connect, httpRequest, iTeraBiz, node, rows, waitingLoop } from '../n8nNodes.mts';
import { type CaseResult, type Figure, figure, type Ratio, type Section } from '../results.mts';

/** The same for all ways, in seconds: the shortest that our node takes. */
const POLL_INTERVAL = 2;

/**
 * A delay depends on where between two looks a video ends. So the videos of the repeats end at as many
 * moments, spread evenly over the time between two looks.
 */
const REPEATS = 4;

const WAYS = {
  ours: 'iTeraBiz node, Wait for Completion',
  loop: 'loop of Wait, HTTP Request and If',
  poll: 'script that asks for each video by itself',
};
type Way = keyof typeof WAYS;

interface Run {
  requestsPerVideo: number;
  /** Of each video, in seconds */
  delays: number[];
}

/** Waiting from memory until videos are finished. */
export async function waiting(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [1, 20] : [1, 10, 100, 1_000];
  const repeats = bench.quick ? 1 : REPEATS;
  const seconds = bench.quick ? 5 : 10;
  const ways = Object.keys(WAYS) as Way[];
  const sections: Section[] = [];
  const ratios: Ratio[] = [];
  for (const size of sizes) {
    bench.say(`Waiting for ${size} videos`);
    const runs = await inTurns(ways, repeats, async (way, repeat) =>
      waitFor(bench, way, size, (seconds + (repeat * POLL_INTERVAL) / REPEATS) * 1_000),
    );
    const requests = (way: Way) => figure(runs[way].map((run) => run.requestsPerVideo));
    const delay = (way: Way): Figure => figure(runs[way].flatMap(({ delays }) => delays));
    sections.push({
      title: `Waiting for ${size} ${size === 1 ? 'video' : 'videos'}`,
      note: `Each takes ${seconds} s or up to ${POLL_INTERVAL} s more, so that they end at all moments between two looks; all ways look every ${POLL_INTERVAL} s. A delay is the time from the end of a video until the workflow goes on with it.`,
      columns: ['requests per video, submission left out', 'delay (s)'],
      lines: ways.map((way) => ({ way: WAYS[way], cells: [requests(way), delay(way)] })),
    });
    ratios.push(
      {
        what: `Waiting for ${size}: requests per video`,
        ours: requests('ours'),
        instead: requests('loop'),
        insteadOf: WAYS.loop,
        goal: size >= 100 ? 'at most 1 : 50' : '',
      },
      {
        what: `Waiting for ${size}: delay (s)`,
        ours: delay('ours'),
        instead: delay('loop'),
        insteadOf: WAYS.loop,
        goal: 'the same',
      },
    );
  }
  return { sections, ratios };
}

async function waitFor(bench: Bench, way: Way, size: number, videoMs: number): Promise<Run> {
  const sandbox = await startSandbox({ queuedMs: 500, processingMs: videoMs - 500 });
  try {
    const { finished, error } = await measure(bench, taskOf(way, sandbox.url, size), sandbox);
    if (finished.length !== size) throw new Error(`${WAYS[way]}: ${error}`);
    const { requests } = await sandbox.stats();
    const looks = (requests['GET /videos'] ?? 0) + (requests['GET /videos/{id}'] ?? 0);
    return {
      requestsPerVideo: looks / size,
      delays: finished.map(({ at, json }) => (at - Date.parse(String(json.completed_at))) / 1_000),
    };
  } finally {
    await sandbox.stop();
  }
}

function taskOf(way: Way, url: string, size: number): Task {
  const sizes = { warmUp: [], rows: rows(size) };
  if (way === 'poll') return { kind: 'fetch', loop: 'poll', ...sizes };
  const workflow = way === 'ours' ? ourWorkflow : loopWorkflow(url);
  return { kind: 'workflow', workflow, last: 'Done', ...sizes };
}

const ourWorkflow: WorkflowJson = {
  nodes: [
    iTeraBiz('Create', {
      ...createVideo,
      waitForCompletion: true,
      options: { pollInterval: POLL_INTERVAL },
    }),
    node('Done', 'n8n-nodes-base.noOp'),
  ],
  connections: connect(['Create', 'Done']),
};

const loopWorkflow = (url: string): WorkflowJson =>
  waitingLoop(httpRequest('Create', byHand(url)), url, POLL_INTERVAL);
