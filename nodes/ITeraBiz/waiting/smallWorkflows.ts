import type { IDataObject, INode, INodeParameters, IWorkflowBase } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import type { Refusals, Surprises } from '../account/snapshot';
import type { OnError, Run } from '../run/run';
import type { WaitOptions } from './outcome';

/**
 * n8n behavior: it waits only in a Wait node, and wakes what waits there after restarts too. So the node
 * hands its wait over to a small workflow, the coordinator; n8n puts the user's execution aside until that
 * one ends, and gives its result to this node as the node's output. Seen in 2.41: the result takes the place
 * of the node's items by position, so there is exactly one per input item, in input order; On Error applies
 * to an error of the coordinator as a whole, so only a node that is to stop lets it end with one.
 *
 * n8n behavior: when it is killed while an execution runs, that one is over, and what it gave out before its
 * last pause counts as its result. So the coordinator runs for a moment only: what asks the API time and
 * again is a second small workflow, the poller. However that one ends, the coordinator polls by itself, and
 * starts another one if videos are still being made.
 */

/** The coordinator's operation: gives out the result once all videos have ended. */
export const COORDINATE = 'keepParked';

/** The poller's operation: polls for the videos from time to time. */
export const POLL = 'scoutParked';

/** n8n behavior: it keeps waits that are shorter in memory. In seconds. */
export const MIN_PAUSE = 66;

/** The wait of one item; its deadline in milliseconds since 1970. */
interface ItemWait extends WaitOptions {
  item: number;
  deadline: number;
}

/**
 * What both know of the wait. No texts of users. n8n behavior: it takes a text that begins with `=`
 * for an expression.
 */
export interface DurableWait {
  /** The user's execution, which waits */
  execution: string;
  /** Milliseconds since 1970 */
  since: number;
  onError: OnError;
  /** Whether the node made the jobs, and its message has to name them */
  accepted: boolean;
  /** Of each item whose video is waited for. The others have their output already. */
  waits: ItemWait[];
  /** Of these, whether their video was there already, by item, where the user wanted that */
  reused?: Record<number, boolean>;
}

/** What older versions of this package wrote: one deadline and one set of options for all items. */
interface FormerWait extends Omit<ItemWait, 'item'> {
  waiting: number[];
}

export interface AwaitedVideo extends ItemWait {
  id: string;
}

/** What one poll leaves for the next. n8n behavior: kept over all runs of the node in its execution */
export interface Memory {
  /** Whether there is nothing more to wait for */
  done?: boolean;
  /** Seconds until the next poll */
  pause?: number;
  /** The videos that were still being made at the last poll */
  pending?: string[];
  /** By video */
  surprises?: Record<string, Surprises>;
  refusals?: Refusals;
}

export interface ReadDurableWait {
  /** What each item of the user's node gives out if nothing more is learned of its video */
  items: IDataObject[];
  videos: AwaitedVideo[];
  wait: DurableWait;
}

export function readDurableWait(run: Run): ReadDurableWait {
  const items = run.parameter('parkedItems', 0) as IDataObject[];
  const wait = run.parameter('parkedWait', 0) as DurableWait & FormerWait;
  const waits = wait.waits ?? wait.waiting.map((item) => ({ ...wait, item }));
  const idOf = (item: number) => (items[item].details as { videoId: string }).videoId;
  return { items, videos: waits.map((one) => ({ ...one, id: idOf(one.item) })), wait };
}

/**
 * The coordinator: polls, and while videos are still being made, starts a poller, waits for it and polls again.
 *
 * Its first look, when the wait is handed over, asks nothing: every node has to have run before n8n puts the
 * execution aside. n8n behavior: after a hard stop, a node that had not run before ends its execution with an
 * error of n8n's own, and that would be all that the user learns.
 *
 * @param workflowId of the user's workflow; n8n lists the executions of the small ones under it
 * @param owner the user's node; those that look are of its kind and have its credential
 */
