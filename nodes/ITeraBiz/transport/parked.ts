import type { IDataObject, INode, INodeProperties, IWorkflowBase } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import type { Message } from './errors';
import type { OnError } from './report';

/**
 * n8n itself waits only in a Wait node, and wakes what waits there after restarts too. So the node
 * hands its wait over to a small workflow of its own: wait, look, and wait again until all videos
 * are finished or the time is up. n8n puts the execution of the user aside while that one waits,
 * and gives its result to this node as the node's output.
 *
 * n8n behaviour that this rests on (seen in 2.41): the result takes the place of the node's items
 * by position, so there is exactly one per input item, in input order; n8n's On Error setting
 * applies to an error of the small workflow as a whole, so only a node that is to stop lets it end
 * with one.
 */

/** The operation that looks after the parked jobs. No user sees it: the editor does not list it. */
export const RESUME = 'resumeWait';

/** n8n keeps shorter waits in memory, in seconds. */
export const SHORTEST_PAUSE = 66;

/** What the small workflow knows of each item of the user's node. */
export type ParkedItem = ({ id: string } | End) & {
  /** The fields that came in, where an item that failed has to keep them */
  input?: IDataObject;
};

/** What is already certain of an item. */
export type End = { result: IDataObject } | { failure: Message };

/** What it knows of the wait. */
export interface ParkedWait {
  /** Milliseconds since 1970 */
  since: number;
  deadline: number;
  /** Minutes, for the message at the deadline */
  maxWait: number;
  failedVideos: 'stop' | 'output';
  onError: OnError;
  /** Whether the node made the jobs, and its message has to name them */
  accepted: boolean;
}

/** All that goes from one look to the next. */
export interface Lap extends IDataObject {
  pending: string[];
  hidden: string[];
  /** Seconds until the next look */
  pause: number;
}

/** The parameters of {@link RESUME}. n8n drops a parameter that no property declares. */
export const parkedProperties: INodeProperties[] = [
  {
    displayName: 'Parked Items',
    name: 'parkedItems',
    type: 'hidden',
    default: '',
    displayOptions: { show: { operation: [RESUME] } },
    routing: { send: { paginate: true } },
  },
  {
    displayName: 'Parked Wait',
    name: 'parkedWait',
    type: 'hidden',
    default: '',
    displayOptions: { show: { operation: [RESUME] } },
  },
];

/**
 * The small workflow.
 *
 * @param workflowId of the user's workflow; n8n lists this one's executions under it
 * @param owner the user's node; the one that looks is of its kind and has its credential
 */
export function waitingWorkflow(workflowId: string, owner: INode, wait: ParkedWait): IWorkflowBase {
  const { type, typeVersion, credentials, parameters, name } = owner;
  // The node that looks has the name of the user's node: an error of it is shown under that name.
  const [jobs, pause, done] = [`${name}: jobs`, `${name}: wait`, `${name}: done?`];
  const nodes: Array<Pick<INode, 'name' | 'type' | 'typeVersion'> & Partial<INode>> = [
    {
      name: jobs,
      type: 'n8n-nodes-base.executeWorkflowTrigger',
      typeVersion: 1.1,
      parameters: { inputSource: 'passthrough' },
    },
    {
      name: pause,
      type: 'n8n-nodes-base.wait',
      typeVersion: 1.1,
      parameters: {
        resume: 'timeInterval',
        unit: 'seconds',
        amount: `={{ $json.lap ? $json.lap.pause : ${SHORTEST_PAUSE} }}`,
      },
    },
    {
      name,
      type,
      typeVersion,
      credentials,
      executeOnce: true,
      parameters: {
        resource: 'video',
        operation: RESUME,
        parkedItems: `={{ $(${JSON.stringify(jobs)}).all().map((item) => item.json) }}`,
        parkedWait: { ...wait },
        requestOptions: parameters.requestOptions ?? {},
      },
    },
    {
      name: done,
      type: 'n8n-nodes-base.if',
      typeVersion: 1,
      parameters: {
        conditions: { boolean: [{ value1: '={{ $json.lap === undefined }}', value2: true }] },
      },
    },
  ];
  const to = (next: string) => [{ node: next, type: NodeConnectionTypes.Main, index: 0 }];
  const now = new Date();
  return {
    id: workflowId,
    name: `${name}: waiting for videos`,
    active: false,
    isArchived: false,
    activeVersionId: null,
    createdAt: now,
    updatedAt: now,
    settings: { executionOrder: 'v1' },
    nodes: nodes.map((node, column) => ({
      id: node.name,
      position: [column * 200, 0],
      parameters: {},
      ...node,
    })),
    connections: {
      [jobs]: { main: [to(pause)] },
      [pause]: { main: [to(name)] },
      [name]: { main: [to(done)] },
      [done]: { main: [[], to(pause)] },
    },
  };
}
