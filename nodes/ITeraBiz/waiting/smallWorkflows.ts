import type {
  IContextObject,
  IDataObject,
  INode,
  INodeParameters,
  IWorkflowBase,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import type { Refusals, Surprises } from '../account/snapshot';
import type { OnError, Run } from '../run/run';
import type { WaitOptions } from './outcome';

/**
 * n8n behavior: it waits only in a Wait node, and wakes what waits there after restarts too. So the node
 * hands its wait over to a small workflow of its own, the coordinator; n8n puts the execution of the user
 * aside while that one waits, and gives its result to this node as the node's output.
 *
 * n8n behavior that this rests on (seen in 2.41): the result takes the place of the node's items
 * by position, so there is exactly one per input item, in input order; n8n's On Error setting
 * applies to an error of the coordinator as a whole, so only a node that is to stop lets it end with one.
 *
 * n8n behavior that asks for a second small workflow: when n8n is killed while an execution runs,
 * that one is over, and what it gave out before its last pause counts as its result. So what asks
 * the API time and again is not the coordinator but a poller, which it waits for. However a poller
 * ends, the coordinator polls by itself, and starts another one if videos are still being made.
 * The coordinator runs for a moment only. Should n8n be killed in just that moment, its result is one item
 * per input item all the same: those whose videos it waited for say so, and carry their IDs.
 */

/** The operation of the coordinator: gives out the result once all videos have ended. No user sees it. */
export const COORDINATE = 'keepParked';

/** The operation of the poller: polls for the videos from time to time. No user sees it. */
export const POLL = 'scoutParked';

/** n8n behavior: it keeps waits that are shorter in memory. In seconds. */
export const SHORTEST_PAUSE = 66;

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
  waits: Array<WaitOptions & { item: number; deadline: number }>;
  /** Of these, whether their video was there already, by item, where the user wanted that */
  reused?: Record<number, boolean>;
}

/** What older versions of this package wrote: one deadline and one set of options for all items. */
interface FormerWait extends WaitOptions {
  deadline: number;
  waiting: number[];
}

/** A video that is waited for; its deadline in milliseconds since 1970. */
export interface AwaitedVideo extends WaitOptions {
  item: number;
  deadline: number;
  id: string;
}

