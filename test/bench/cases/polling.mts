import { setTimeout as sleep } from 'node:timers/promises';

import type { Sandbox } from '../../../sandbox/client.mts';
import { betweenPolls } from '../../shared/betweenPolls.mts';
import { until } from '../../shared/until.mts';
import type { Bench } from '../measure.mts';
import { httpRequest, iTeraBiz, node } from '../n8nNodes.mts';
import type { CaseResult } from '../results.mts';
import { cpuSecondsOf, type MeasuredN8n, withMeasuredN8n } from '../server.mts';

/** So many workflows poll the same account, so that it shows beside what n8n does anyway. */
const POLLERS = 20;

const WAYS = {
  idle: 'no workflow',
  ours: 'iTeraBiz Polling Trigger',
  byHand: 'Schedule Trigger, HTTP Request (the newest 100), Split Out and Remove Duplicates',
};
type Way = keyof typeof WAYS;

interface Run {
  polls: number;
  requests: number;
  cpuSeconds: number;
  executions: number;
}

/** Polls of an account with many videos in which nothing is new, on the real n8n. */
export async function polling(bench: Bench): Promise<CaseResult> {
  const size = bench.quick ? 1_000 : 10_000;
  const minutes = bench.quick ? 1 : 3;
  const title = `Polls with nothing new, ${size} videos in the account`;
  const runs = new Map<Way, Run>();
  for (const way of Object.keys(WAYS) as Way[]) {
    bench.say(`${title}: ${WAYS[way]}`);
    runs.set(way, await run(way, size, minutes));
  }
  const idle = runs.get('idle')!.cpuSeconds;
  const cost = (way: Way) => {
    const { cpuSeconds, polls } = runs.get(way)!;
    return ((cpuSeconds - idle) * 1_000) / polls;
  };
  const ways = ['ours', 'byHand'] as const;
  return {
    sections: [
      {
        title,
        note: `${POLLERS} workflows, once a minute for ${minutes} minutes. The processor's time is that of the n8n process, without what it takes in the same time with no workflow.`,
        columns: ['polls', 'requests per poll', 'CPU ms per poll', 'executions that n8n stores'],
        lines: ways.map((way) => {
          const { polls, requests, executions } = runs.get(way)!;
          return { way: WAYS[way], cells: [polls, requests / polls, cost(way), executions] };
        }),
      },
    ],
    ratios: [
      {
        what: `${title}: CPU ms per poll`,
        ours: cost('ours'),
        instead: cost('byHand'),
        insteadOf: WAYS.byHand,
      },
    ],
  };
}

async function run(way: Way, size: number, minutes: number): Promise<Run> {
  return await withMeasuredN8n({ hold: true }, {}, async (n8n, sandbox) => {
    await sandbox.addVideos(size);
    if (way !== 'idle') {
      for (let poller = 0; poller < POLLERS; poller++) {
        await n8n.publish(`${WAYS[way]} ${poller}`, workflowOf(way, sandbox));
      }
      // The first polls read the whole list, and the one by hand takes all of its 100 for new.
      await until('each poll is a single request', () => requestsOfAMinute(sandbox), {
        isSo: (requests) => requests === POLLERS,
        seconds: 600,
      });
    }
    await betweenPolls();
    const before = await executionsOf(n8n);
    await sandbox.resetStats();
    const cpu = cpuSecondsOf(n8n.pid);
    await sleep(minutes * 60_000);
    const cpuSeconds = cpuSecondsOf(n8n.pid) - cpu;
    const requests = (await sandbox.stats()).requests['GET /videos'] ?? 0;
    const executions = (await executionsOf(n8n)) - before;
    return { polls: minutes * POLLERS, requests, cpuSeconds, executions };
  });
}

async function requestsOfAMinute(sandbox: Sandbox): Promise<number> {
  await betweenPolls();
  await sandbox.resetStats();
  await sleep(60_000);
  return (await sandbox.stats()).requests['GET /videos'] ?? 0;
}

async function executionsOf(n8n: MeasuredN8n): Promise<number> {
  const sql = 'select count(*) as count from execution_entity';
  return (await n8n.query<{ count: number }>(sql))[0].count;
}

function workflowOf(way: 'ours' | 'byHand', { url }: Sandbox) {
  const end = node('End', 'n8n-nodes-base.noOp');
  if (way === 'ours') {
    const pollTimes = { item: [{ mode: 'everyMinute' }] };
    const type = 'n8n-nodes-iterabiz.iTeraBizPollingTrigger';
    return [iTeraBiz('Videos', { pollTimes }, { type }), end];
  }
  const rule = { interval: [{ field: 'minutes', minutesInterval: 1 }] };
  const dedupe = {
    operation: 'removeItemsSeenInPreviousExecutions',
    dedupeValue: '={{ $json.id }}',
  };
  return [
    node('Schedule', 'n8n-nodes-base.scheduleTrigger', { rule }, { typeVersion: 1.2 }),
    httpRequest('List', { method: 'GET', url: `${url}/videos?limit=100` }),
    node('Videos', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'data' }),
    node('New', 'n8n-nodes-base.removeDuplicates', dedupe, { typeVersion: 2 }),
    end,
  ];
}
