/**
 * Single pieces of n8n's own engine with one node of ours in them, for tests that need what n8n
 * makes of a description, of a picker or of the credential, and not a whole workflow.
 */
import { ExecuteContext, ExecuteSingleContext, LoadOptionsContext, RoutingNode } from 'n8n-core';
import type {
  ICredentialDataDecryptedObject,
  IDataObject,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INode,
  INodeExecutionData,
  INodeParameters,
  INodeProperties,
  INodeType,
  INodeTypes,
  ITaskDataConnections,
  IWorkflowExecuteAdditionalData,
  IWorkflowSettings,
  WorkflowExecuteMode,
} from 'n8n-workflow';
import { createRunExecutionData, NodeConnectionTypes, Workflow } from 'n8n-workflow';

import { ITeraBizApi } from '../../credentials/ITeraBizApi.credentials.ts';
import { asLoaded } from '../../n8n/embedded.mts';
import { ITeraBiz } from '../../nodes/ITeraBiz/ITeraBiz.node.ts';

export interface Credential {
  apiKey: string;
  baseUrl: string;
}

/** A workflow of one node, as n8n loads it: with the defaults of what its parameters leave out. */
function workflowOf(nodeType: INodeType, fields: Partial<INode>, more: Workflowing = {}) {
  const node: INode = {
    id: 'ours',
    name: 'Ours',
    type: 'n8n-nodes-iterabiz.iTeraBiz',
    typeVersion: 1,
    position: [0, 0],
    parameters: {},
    credentials: { iTeraBizApi: { id: '1', name: 'iTeraBiz' } },
    ...fields,
  };
  const nodeTypes = {
    getByName: () => nodeType,
    getByNameAndVersion: () => nodeType,
    getKnownTypes: () => ({}),
  } as INodeTypes;
  const workflow = new Workflow({
    ...{ nodes: [node], connections: {}, active: false, nodeTypes },
    ...more,
  });
  return { workflow, node: workflow.getNode('Ours')! };
}

interface Workflowing {
  id?: string;
  settings?: IWorkflowSettings;
}

function typeWith(properties: INodeProperties[]): INodeType {
  return {
    description: {
      displayName: 'Ours',
      name: 'ours',
      group: ['transform'],
      version: 1,
      description: 'The node under test',
      defaults: { name: 'Ours' },
      inputs: [NodeConnectionTypes.Main],
      outputs: [NodeConnectionTypes.Main],
      credentials: [{ name: 'iTeraBizApi', required: true }],
      properties,
    },
  };
}

/** n8n's own credential store stands behind a database; the credential itself is the real one. */
function additionalDataWith(credential: ICredentialDataDecryptedObject, more: object = {}) {
  return {
    credentialsHelper: {
      isCredentialUsableByNode: () => true,
      getParentTypes: () => [],
      getDecrypted: async () => credential,
      preAuthentication: async () => undefined,
      authenticate: async (data: ICredentialDataDecryptedObject, _: string, options: object) =>
        await new ITeraBizApi().authenticate(data, options as IHttpRequestOptions),
    },
    webhookWaitingBaseUrl: 'http://127.0.0.1',
    formWaitingBaseUrl: 'http://127.0.0.1',
    ...more,
  } as unknown as IWorkflowExecuteAdditionalData;
}

/** What n8n would say of an execution of the action node. */
export interface Execution {
  parameters?: INodeParameters;
  /** Settings of the node, like `onError` */
  node?: Partial<INode>;
  /** JSON of the input items. Default: one empty item */
  items?: IDataObject[];
  credential?: Credential;
  mode?: WorkflowExecuteMode;
  workflow?: Workflowing;
  /** What else n8n's own contexts know, like `executionId` */
  additionalData?: object;
  /** Whether an AI agent calls the node as its tool */
  isTool?: boolean;
  signal?: AbortSignal;
}

/** What n8n makes both of its contexts from. */
function partsOf({
  parameters = {},
  node: settings,
  items = [{}],
  credential = { apiKey: 'sk_test', baseUrl: 'http://127.0.0.1:1/v1' },
  mode = 'trigger',
  workflow: of,
  additionalData,
  isTool = false,
}: Execution) {
  const nodeType = asLoaded(new ITeraBiz());
  const { workflow, node } = workflowOf(nodeType, { parameters, ...settings }, of);
  const input: INodeExecutionData[] = items.map((json) => ({ json }));
  const data: ITaskDataConnections = isTool ? { ai_tool: [input] } : { main: [input] };
  const more = additionalDataWith({ ...credential }, additionalData);
  const executeData = { node, data, source: null };
  return { workflow, node, more, mode, input, data, executeData };
}

/** The context of an execution of the action node, all items at once. */
export function executeContext(execution: Execution = {}): ExecuteContext {
  const { workflow, node, more, mode, input, data, executeData } = partsOf(execution);
  const run = createRunExecutionData({});
  return new ExecuteContext(
    ...([workflow, node, more, mode, run, 0, input, data, executeData] as const),
    [],
    execution.signal,
  );
}

/** The context of one of its items, which n8n gives to a function of the description. */
export function singleContext(execution: Execution, item = 0): IExecutePaginationFunctions {
  const { workflow, node, more, mode, input, data, executeData } = partsOf(execution);
  const run = createRunExecutionData({});
  const context = new ExecuteSingleContext(
    ...([workflow, node, more, mode, run, 0, input, data, item, executeData] as const),
    execution.signal,
  );
  return context as unknown as IExecutePaginationFunctions;
}

/** Carries out the operation that its parameters name, as n8n does. */
export async function carryOut(execution: Execution): Promise<INodeExecutionData[]> {
  const context = executeContext(execution);
  const { resource, operation } = context.getNode().parameters as Record<string, string>;
  const carriedOut = new ITeraBiz().customOperations![resource][operation].call(context);
  return ((await carriedOut) as INodeExecutionData[][])[0];
}

/**
 * Makes the request of the credential's connection test, as n8n does: as a node whose only parameter
 * carries that request.
 *
 * @returns the answer's body
 */
export async function connectionTest(credential: Credential): Promise<unknown> {
  const temp: INodeProperties = {
    displayName: 'Temp',
    name: 'temp',
    type: 'string',
    default: '',
    routing: { request: new ITeraBizApi().test.request },
  };
  const nodeType = typeWith([temp]);
  const { workflow, node } = workflowOf(nodeType, {});
  const input: INodeExecutionData[] = [{ json: {} }];
  const context = new ExecuteContext(
    workflow,
    node,
    additionalDataWith({ ...credential }),
    'manual',
    createRunExecutionData({}),
    0,
    input,
    { main: [input] },
    { node, data: { main: [input] }, source: null },
    [],
  );
  const [[{ json }]] = (await new RoutingNode(context, nodeType).runNode())!;
  return json;
}

/** What a picker's function runs in, with real requests. */
export function pickerContext(credential: Credential): LoadOptionsContext {
  const { workflow, node } = workflowOf(typeWith([]), {});
  return new LoadOptionsContext(workflow, node, additionalDataWith({ ...credential }), '');
}
