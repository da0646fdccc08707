/** What is measured: one task, in a process of its own. Started by measure.mts. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { IDataObject } from 'n8n-workflow';

import { loadPackage, run } from '../../n8n/embedded.mts';
import { collectGarbage } from '../shared/collectGarbage.mts';
import { checkEvents } from './checks.mts';
import { Floor } from './floor.mts';
import { loops } from './fetchLoops.mts';
import type { ChildOrder, Finished, Measured, WorkflowTask } from './measure.mts';
import { loadN8nNodes, shareEngine } from './n8nNodes.mts';

type Outcome = Pick<Measured, 'finished' | 'error'>;

process.once('message', async (order: ChildOrder) => {
  const measured = await perform(order);
  process.send!(measured, () => process.disconnect());
});

async function perform(order: ChildOrder): Promise<Measured> {
  const { task } = order;
  shareEngine();
  switch (task.kind) {
    case 'workflow':
      return await warmedUp(task, await workflowRunner(task, order));
    case 'fetch':
      return await warmedUp(task, async (rows) => await loops[task.loop](order, rows));
    case 'load':
      return await timed(async () => {
        await loadPackage(task.folder);
        return nothing;
      });
    case 'checks':
      checkEvents(task.repeats);
      return await timed(async () => {
        checkEvents(task.repeats);
        return nothing;
      });
  }
}

const MB = 2 ** 20;

const nothing: Outcome = { finished: [], error: '' };

async function workflowRunner({ workflow, last }: WorkflowTask, order: ChildOrder) {
  const ours = await loadPackage(order.package);
  const others = { ...loadN8nNodes(order.n8nScript), [Floor.type]: new Floor() };
  const kit = { ...ours, nodes: { ...ours.nodes, ...others } };
  const secrets = { iTeraBizApi: { apiKey: order.apiKey, baseUrl: order.url } };
  return async (rows: IDataObject[]): Promise<Outcome> => {
    const items = rows.map((json) => ({ json }));
    const { data } = await run(workflow, { kit, secrets, items });
    const error = data.resultData.error as { message: string; description?: string } | undefined;
    const finished = (data.resultData.runData[last] ?? []).flatMap(
      ({ startTime, executionTime, data: output }): Finished[] =>
        (output?.main[0] ?? []).map(({ json }) => ({ at: startTime + executionTime, json })),
    );
    return { finished, error: error ? `${error.message}\n${error.description ?? ''}` : '' };
  };
}

async function warmedUp(
  { warmUp, rows }: { warmUp: IDataObject[]; rows: IDataObject[] },
  runOnce: (rows: IDataObject[]) => Promise<Outcome>,
): Promise<Measured> {
  if (warmUp.length > 0) await runOnce(warmUp);
  return await timed(async () => await runOnce(rows));
}

async function timed(task: () => Promise<Outcome>): Promise<Measured> {
  const kept = objectsKept();
  const before = process.memoryUsage.rss();
  let highest = before;
  const look = () => (highest = Math.max(highest, process.memoryUsage.rss()));
  const looks = setInterval(look, 20);
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const outcome = await task();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  clearInterval(looks);
  look();
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    blockMs: loop.max / 1e6,
    peakMb: (process.resourceUsage().maxRSS * 1_024) / MB,
    growthMb: (highest - before) / MB,
    keptMb: (objectsKept() - kept) / MB,
    ...outcome,
  };
}

/** In bytes, once the garbage is gone. */
function objectsKept(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
