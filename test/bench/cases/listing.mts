import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { type Bench, inTurns, measure, type Measured, type Task } from '../measure.mts';
import { connect, httpRequest, iTeraBiz, node } from '../n8nNodes.mts';
import { type CaseResult, figure } from '../results.mts';

const WAYS = {
  ours: 'iTeraBiz node, Video: Get Many',
  http: 'HTTP Request node with Pagination, then Split Out',
  fetch: 'script with fetch',
};
type Way = keyof typeof WAYS;

/** Reading a long list, page by page, to single items. */
export async function listing(bench: Bench): Promise<CaseResult> {
  const size = bench.quick ? 1_000 : 10_000;
  const repeats = bench.quick ? 1 : 3;
  bench.say(`Listing ${size} videos`);
  const ways = Object.keys(WAYS) as Way[];
  const sandbox = await startSandbox();
  try {
    await sandbox.addVideos(size);
    const runs = await inTurns(ways, repeats, async (way) => {
      await sandbox.resetStats();
      const run = await measure(bench, taskOf(way, sandbox.url), sandbox);
      const ids = new Set(run.finished.map(({ json }) => json.id));
      if (ids.size !== size) throw new Error(`${WAYS[way]} found ${ids.size}: ${run.error}`);
      // The run before the measured one reads the same pages.
      return { ...run, requests: (await sandbox.stats()).requests['GET /videos'] / 2 };
    });
    const of = (way: Way, value: (run: Measured & { requests: number }) => number) =>
      figure(runs[way].map(value));
    const lines = ways.map((way) => ({
      way: WAYS[way],
      cells: [
        of(way, ({ requests }) => requests),
        of(way, ({ ms }) => ms / 1_000),
        of(way, ({ cpuMs }) => cpuMs / 1_000),
        of(way, ({ peakMb }) => peakMb),
      ],
    }));
    return {
      sections: [
        {
          title: `Listing ${size} videos`,
          columns: ['requests', 'seconds', 'CPU seconds', 'peak memory (MB)'],
          lines,
        },
      ],
      ratios: [
        {
          what: `Listing ${size} videos: seconds`,
          ours: lines[0].cells[1],
          instead: lines[1].cells[1],
          insteadOf: WAYS.http,
        },
        {
          what: `Listing ${size} videos: peak memory (MB)`,
          ours: lines[0].cells[3],
          instead: lines[1].cells[3],
          insteadOf: WAYS.http,
        },
      ],
    };
  } finally {
    await sandbox.stop();
  }
}

function taskOf(way: Way, url: string): Task {
  const once = { warmUp: [{}], rows: [{}] };
  if (way === 'fetch') return { kind: 'fetch', loop: 'list', ...once };
  const workflow = way === 'ours' ? ourWorkflow : httpWorkflow(url);
  return { kind: 'workflow', workflow, last: 'Videos', ...once };
}

const ourWorkflow: WorkflowJson = {
  nodes: [iTeraBiz('Videos', { resource: 'video', operation: 'getAll', returnAll: true })],
  connections: {},
};

const httpWorkflow = (url: string): WorkflowJson => ({
  nodes: [
    httpRequest('Pages', {
      method: 'GET',
      url: `${url}/videos`,
      sendQuery: true,
      queryParameters: { parameters: [{ name: 'limit', value: '100' }] },
      options: {
        pagination: {
          pagination: {
            paginationMode: 'updateAParameterInEachRequest',
            parameters: {
              parameters: [
                {
                  type: 'qs',
                  name: 'starting_after',
                  value: '={{ $response.body.data.last().id }}',
                },
              ],
            },
            paginationCompleteWhen: 'other',
            completeExpression: '={{ !$response.body.has_more }}',
          },
        },
      },
    }),
    node('Videos', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'data' }),
  ],
  connections: connect(['Pages', 'Videos']),
});
