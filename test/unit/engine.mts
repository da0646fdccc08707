/**
 * Single pieces of n8n's own engine with one node of ours in them, for tests that need what n8n
 * makes of a description, of a picker or of the credential, and not a whole workflow.
 */
import { ExecuteContext, LoadOptionsContext, RoutingNode } from 'n8n-core';
import type {
  ICredentialDataDecryptedObject,
  IDataObject,
  IHttpRequestOptions,
  INode,
  INodeExecutionData,
  INodeParameters,
  INodeProperties,
  INodeType,
  INodeTypes,
  IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { createRunExecutionData, NodeConnectionTypes, Workflow } from 'n8n-workflow';

import { ITeraBizApi } from '../../credentials/ITeraBizApi.credentials.ts';

export interface Credential {
  apiKey: string;
  baseUrl: string;
}

/** The node's answer to the engine in place of an action. */
type Stub = NonNullable<INodeType['description']['requestOperations']>['pagination'];

function workflowWith(properties: INodeProperties[], parameters: INodeParameters, stub?: Stub) {
  const nodeType: INodeType = {
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
      requestOperations: { pagination: stub },
      properties,
    },
  };
  const node: INode = {
    id: 'ours',
    name: 'Ours',
    type: 'ours',
    typeVersion: 1,
    position: [0, 0],
    parameters,
    credentials: { iTeraBizApi: { id: '1', name: 'iTeraBiz' } },
  };
  const nodeTypes = {
    getByName: () => nodeType,
    getByNameAndVersion: () => nodeType,
    getKnownTypes: () => ({}),
  } as INodeTypes;
  const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
  return { workflow, node: workflow.getNode('Ours')!, nodeType };
}

/** n8n's own credential store stands behind a database; the credential itself is the real one. */
function additionalDataWith(credential: ICredentialDataDecryptedObject) {
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
  } as unknown as IWorkflowExecuteAdditionalData;
}

/** Runs the node for these items. n8n fills in the defaults of what `parameters` leave out. */
async function run(
  { workflow, node, nodeType }: ReturnType<typeof workflowWith>,
  credential: ICredentialDataDecryptedObject,
  items: IDataObject[],
): Promise<INodeExecutionData[]> {
  const input: INodeExecutionData[] = items.map((json) => ({ json }));
  const context = new ExecuteContext(
    workflow,
    node,
    additionalDataWith(credential),
    'manual',
    createRunExecutionData({}),
    0,
    input,
    { main: [input] },
    { node, data: { main: [input] }, source: null },
    [],
  );
  const [output] = (await new RoutingNode(context, nodeType).runNode())!;
  return output;
}

/** Properties whose operations are carried out by the node's own `pagination`. */
function withoutActions(properties: INodeProperties[]): INodeProperties[] {
  const plain = <T extends object>(part: T): T =>
    'routing' in part
      ? { ...part, routing: { ...(part.routing as object), operations: undefined } }
      : part;
  return properties.map((property) => ({
    ...plain(property),
    ...(property.options && { options: property.options.map((option) => plain(option)) }),
  }));
}

/** The requests that n8n prepares from a description, one per item, as they reach the action. */
export async function preparedRequests(
  properties: INodeProperties[],
  parameters: INodeParameters,
  items: IDataObject[],
): Promise<IHttpRequestOptions[]> {
  const prepared: IHttpRequestOptions[] = [];
  const parts = workflowWith(withoutActions(properties), parameters, async (request) => {
    prepared.push(request.options as IHttpRequestOptions);
    return [];
  });
  await run(parts, {}, items);
  return prepared;
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
  const [{ json }] = await run(workflowWith([temp], {}), { ...credential }, [{}]);
  return json;
}

/** What a picker's function runs in, with real requests. */
export function pickerContext(credential: Credential): LoadOptionsContext {
  const { workflow, node } = workflowWith([], {});
  return new LoadOptionsContext(workflow, node, additionalDataWith({ ...credential }), '');
}
