/**
 * n8n's own engine inside this process, without the server: it loads node types and runs workflows.
 * For tests, demo and bench.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Container } from '@n8n/di';
import {
  BinaryDataService,
  DirectoryLoader,
  type ExecuteContext,
  ExecutionLifecycleHooks,
  PackageDirectoryLoader,
  RoutingNode,
  WorkflowExecute,
} from 'n8n-core';
import {
  createRunExecutionData,
  ICredentialsHelper,
  NodeHelpers,
  Workflow,
  type IConnections,
  type ICredentialDataDecryptedObject,
  type ICredentialType,
  type ICredentialsExpressionResolveValues,
  type IExecuteData,
  type IHttpRequestOptions,
  type INode,
  type INodeExecutionData,
  type INodeParameters,
  type INodeType,
  type IRun,
  type IRunExecutionData,
  type IVersionedNodeType,
  type IWorkflowExecuteAdditionalData,
  type WorkflowExecuteMode,
} from 'n8n-workflow';

/** What the engine can run: node types by full name, and credential types by name. */
export interface Kit {
  nodes: Record<string, INodeType | IVersionedNodeType>;
  credentials: Record<string, ICredentialType>;
}

/** A workflow as the editor exports it. */
export interface WorkflowJson {
  name?: string;
  nodes: INode[];
  connections: IConnections;
}

export interface RunOptions {
  kit: Kit;
  /** The values of the credentials, by credential type */
  secrets: Record<string, ICredentialDataDecryptedObject>;
  /** Input of the first node. Default: one empty item */
  items?: INodeExecutionData[];
  /** The node to start at. Default: the first without an incoming connection */
  startAt?: string;
  /** Data of an earlier execution, to retry it as n8n's execution list does */
  retryOf?: IRunExecutionData;
  /** Cancels the execution, like the Stop button */
  signal?: AbortSignal;
  /** Called after each node, with its name */
  onNodeDone?: (name: string) => void;
}

/**
 * Loads a built package the way n8n does, through its package.json.
 *
 * @param folder with package.json and dist
 */
export async function loadPackage(folder: string): Promise<Kit> {
  const loader = new PackageDirectoryLoader(folder);
  await loader.loadAll();
  const name = loader.packageName;
  return {
    nodes: Object.fromEntries(
      Object.entries(loader.nodeTypes).map(([node, { type }]) => [`${name}.${node}`, type]),
    ),
    credentials: Object.fromEntries(
      Object.entries(loader.credentialTypes).map(([type, loaded]) => [type, loaded.type]),
    ),
  };
}

/** Adds 'Request Options' to a declarative node, as n8n does when it loads one. */
export function asLoaded<T extends INodeType>(node: T): T {
  DirectoryLoader.applyDeclarativeNodeOptionParameters(node);
  return node;
}

/**
 * Makes a declarative node run through its description, by the same rule as n8n's server. For nodes that
 * the rule excludes, the engine has a substitute, which does not pass on a cancellation.
 */
function executable(node: INodeType): INodeType {
  const { execute, trigger, poll, supplyData, webhook, methods, description } = node;
  if (execute || trigger || poll || supplyData) return node;
  if ((webhook || methods) && !description.requestDefaults) return node;
  node.execute = async function () {
    return (await new RoutingNode(this as ExecuteContext, node).runNode()) ?? [];
  };
  return node;
}

/** The credentials of an embedded engine: values in memory, applied by the credential type's own function. */
class MemoryCredentials extends ICredentialsHelper {
  constructor(
    private readonly types: Kit['credentials'],
    private readonly secrets: RunOptions['secrets'],
  ) {
    super();
  }

  getParentTypes(): string[] {
    return [];
  }

  /** Values with an expression are resolved as n8n's server does. */
  async getDecrypted(
    _additionalData: unknown,
    _details: unknown,
    type: string,
    mode: WorkflowExecuteMode,
    executeData?: IExecuteData,
    _raw?: boolean,
    at?: ICredentialsExpressionResolveValues,
  ): Promise<ICredentialDataDecryptedObject> {
    const entered = { ...this.secrets[type] };
    if (!at || !Object.values(entered).some((value) => String(value).startsWith('=')))
      return entered;
    const { workflow, runExecutionData, runIndex, itemIndex, node, connectionInputData } = at;
    const resolved = workflow.expression.getParameterValue(
      entered as INodeParameters,
      runExecutionData,
      runIndex,
      itemIndex,
      node.name,
      connectionInputData,
      mode,
      {},
      executeData,
    );
    return resolved as ICredentialDataDecryptedObject;
  }

  async authenticate(
    credentials: ICredentialDataDecryptedObject,
    type: string,
    request: IHttpRequestOptions,
  ): Promise<IHttpRequestOptions> {
    const { authenticate } = this.types[type];
    return typeof authenticate === 'function' ? await authenticate(credentials, request) : request;
  }

