import type {
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INodeExecutionData,
} from 'n8n-workflow';

import type { NodeRun } from './nodeRun';

/** One item of the node, with all that it takes to carry out its operation. */
export interface Item {
  context: IExecutePaginationFunctions;
  /** As n8n counts them, from 0 */
  index: number;
  run: NodeRun;
  /** As n8n prepared it from the description: address, body, headers, timeout, proxy */
  prepared: IHttpRequestOptions;
}

/** Carries out an operation for one item, and returns what it gives out. */
export type Action = (item: Item) => Promise<INodeExecutionData[]>;