export function coordinatorWorkflow(
  workflowId: string,
  owner: INode,
  wait: DurableWait,
): IWorkflowBase {
  return loop(workflowId, owner, wait, COORDINATE, {
    type: 'n8n-nodes-base.executeWorkflow',
    typeVersion: 1.2,
    // n8n behavior: a poller that a hard stop ended between two of its nodes has no output.
    onError: 'continueRegularOutput',
    alwaysOutputData: true,
    notes: 'until all have ended',
    parameters: {
      source: 'parameter',
      mode: 'once',
      workflowJson: JSON.stringify(pollerWorkflow(workflowId, owner, wait)),
    },
  });
}

/**
 * The poller: pauses and polls, until all videos have ended or the time is up. n8n behavior: what it was put
 * aside with first counts as the coordinator's result, should that one not get to another one. So it begins
 * with the pause, which keeps the items as they came in.
 */
export function pollerWorkflow(workflowId: string, owner: INode, wait: DurableWait): IWorkflowBase {
  const amount = `={{ $node[${JSON.stringify(owner.name)}].context.pause ?? ${MIN_PAUSE} }}`;
  return loop(workflowId, owner, wait, POLL, {
    type: 'n8n-nodes-base.wait',
    typeVersion: 1.1,
    notes: 'until the next look',
    parameters: { resume: 'timeInterval', unit: 'seconds', amount },
  });
}

/** Looks and pauses in turn, until a look says that it is done. */
function loop(
  workflowId: string,
  { name, type, typeVersion, credentials, parameters }: INode,
  wait: DurableWait,
  operation: string,
  pause: Omit<INode, 'id' | 'name' | 'position'>,
): IWorkflowBase {
  const { execution, waits } = wait;
  const videos = waits.length === 1 ? 'a video' : `${waits.length} videos`;
  const [start, done, between] = ['items', 'done?', 'wait'].map((what) => `${name}: ${what}`);
  // The node that looks has the name of the user's node: an error of it is shown under that name.
  const isDone = { value1: `={{ $node[${JSON.stringify(name)}].context.done }}`, value2: true };
  const nodes: Array<Omit<INode, 'id' | 'position'>> = [
    {
      name: start,
      type: 'n8n-nodes-base.executeWorkflowTrigger',
      typeVersion: 1.1,
      notes: 'what each item gives out so far',
      parameters: { inputSource: 'passthrough' },
    },
    {
      name,
      type,
      typeVersion,
      credentials,
      executeOnce: true,
      notes: operation === COORDINATE ? 'gives out the videos' : 'looks at the videos',
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
      notes: 'have all of them ended?',
      parameters: { conditions: { boolean: [isDone] } },
    },
    { name: between, ...pause },
  ];
  // For who finds the small execution in n8n's list and opens it.
  const content = [
    `## Part of [execution ${execution}](/workflow/${workflowId}/executions/${execution})`,
    `That execution waits for ${videos} from iTeraBiz and resumes by itself. This is how n8n does the waiting: it orders nothing, costs nothing, and ends by itself.`,
    `There is nothing to do here. Even if execution ${execution} was stopped, this one ends: with the videos, or after Max Wait.`,
  ].join('\n\n');
  const note: INode = {
    id: 'note',
    name: `${name}: note`,
    type: 'n8n-nodes-base.stickyNote',
    typeVersion: 1,
    position: [-40, -240],
    parameters: { content, width: 760, height: 180 },
  };
  const to = (node: string) => [{ node, type: NodeConnectionTypes.Main, index: 0 }];
  const placed = nodes.map((node, column): INode => {
    // n8n behavior: the note stands under the name then, in place of what the node's type says.
    return { ...node, id: node.name, position: [column * 200, 0], notesInFlow: true };
  });
  const now = new Date();
  return {
    id: workflowId,
    name: `Execution ${execution}: waiting for ${videos}`,
    active: false,
    isArchived: false,
    activeVersionId: null,
    createdAt: now,
    updatedAt: now,
    settings: { executionOrder: 'v1' },
    nodes: [...placed, note],
    connections: {
      [start]: { main: [to(operation === COORDINATE ? name : between)] },
      [name]: { main: [to(done)] },
      [done]: { main: [[], to(between)] },
      [between]: { main: [to(name)] },
    },
  };
}
