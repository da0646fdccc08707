import type {
  IDataObject,
  INode,
  INodeExecutionData,
  INodeParameters,
  INodeType,
  IRun,
} from 'n8n-workflow';

import { ITeraBizApi } from '../../credentials/ITeraBizApi.credentials.ts';
import { asLoaded, outputOf, run, type Kit, type RunOptions } from '../../n8n/embedded.mts';
import { ITeraBiz } from '../../nodes/ITeraBiz/ITeraBiz.node.ts';
import type { Sandbox } from '../../sandbox/client.mts';
import { createVideo as create } from '../shared/createVideo.mts';
import { pollQuickly, reconcileQuickly, retryQuickly } from '../shared/quickly.mts';

pollQuickly();
reconcileQuickly();
retryQuickly();

export const ITERABIZ = 'n8n-nodes-iterabiz.iTeraBiz';

/** Gives out what comes in: a place for input to come from and for output to go to. */
const passOn: INodeType = {
  description: {
    displayName: 'Pass On',
    name: 'passOn',
    group: ['transform'],
    version: 1,
    description: '',
    defaults: {},
    inputs: ['main'],
    outputs: ['main'],
    properties: [],
  },
  async execute() {
    return [this.getInputData()];
  },
};

export const kit: Kit = {
  nodes: { [ITERABIZ]: asLoaded(new ITeraBiz()), 'test.passOn': passOn },
  credentials: { iTeraBizApi: new ITeraBizApi() },
};

export function node(name: string, type: string, fields: Partial<INode> = {}): INode {
  return { id: name, name, type, typeVersion: 1, position: [0, 0], parameters: {}, ...fields };
}

export interface NodeRunOptions extends Partial<Omit<RunOptions, 'items'>> {
  /** JSON of the input items. Default: one empty item */
  items?: IDataObject[];
  /** Settings of the node, like onError or retryOnFail */
  settings?: Partial<INode>;
  apiKey?: string;
  baseUrl?: string;
}

/** Runs Start → iTeraBiz on the real engine against the sandbox, or another iTeraBiz. */
export async function runNode(
  sandbox: Pick<Sandbox, 'url' | 'apiKey'>,
  parameters: INodeParameters,
  { items = [{}], settings, apiKey, baseUrl, ...options }: NodeRunOptions = {},
): Promise<IRun> {
  return await run(
    {
      nodes: [
        node('Start', 'test.passOn'),
        node('iTeraBiz', ITERABIZ, { ...settings, parameters }),
      ],
      connections: { Start: { main: [[{ node: 'iTeraBiz', type: 'main', index: 0 }]] } },
    },
    {
      kit,
      items: items.map((json) => ({ json })),
      secrets: {
        iTeraBizApi: { apiKey: apiKey ?? sandbox.apiKey, baseUrl: baseUrl ?? sandbox.url },
      },
      ...options,
    },
  );
}

/** The same sandbox as another account, so that a long pause holds back no other test. */
export function asOtherAccount({ url }: Sandbox): { baseUrl: string } {
  return { baseUrl: url.replace('127.0.0.1', 'localhost') };
}

/** The node's items on one of its outputs. */
export function itemsOf(result: IRun, output = 0): INodeExecutionData[] {
  return outputOf(result, 'iTeraBiz', output);
}

/** The JSON of the node's items on one of its outputs. */
export function jsonOf(result: IRun, output = 0): IDataObject[] {
  return itemsOf(result, output).map(({ json }) => json);
}

/** What the user reads when the workflow stopped. */
export function errorOf(result: IRun): { message: string; description: string; item?: number } {
  const error = result.data.resultData.error as
    | { message: string; description?: string; context?: IDataObject }
    | undefined;
  return {
    message: error?.message ?? '',
    description: error?.description ?? '',
    item: error?.context?.itemIndex as number | undefined,
  };
}

/** n8n stores a failed execution as text, and takes the failed node's last run out to retry it. */
export function asRetry(failed: IRun): IRun['data'] {
  const data = JSON.parse(JSON.stringify(failed.data)) as IRun['data'];
  const { lastNodeExecuted, runData } = data.resultData;
  delete data.resultData.error;
  const runs = runData[lastNodeExecuted!];
  if (runs?.at(-1)?.error !== undefined) runs.pop();
  return data;
}

/** {@link create}, with further parameters or others in their place. */
export function createVideo(more: INodeParameters = {}): INodeParameters {
  return { ...create, ...more };
}

/** That many rows, each with a script of its own. */
export function rows(count: number): IDataObject[] {
  return Array.from({ length: count }, (_, row) => ({ row, script: `Script number ${row}` }));
}
