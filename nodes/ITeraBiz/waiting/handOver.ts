import type { Waits } from '../account/watch';
import { pause } from '../client/pause';
import { Lane } from '../client/slots';
import type { Item } from '../run/item';
import { leave } from '../run/nodeRun';
import { onErrorOf } from '../run/report';
import { park } from './parked/park';
import { waitsOf } from './waits';

/** From then on n8n does the waiting, in milliseconds after the last request was made. */
const WAIT_IN_MEMORY = 60_000;

/** Executions whose hand-overs follow each other within this are a crowd, in milliseconds. */
const CROWD = 10_000;

/**
 * Whether an execution waits in memory. More than one would hold what the others need: each takes some
 * ten megabytes of n8n's, and one of the places where n8n limits how many executions run. That limit may be
 * two, and a node cannot ask for it.
 *
 * Of the whole process, since it is n8n that is spared here, and not the API.
 */
let isOneInMemory = false;

/** When the last wait was handed over, in milliseconds since 1970 */
let handedOverAt = -Infinity;

/**
 * A hand-over takes n8n a moment of computing and some memory. Two at a time keep two cores busy; more are
 * no faster.
 */
const HAND_OVERS_AT_ONCE = 2;

const handOvers = new Lane();

/**
 * Lets n8n do the waiting of a run: after a minute in memory, or at once where another execution waits
 * there, or where they come in a crowd.
 * Where n8n does not take it over, the wait stays in memory.
 */
export async function handOver(item: Item): Promise<void> {
  const { context, run } = item;
  const waits = waitsOf(item);
  const signal = context.getExecutionCancelSignal();
  try {
    await run.gathered();
    if (!isOneInMemory && !isCrowd()) await waitInMemory(waits);
    if (waits.size === 0) return;
    await handOvers.enter(HAND_OVERS_AT_ONCE, signal);
  } catch {
    return; // The execution was cancelled, and its waits with it.
  }
  try {
    waits.isPaused = true;
    // What has ended just now is still to be recorded, and may fail the node.
    await pause(0);
    const hasFailed = onErrorOf(context) === 'stop' && run.failures.size > 0;
    if (waits.size === 0 || hasFailed || signal?.aborted) return;
    await park(context, run);
    handedOverAt = Date.now();
    waits.releaseAll();
    // n8n behaviour: it keeps the data of an execution that it put aside. Without this, our contexts would
    // stay with it, and with them all of n8n's.
    leave(context);
  } catch (error) {
    context.logger.warn(
      `iTeraBiz: n8n could not take over the wait, so it stays in memory, where a restart of n8n ends it: ${(error as Error).message}`,
      { node: context.getNode().name, executionId: context.getExecutionId() },
    );
  } finally {
    waits.isPaused = false;
    handOvers.leave();
  }
}

/** A clock that was set back makes no crowd. */
function isCrowd(): boolean {
  const since = Date.now() - handedOverAt;
  return since >= 0 && since < CROWD;
}

/** Until all is finished, or for a minute and one last look. */
async function waitInMemory(waits: Waits): Promise<void> {
  isOneInMemory = true;
  try {
    // Without the signal: it would keep the execution for the whole minute.
    await Promise.race([waits.over(), pause(WAIT_IN_MEMORY)]);
    if (waits.size > 0) await waits.look([], new Set());
  } finally {
    isOneInMemory = false;
  }
}
