import type { Waits } from '../account/watch';
import { pause } from '../client/pause';
import { Lane } from '../client/slots';
import type { Item } from '../run/item';
import { leave } from '../run/nodeRun';
import { onErrorOf } from '../run/report';
import { park } from './parked/park';
import { waitsOf } from './waits';

/**
 * So many executions of this process may wait in memory at the same time. Each holds some ten megabytes
 * of n8n's, and one of the places where n8n limits how many executions run.
 */
const MOST_IN_MEMORY = 3;

/** From then on n8n does the waiting, in milliseconds after the last request was made. */
const WAIT_IN_MEMORY = 60_000;

/** How many of them there are. Of the whole process, since it is n8n that is spared here, and not the API. */
let inMemory = 0;

/** A hand-over takes n8n a moment and some memory: one after the other. */
const handOvers = new Lane();

/**
 * Lets n8n do the waiting of a run: after a minute in memory, or at once where others wait there already.
 * Where n8n does not take it over, the wait stays in memory.
 */
export async function handOver(item: Item): Promise<void> {
  const { context, run } = item;
  const waits = waitsOf(item);
  const signal = context.getExecutionCancelSignal();
  try {
    await run.gathered();
    if (inMemory < MOST_IN_MEMORY) await waitInMemory(waits);
    if (waits.size === 0) return;
    await handOvers.enter(1, signal);
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

/** Until all is finished, or for a minute and one last look. */
async function waitInMemory(waits: Waits): Promise<void> {
  inMemory++;
  try {
    // Without the signal: it would keep the execution for the whole minute.
    await Promise.race([waits.over(), pause(WAIT_IN_MEMORY)]);
    if (waits.size > 0) await waits.look([], new Set());
  } finally {
    inMemory--;
  }
}
