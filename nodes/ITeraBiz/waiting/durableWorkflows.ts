import type {
  IDataObject,
  INode,
  INodeParameters,
  IWorkflowBase,
  IWorkflowSettings,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import type { Refusals, Surprises } from '../account/snapshot';
import type { Video } from '../api/video';
import type { OnError } from '../run/output';
import type { Run } from '../run/run';
import type { WaitOptions } from './outcome';

/**
 * n8n behavior: only a Wait node makes it put an execution aside, which it then resumes even after restarts. So the
 * node hands its wait over to a small workflow, the coordinator, whose result becomes the node's output: exactly one
 * item per input item, in input order. On Error applies to an error of the coordinator as a whole, so it ends with
 * one only if the user's node stops on errors.
 *
 * n8n behavior: an execution that is running when n8n is killed is over. So the coordinator runs only for moments,
 * and a second small workflow, the poller, polls again and again. However a poller ends, the coordinator then polls
 * itself, and starts another poller if videos are still being made.
 */

/** The coordinator's operation: outputs the result once all videos have ended. */
export const COORDINATE = 'keepParked';

/** The poller's operation: polls for the videos. */
export const POLL = 'scoutParked';

/** How long past its deadline a wait may go on while polls are refused, in milliseconds. */
export const GRACE_PERIOD = 10 * 60_000;

/** n8n behavior: it keeps shorter waits in memory. In seconds. */
export const MIN_PAUSE = 66;

/** The wait of one item. */
interface ItemWait extends WaitOptions {
  item: number;
  /** Milliseconds since 1970 */
  deadline: number;
  /** How long past the deadline polls may still be refused, in milliseconds; older versions did not write it */
  grace?: number;
}

/**
 * The wait, as both small workflows know it. It contains no text from users. n8n behavior: it takes text
 * that begins with `=` for an expression.
 */
export interface DurableWait {
  /** ID of the user's execution */
  execution: string;
  /** Milliseconds since 1970 */
  since: number;
  onError: OnError;
  /** Whether the node ordered the jobs, so its error must name them */
  accepted: boolean;
  /** One per item that waits. The other items have their output already */
  waits: ItemWait[];
  /** By item, if the user chose to reuse videos: whether its video existed already */
  reused?: Record<number, boolean>;
}

/** As older versions of this package wrote it: one deadline and one set of options for all items. */
type FormerWait = Omit<ItemWait, 'item'> & { waiting: number[] };

export type AwaitedVideo = Required<ItemWait> & { id: string };

/** What one poll leaves for the next. n8n behavior: kept for all runs of a node in one execution. */
export interface Memory {
  /** Whether there is nothing left to wait for; `undefined` before the first run */
  done?: boolean;
  /** Seconds until the next poll */
  pause?: number;
  /** IDs of the videos that were still being made at the last poll */
  pending?: string[];
  /** By video ID */
  surprises?: Record<string, Surprises>;
  refusals?: Refusals;
  /** Videos that have ended, by ID: iTeraBiz may delete them before the others end */
  ended?: Record<string, Video>;
}

/** The wait, its videos, and what each item of the user's node outputs if nothing more is learned. */
export function readDurableWait(run: Run) {
  const items = run.parameter('parkedItems', 0) as IDataObject[];
  const wait = run.parameter('parkedWait', 0) as DurableWait & FormerWait;
  const waits = wait.waits ?? wait.waiting.map((item) => ({ ...wait, item }));
  const idOf = (item: number) => (items[item].details as { videoId: string }).videoId;
  const videos: AwaitedVideo[] = waits.map((entry) => ({
    grace: entry.isCutShort ? 0 : GRACE_PERIOD,
    ...entry,
    id: idOf(entry.item),
  }));
  return { items, videos, wait: wait as DurableWait };
}

/**
 * The coordinator. Its first poll, at the hand-over, sends no request: it only makes the node run before n8n
 * puts the execution aside. n8n behavior: after a hard stop, a node that never ran ends its execution with
 * n8n's own error, and the user would see nothing else.
 *
 * @param workflowId of the user's workflow; n8n lists the executions of both small workflows under it
 * @param owner the user's node; the nodes that poll have its type and credential
 */
export function coordinatorWorkflow(
  workflowId: string,
  owner: INode,
  wait: DurableWait,
): IWorkflowBase {
  return loop(workflowId, owner, wait, COORDINATE, {
    type: 'n8n-nodes-base.executeWorkflow',
    typeVersion: 1.2,
    // n8n behavior: a poller that a hard stop ends between two of its nodes has no output.
    onError: 'continueRegularOutput',
    alwaysOutputData: true,
    notes: 'until all are finished',
    parameters: {
      source: 'parameter',
      mode: 'once',
      workflowJson: JSON.stringify(pollerWorkflow(workflowId, owner, wait)),
    },
  });
}

/**
 * The poller. n8n behavior: if the coordinator gets no further, what the poller was first put aside with
 * becomes the coordinator's result. So the poller starts with a pause, which keeps the items as they came in.
 */
export function pollerWorkflow(workflowId: string, owner: INode, wait: DurableWait): IWorkflowBase {
  const amount = `={{ $node[${JSON.stringify(owner.name)}].context.pause ?? ${MIN_PAUSE} }}`;
  return loop(workflowId, owner, wait, POLL, {
    type: 'n8n-nodes-base.wait',
    typeVersion: 1.1,
    notes: 'until the next check',
    parameters: { resume: 'timeInterval', unit: 'seconds', amount },
  });
}

/**
 * n8n behavior: what is missing here comes from the instance's environment variables. A timeout would end a
 * small workflow without output; progress saved in mid-run would count as its result after a hard stop; and
 * for an execution that n8n deleted, the user's would wait forever. Seen in 2.41: -1 is no timeout, whatever
 * the instance's maximum.
 */
const SETTINGS: IWorkflowSettings = {
  executionOrder: 'v1',
  executionTimeout: -1,
  saveExecutionProgress: false,
  saveDataSuccessExecution: 'all',
  saveDataErrorExecution: 'all',
  // They have the ID of the user's workflow, so they always belong to the same owner.
  callerPolicy: 'workflowsFromSameOwner',
};

type NodeData = Omit<INode, 'id' | 'position'>;

/** Polls and pauses in turn, until a poll says that all is done. */
function loop(
  workflowId: string,
  owner: INode,
  wait: DurableWait,
  operation: string,
  pause: Omit<NodeData, 'name'>,
): IWorkflowBase {
  const { name, type, typeVersion, credentials, parameters } = owner;
  const [start, done, between] = ['items', 'done?', 'wait'].map((suffix) => `${name}: ${suffix}`);
  const isDone = { value1: `={{ $node[${JSON.stringify(name)}].context.done }}`, value2: true };
  const nodes: NodeData[] = [
    {
      name: start,
      type: 'n8n-nodes-base.executeWorkflowTrigger',
      typeVersion: 1.1,
      notes: 'what each item outputs so far',
      parameters: { inputSource: 'passthrough' },
    },
    {
      // The name of the user's node, so its errors are shown under that name.
      ...{ name, type, typeVersion, credentials },
      executeOnce: true,
      notes: operation === COORDINATE ? 'outputs the videos' : 'checks the videos',
      parameters: {
        resource: 'video',
        operation,
        parkedItems: `={{ $(${JSON.stringify(start)}).all().map((item) => item.json) }}`,
        parkedWait: { ...wait } as unknown as INodeParameters,
        requestOptions: parameters.requestOptions ?? {},
      },
    },
    {
      name: done,
      type: 'n8n-nodes-base.if',
      typeVersion: 1,
      notes: 'are all of them finished?',
      parameters: { conditions: { boolean: [isDone] } },
    },
    { name: between, ...pause },
  ];
  const placed = nodes.map((node, column): INode => {
    // n8n behavior: the editor then shows the note under the node's name instead of the type's subtitle.
    return { ...node, id: node.name, position: [column * 200, 0], notesInFlow: true };
  });
  const to = (node: string) => [{ node, type: NodeConnectionTypes.Main, index: 0 }];
  const now = new Date();
  return {
    id: workflowId,
    name: `Execution ${wait.execution}: waiting for ${videosOf(wait)}`,
    active: false,
    isArchived: false,
    activeVersionId: null,
    createdAt: now,
    updatedAt: now,
    settings: { ...SETTINGS },
    nodes: [...placed, stickyNote(workflowId, name, wait)],
    connections: {
      [start]: { main: [to(operation === COORDINATE ? name : between)] },
      [name]: { main: [to(done)] },
      [done]: { main: [[], to(between)] },
      [between]: { main: [to(name)] },
    },
  };
}

/** Tells users who open a small execution from n8n's list what it is. */
function stickyNote(workflowId: string, name: string, wait: DurableWait): INode {
  const { execution } = wait;
  const content = [
    `## Part of [execution ${execution}](/workflow/${workflowId}/executions/${execution})`,
    `That execution waits for ${videosOf(wait)} from iTeraBiz and resumes by itself. This is how n8n does the waiting: it orders nothing, costs nothing, and ends by itself.`,
    `There is nothing to do here. Even if execution ${execution} was stopped, this one ends: with the videos, or after Max Wait.`,
  ].join('\n\n');
  return {
    id: 'note',
    name: `${name}: note`,
    type: 'n8n-nodes-base.stickyNote',
    typeVersion: 1,
    position: [-40, -240],
    parameters: { content, width: 760, height: 180 },
  };
}

function videosOf({ waits }: DurableWait): string {
  return waits.length === 1 ? 'a video' : `${waits.length} videos`;
}
