import type {
  ExecuteWorkflowData,
  IDataObject,
  IExecuteFunctions,
  IExecutePaginationFunctions,
} from 'n8n-workflow';
import * as n8nWorkflow from 'n8n-workflow';

import type { Message } from '../../messages/message';
import { inputItems, isToolCall, optionsOf } from '../../run/parameters';
import type { NodeRun } from '../../run/nodeRun';
import { errorJson, onErrorOf } from '../../run/report';
import { keeperWorkflow, type ParkedWait } from './workflows';

/** The part of n8n's context that runs another workflow. n8n behaviour: the type leaves it out here. */
type WorkflowRunner = Pick<IExecuteFunctions, 'executeWorkflow'>;

/**
 * Whether an n8n finds what waits for a small workflow that has ended while nobody was there to tell. n8n
 * behaviour: until 2.41 only the process that woke the small workflow did, from its memory; killed
 * meanwhile, it left the execution waiting for ever. n8n 1 even woke it at every pause. This constant is what
 * n8n's search goes by, and came with it.
 */
function findsTheForgotten(n8n: object): boolean {
  return 'WAIT_FOR_SUB_EXECUTION' in n8n;
}

/**
 * Whether n8n can put this execution aside: not where an AI agent waits for the answer of its tool,
 * and not where no n8n server keeps executions. n8n behaviour: what it does not keep has no ID, or one that
 * begins with an underscore.
 *
 * @param n8n what the package `n8n-workflow` of this n8n exports
 */
export function canPark(context: IExecutePaginationFunctions, n8n: object = n8nWorkflow): boolean {
  return (
    !optionsOf({ context }).holdWhileWaiting &&
    findsTheForgotten(n8n) &&
    'executeWorkflow' in context &&
    !isToolCall(context) &&
    /^[^_]/.test(context.getExecutionId() ?? '') &&
    /^[^_]/.test(context.getWorkflow().id ?? '')
  );
}

/**
 * Hands the waits of a run that are still on over to n8n.
 *
 * @throws where this n8n does not do it; the wait then stays in memory
 */
export async function park(context: IExecutePaginationFunctions, run: NodeRun): Promise<void> {
  const executionId = context.getExecutionId();
  const workflowId = context.getWorkflow().id ?? '';
  const { executeWorkflow } = context as unknown as WorkflowRunner;
  const parked: ExecuteWorkflowData = await executeWorkflow.call(
    context,
    { code: keeperWorkflow(workflowId, context.getNode(), parkedWait(context, run)) },
    parkedItems(context, run).map((json) => ({ json })),
    undefined,
    {
      parentExecution: { executionId, workflowId, shouldResume: true },
      executionMode: context.getMode(),
    },
  );
  if (!parked.waitTill) throw new Error('n8n did not put the execution aside');
}

function parkedWait(context: IExecutePaginationFunctions, run: NodeRun): ParkedWait {
  const { maxWait = 60, failedVideos = 'stop' } = optionsOf({ context });
  return {
    execution: context.getExecutionId(),
    since: Date.now(),
    deadline: Math.max(...[...run.waiting.values()].map(({ deadline }) => deadline)),
    maxWait: Number(maxWait),
    failedVideos,
    onError: onErrorOf(context),
    accepted: run.accepted.size > 0,
    reused: Object.fromEntries(run.reused),
    waiting: [...run.waiting.keys()].filter(
      (item) => !run.results.get(item) && !run.failures.has(item),
    ),
  };
}

/** What each item would give out if the wait ended now, for whatever reason. */
function parkedItems(context: IExecutePaginationFunctions, run: NodeRun): IDataObject[] {
  const onError = onErrorOf(context);
  return inputItems(context).map(({ json: input }, item) => {
    const result = run.results.get(item);
    if (result) return result;
    const kept = onError === 'continueRegularOutput' ? input : {};
    const id = run.waiting.get(item)?.id;
    const failure =
      run.failures.get(item) ?? (id === undefined ? UNREADABLE_ITEM : describeInterrupted(id));
    return errorJson(failure, onError, kept, id);
  });
}

/** n8n behaviour: it prepares each item before it asks the node, and drops one whose expressions fail. */
const UNREADABLE_ITEM: Message = {
  message: 'The values of this item could not be read',
  description: 'One of its expressions failed. Nothing was sent to iTeraBiz for it',
};

/** Nobody reads this, unless n8n is killed in the moment between the last look and the result. */
export function describeInterrupted(id: string): Message {
  return {
    message: `n8n was stopped before it learned what became of video ${id}`,
    description: 'It is not lost: iTeraBiz goes on with it. Get it with Video: Get and this ID',
  };
}