  async preAuthentication(): Promise<undefined> {
    return undefined;
  }

  async runPreAuthentication(): Promise<undefined> {
    return undefined;
  }

  async getCredentials(): Promise<never> {
    throw new Error('An embedded engine stores no credentials');
  }

  getCredentialsProperties() {
    return [];
  }

  isCredentialUsableByNode(): boolean {
    return true;
  }

  async updateCredentials(): Promise<never> {
    throw new Error('An embedded engine stores no credentials');
  }

  async updateCredentialsOauthTokenData(): Promise<never> {
    throw new Error('An embedded engine stores no credentials');
  }
}

let storage: Promise<void> | undefined;

/** Stores binary data in a temporary folder, as an n8n server stores it in files. */
async function prepareStorage(): Promise<void> {
  process.env.N8N_USER_FOLDER ??= mkdtempSync(join(tmpdir(), 'n8n-embedded-'));
  storage ??= Container.get(BinaryDataService).init();
  await storage;
}

/** Everything that the nodes of this workflow need to run in the engine's real contexts. */
export function engine(
  workflow: WorkflowJson,
  { kit, secrets }: Pick<RunOptions, 'kit' | 'secrets'>,
) {
  const nodeTypes = {
    getByName: (type: string) => kit.nodes[type],
    getByNameAndVersion: (type: string, version?: number) =>
      executable(NodeHelpers.getVersionedNodeType(kit.nodes[type], version)),
    getKnownTypes: () => ({}),
  };
  const withCredentials = workflow.nodes.map((node) => {
    const needed = nodeTypes.getByNameAndVersion(node.type, node.typeVersion).description
      .credentials;
    const credentials = Object.fromEntries(
      (needed ?? [])
        .filter(({ name }) => name in secrets)
        .map(({ name }) => [name, { id: '1', name }]),
    );
    return { ...node, credentials: { ...credentials, ...node.credentials } };
  });
  const instance = new Workflow({
    id: 'embedded',
    name: workflow.name ?? 'Embedded',
    nodes: withCredentials,
    connections: workflow.connections,
    active: false,
    nodeTypes,
    settings: { executionOrder: 'v1' },
  });
  const hooks = new ExecutionLifecycleHooks('trigger', '1', {
    id: 'embedded',
    name: instance.name ?? '',
    active: false,
    isArchived: false,
    activeVersionId: null,
    createdAt: new Date(),
    updatedAt: new Date(),
    ...workflow,
  });
  const additionalData = {
    credentialsHelper: new MemoryCredentials(kit.credentials, secrets),
    hooks,
    executionId: '1',
    restApiUrl: 'http://127.0.0.1/rest',
    instanceBaseUrl: 'http://127.0.0.1/',
    webhookBaseUrl: 'http://127.0.0.1/webhook',
    webhookWaitingBaseUrl: 'http://127.0.0.1/webhook-waiting',
    webhookTestBaseUrl: 'http://127.0.0.1/webhook-test',
    formWaitingBaseUrl: 'http://127.0.0.1/form-waiting',
    variables: {},
    currentNodeParameters: undefined,
    setExecutionStatus: () => undefined,
  } as unknown as IWorkflowExecuteAdditionalData;
  return { instance, additionalData, hooks };
}

/**
 * Runs a workflow to its end.
 *
 * @returns the run as n8n would store it, including the error of a node that stopped it
 */
export async function run(workflow: WorkflowJson, options: RunOptions): Promise<IRun> {
  await prepareStorage();
  const { instance, additionalData, hooks } = engine(workflow, options);
  if (options.onNodeDone) hooks.addHandler('nodeExecuteAfter', options.onNodeDone);

  const name = options.startAt ?? startOf(workflow);
  const node = instance.getNode(name);
  if (!node) throw new Error(`There is no node called "${name}"`);
  const data =
    options.retryOf ??
    createRunExecutionData({
      executionData: {
        nodeExecutionStack: [
          { node, data: { main: [options.items ?? [{ json: {} }]] }, source: null },
        ],
      },
    });

  const execution = new WorkflowExecute(additionalData, 'trigger', data).processRunExecutionData(
    instance,
  );
  const cancel = () => execution.cancel();
  options.signal?.addEventListener('abort', cancel);
  try {
    return await execution;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}

/** The items of a node's last run, at one of its outputs. */
export function outputOf(run: IRun, node: string, output = 0): INodeExecutionData[] {
  return run.data.resultData.runData[node]?.at(-1)?.data?.main[output] ?? [];
}

function startOf({ nodes, connections }: WorkflowJson): string {
  const targets = Object.values(connections).flatMap(({ main }) =>
    (main ?? []).flatMap((output) => (output ?? []).map(({ node }) => node)),
  );
  const start = nodes.find(({ name }) => !targets.includes(name));
  if (!start) throw new Error('Every node of this workflow follows another one');
  return start.name;
}