/** What one poll leaves for what comes after it. n8n behavior: kept over all runs of the node in its execution */
interface Memory {
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

/** What the small workflows find in their parameters, and in their memory. */
export interface ReadDurableWait {
  /** What each item of the user's node gives out if nothing more is learned of its video */
  items: IDataObject[];
  videos: AwaitedVideo[];
  wait: DurableWait;
  memory: IContextObject & Memory;
}

export function readDurableWait(run: Run): ReadDurableWait {
  const items = run.parameter('parkedItems', 0) as IDataObject[];
  const wait = run.parameter('parkedWait', 0) as DurableWait & FormerWait;
  const former = wait.waiting?.map((item) => ({ ...wait, item }));
  const videos = (wait.waits ?? former).map((one) => {
    const { videoId } = items[one.item].details as { videoId: string };
    const { item, deadline, maxWait, failedVideos, isCutShort } = one;
    return { item, deadline, maxWait, failedVideos, isCutShort, id: videoId };
  });
  return { items, videos, wait, memory: run.memory };
}

/**
 * The coordinator: polls, and while videos are still being made, starts a poller, waits for it and polls again.
 *
 * Its first look, when the wait is handed over, asks nothing. It is there so that every node has run
 * before n8n puts the execution aside. n8n behavior: after a hard stop, a node that had not run
 * before ends its execution with an error of n8n's own, and that would be all that the user learns.
 *
 * @param workflowId of the user's workflow; n8n lists the executions of the small ones under it
 * @param owner the user's node; those that look are of its kind and have its credential
 */
export function coordinatorWorkflow(
  workflowId: string,
  owner: INode,
  wait: DurableWait,
): IWorkflowBase {
  const pause: Pause = {
    type: 'n8n-nodes-base.executeWorkflow',
    typeVersion: 1.2,
    // However the poller ended, the coordinator polls by itself. n8n behavior: after a hard stop in between
    // two of its nodes, it has no output.
    onError: 'continueRegularOutput',
    alwaysOutputData: true,
    notes: 'until all have ended',
    parameters: {
      source: 'parameter',
      mode: 'once',
      workflowJson: JSON.stringify(pollerWorkflow(workflowId, owner, wait)),
    },
  };
  return loop(workflowId, owner, wait, COORDINATE, pause, 'look');
}

/**
 * The poller: pauses and polls, until all videos have ended or the time is up.
 *
 * It begins with the pause, so that it is put aside with the items as they came in. n8n behavior: it
 * keeps them as the coordinator's result, should that one not get to another one.
 */
export function pollerWorkflow(workflowId: string, owner: INode, wait: DurableWait): IWorkflowBase {
  const pause: Pause = {
    type: 'n8n-nodes-base.wait',
    typeVersion: 1.1,
    notes: 'until the next look',
    parameters: {
      resume: 'timeInterval',
      unit: 'seconds',
      amount: `={{ $node[${JSON.stringify(owner.name)}].context.pause ?? ${SHORTEST_PAUSE} }}`,
    },
  };
  return loop(workflowId, owner, wait, POLL, pause, 'pause');
}

type Pause = Pick<
  INode,
  'type' | 'typeVersion' | 'parameters' | 'onError' | 'alwaysOutputData' | 'notes'
>;

/** Looks and pauses in turn, until a look says that it is done. */
function loop(
  workflowId: string,
  owner: INode,
  wait: DurableWait,
  operation: string,
  pause: Pause,
  first: 'look' | 'pause',
): IWorkflowBase {
  // The node that looks has the name of the user's node: an error of it is shown under that name.
  const { name } = owner;
  const names = {
    start: `${name}: items`,
    look: name,
    done: `${name}: done?`,
    pause: `${name}: wait`,
  };
  const nodes = [
    startNode(names.start),
    lookNode(owner, operation, names.start, wait),
    doneNode(names.done, names.look),
    { name: names.pause, ...pause },
  ];
  const to = (next: string) => [{ node: next, type: NodeConnectionTypes.Main, index: 0 }];
  const now = new Date();
  return {
    id: workflowId,
    name: `Execution ${wait.execution}: waiting for ${videosOf(wait)}`,
    active: false,
    isArchived: false,
    activeVersionId: null,
    createdAt: now,
    updatedAt: now,
    settings: { executionOrder: 'v1' },
    nodes: [
      ...nodes.map((node, column) => ({
        ...node,
        id: node.name,
        position: at(column * 200, 0),
        // n8n behavior: the note stands under the name then, in place of what the node's type says.
        notesInFlow: true,
      })),
      { ...noteNode(`${name}: note`, workflowId, wait), id: 'note', position: at(-40, -240) },
    ],
    connections: {
      [names.start]: { main: [to(names[first])] },
      [names.look]: { main: [to(names.done)] },
      [names.done]: { main: [[], to(names.pause)] },
      [names.pause]: { main: [to(names.look)] },
    },
  };
}

const at = (x: number, y: number): INode['position'] => [x, y];

function videosOf({ waits }: DurableWait): string {
  return waits.length === 1 ? 'a video' : `${waits.length} videos`;
}

type SmallNode = Omit<INode, 'id' | 'position'>;

/** For who finds the small execution in n8n's list and opens it. */
function noteNode(name: string, workflowId: string, wait: DurableWait): SmallNode {
  const { execution } = wait;
  const content = [
    `## Part of [execution ${execution}](/workflow/${workflowId}/executions/${execution})`,
    `That execution waits for ${videosOf(wait)} from iTeraBiz and resumes by itself. This is how n8n does the waiting: it orders nothing, costs nothing, and ends by itself.`,
    `There is nothing to do here. Even if execution ${execution} was stopped, this one ends: with the videos, or after Max Wait.`,
  ].join('\n\n');
  return {
    name,
    type: 'n8n-nodes-base.stickyNote',
    typeVersion: 1,
    parameters: { content, width: 760, height: 180 },
  };
}

function startNode(name: string): SmallNode {
  return {
    name,
    type: 'n8n-nodes-base.executeWorkflowTrigger',
    typeVersion: 1.1,
    notes: 'what each item gives out so far',
    parameters: { inputSource: 'passthrough' },
  };
}

function lookNode(
  { name, type, typeVersion, credentials, parameters }: INode,
  operation: string,
  start: string,
  wait: DurableWait,
): SmallNode {
  return {
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
  };
}

function doneNode(name: string, look: string): SmallNode {
  const isDone = { value1: `={{ $node[${JSON.stringify(look)}].context.done }}`, value2: true };
  return {
    name,
    type: 'n8n-nodes-base.if',
    typeVersion: 1,
    notes: 'have all of them ended?',
    parameters: { conditions: { boolean: [isDone] } },
  };
}
