import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { RequestQueue } from '../client/requestQueue';
import { now } from '../client/time';
import { errorJson } from '../run/output';
import type { Results } from '../run/results';
import type { Run } from '../run/run';
import type { Wait } from './outcome';
import { coordinatorWorkflow, type DurableWait, GRACE_PERIOD } from './durableWorkflows';

/** How long a wait stays in memory before n8n takes it over, in milliseconds. */
const IN_MEMORY = { production: 60_000, manual: 10 * 60_000 };

/** Hand-overs closer together than this count as a burst, in milliseconds. */
const BURST_WINDOW = 10_000;

/** n8n behavior: it checks its waiting executions once a minute, so a wait may end this late, in milliseconds. */
const LATENESS = 2 * 60_000;

/**
 * Whether a production execution of this process is waiting in memory. Each takes some ten megabytes and,
 * if n8n limits concurrent executions, one of those slots.
 */
let isOneInMemory = false;
let handedOverAt = -Infinity;

/** A hand-over costs n8n CPU and memory. More than two at a time are no faster. */
const handOvers = new RequestQueue();

/**
 * Calls `wait` with how long to wait in memory: longer in the editor, where results then show sooner. In
 * production a minute, or not at all if another execution is waiting there or hand-overs come in a burst.
 */
export async function withPatience<T>(run: Run, wait: (ms: number) => Promise<T>): Promise<T> {
  if (run.isManual) return await wait(IN_MEMORY.manual);
  if (isOneInMemory || now() - handedOverAt < BURST_WINDOW) return await wait(0);
  isOneInMemory = true;
  try {
    return await wait(IN_MEMORY.production);
  } finally {
    isOneInMemory = false;
  }
}

/**
 * Hands the remaining waits of a run over to n8n, if the workflow's Timeout leaves enough time.
 *
 * @returns whether n8n put the execution aside; if not, the waits stay in memory
 * @throws the signal's reason when the execution is canceled
 */
export async function handOver(results: Results, waits: Wait[]): Promise<boolean> {
  const { run } = results;
  const { timeoutAt = Infinity, signal } = run;
  if (timeoutAt - Date.now() <= 2 * LATENESS) return false;
  const turn = { priority: 'row', concurrency: 2, signal } as const;
  return await handOvers.run(async () => {
    try {
      if (await run.hasKeyByItem()) throw new Error('the credential depends on the item');
      const wait = durableWaitOf(results, waits, timeoutAt - LATENESS);
      const items = itemsSoFar(results).map((json) => ({ json }));
      // An expression in them would be evaluated on other items there.
      const requestOptions = run.parameter('requestOptions', 0, {}) as INodeParameters;
      const owner = { ...run.node, parameters: { requestOptions } };
      const workflow = coordinatorWorkflow(run.workflowId!, owner, wait);
      const { waitTill } = await run.executeWorkflow!(workflow, items);
      if (!waitTill) throw new Error('n8n did not put the execution aside');
      handedOverAt = now();
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      run.warn(
        `iTeraBiz: n8n could not take over the wait, so it stays in memory, where a restart of n8n ends it: ${(error as Error).message}`,
      );
      return false;
    }
  }, turn);
}

/** @param latest when all waits have to end, in milliseconds since 1970 */
function durableWaitOf(results: Results, waits: Wait[], latest: number): DurableWait {
  const { run } = results;
  const since = Date.now();
  return {
    execution: run.executionId!,
    since,
    onError: run.onError,
    accepted: results.accepted.size > 0,
    reused: Object.fromEntries(results.reused),
    waits: waits.map(({ item, maxWait, failedVideos, deadline }) => {
      const until = since + deadline - now();
      const isCutShort = latest < until;
      const grace = Math.max(0, Math.min(latest - until, GRACE_PERIOD));
      return { item, maxWait, failedVideos, isCutShort, grace, deadline: Math.min(until, latest) };
    }),
  };
}

/** What each item outputs if the wait ends now, for whatever reason. */
function itemsSoFar(results: Results): IDataObject[] {
  const { run } = results;
  return Array.from({ length: run.size }, (_, item) => {
    const soFar = results.outputOf(item).at(0);
    if (soFar) return soFar.json;
    const input = run.onError === 'continueRegularOutput' ? run.input(item) : {};
    const id = results.awaited.get(item);
    // Shown only if n8n was killed between the last poll and the result.
    const interrupted = {
      message: `n8n was stopped before it got the result of video ${id}`,
      description: 'The video is not lost. Get it with Video: Get and this ID',
    };
    return errorJson(interrupted, run.onError, input, id);
  });
}
