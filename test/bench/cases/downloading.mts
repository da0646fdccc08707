import type { WorkflowJson } from '../../../n8n/embedded.mts';
import { startSandbox } from '../../../sandbox/client.mts';
import { type Bench, inTurns, measure } from '../measure.mts';
import { connect, httpRequest, iTeraBiz, node } from '../n8nNodes.mts';
import { type CaseResult, figure, type Ratio, type Section } from '../results.mts';

const MB = 1_000_000;

const WAYS = {
  ours: 'iTeraBiz node, Video: Download',
  http: 'HTTP Request node for the video, another for its file',
};
type Way = keyof typeof WAYS;

/** Downloading a file into n8n's binary data, which n8n keeps in files. */
export async function downloading(bench: Bench): Promise<CaseResult> {
  const sizes = bench.quick ? [10] : [10, 300, 1_000];
  const repeats = bench.quick ? 1 : 3;
  const ways = Object.keys(WAYS) as Way[];
  const sections: Section[] = [];
  const ratios: Ratio[] = [];
  const sandbox = await startSandbox();
  try {
    for (const size of sizes) {
      bench.say(`Downloading ${size} MB`);
      await sandbox.fileSize(size * MB);
      const [{ id }] = await sandbox.addVideos(1);
      const runs = await inTurns(ways, repeats, async (way) => {
        const workflow = workflowOf(way, sandbox.url);
        const row = { id };
        const run = await measure(
          bench,
          { kind: 'workflow', workflow, warmUp: [], rows: [row], last: 'Download' },
          sandbox,
        );
        if (run.finished.length !== 1) throw new Error(`${WAYS[way]}: ${run.error}`);
        return run;
      });
      const lines = ways.map((way) => ({
        way: WAYS[way],
        cells: [
          figure(runs[way].map(({ ms }) => ms / 1_000)),
          figure(runs[way].map(({ peakMb }) => peakMb)),
          figure(runs[way].map(({ growthMb }) => growthMb)),
        ],
      }));
      sections.push({
        title: `Downloading ${size} MB`,
        columns: ['seconds', 'peak memory (MB)', 'of it for the download (MB)'],
        lines,
      });
      ratios.push({
        what: `Downloading ${size} MB: memory for it (MB)`,
        ours: lines[0].cells[2],
        instead: lines[1].cells[2],
        insteadOf: WAYS.http,
        goal: 'flat',
      });
    }
  } finally {
    await sandbox.stop();
  }
  return { sections, ratios };
}

function workflowOf(way: Way, url: string): WorkflowJson {
  const download =
    way === 'ours'
      ? [
          iTeraBiz('Download', {
            resource: 'video',
            operation: 'download',
            videoId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
          }),
        ]
      : [
          httpRequest('Video', { method: 'GET', url: `=${url}/videos/{{ $json.id }}` }),
          httpRequest('Download', {
            method: 'GET',
            url: '={{ $json.video_url }}',
            authentication: 'none',
            options: { response: { response: { responseFormat: 'file' } } },
          }),
        ];
  const nodes = [node('Start', 'n8n-nodes-base.noOp'), ...download];
  const pairs = nodes.slice(1).map(({ name }, index) => [nodes[index].name, name] as const);
  return {
    nodes,
    connections: connect(...pairs.map(([from, to]): [string, string] => [from, to])),
  };
}
