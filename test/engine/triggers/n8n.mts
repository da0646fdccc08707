/**
 * As much of the n8n server as triggers see of it: it activates and deactivates workflows, listens for
 * their webhooks over real HTTP and polls, each with n8n-core's own contexts, and it keeps their static
 * data the way the server does: as JSON, read anew for every request, written back when it says that it
 * has changed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parse as parseQuery } from 'node:querystring';
import { setTimeout } from 'node:timers/promises';
import { HookContext, PollContext, WebhookContext } from 'n8n-core';
import type {
  ICredentialDataDecryptedObject,
  IDataObject,
  IHttpRequestOptions,
  INode,
  INodeParameters,
  INodeType,
  IWebhookData,
  IWebhookResponseData,
  IWorkflowExecuteAdditionalData,
  WorkflowActivateMode,
  WorkflowExecuteMode,
} from 'n8n-workflow';
import { NodeHelpers, Workflow } from 'n8n-workflow';

import { ITeraBizApi } from '../../../credentials/ITeraBizApi.credentials.ts';
import type { VideoEvent } from '../../../nodes/ITeraBiz/api/events.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';

/** How often the server tries to activate. It pauses in between, which is left out here. */
const ACTIVATION_TRIES = 5;

const TYPES: Record<string, INodeType> = {
  iTeraBizTrigger: new ITeraBizTrigger(),
  iTeraBizPollingTrigger: new ITeraBizPollingTrigger(),
};

/** A workflow that was started. */
export interface Run {
  workflow: string;
  node: string;
  mode: WorkflowExecuteMode;
  event: VideoEvent;
}

/** A workflow as the database has it. */
export interface Stored {
  nodes: INode[];
  staticData: string;
  isActive: boolean;
}

interface Listener {
  workflowId: string;
  data: IWebhookData;
  /** Of test listening, which has its own */
  testStaticData?: string;
}

/** A request as Express and n8n's body parser leave it. */
type ParsedRequest = IncomingMessage & {
  query: unknown;
  rawBody?: Buffer;
  readRawBody?: () => Promise<void>;
  body?: unknown;
  params: object;
};

/** A response as Express has it. */
type ParsedResponse = ServerResponse & {
  status(code: number): ParsedResponse;
  json(body: unknown): void;
};

export class N8n {
  readonly runs: Run[] = [];

  /** What the webhook handler threw. The real server answers 500 and starts an empty run. */
  readonly crashes: unknown[] = [];

  /** What the triggers wrote into n8n's log */
  readonly log: unknown[][] = [];

  /** How many runs fail to start from now on, as while the database is out of reach */
  failingRuns = 0;

  /** How long n8n lets a poll take, in milliseconds; `undefined` as in an n8n that does not say */
  pollBudgetMs?: number = 5 * 60_000;
  /** Whether polls keep their progress apart from the workflow, stored in one step with the run, as n8n 2.36 can. */
  hasDurableCursors = false;
  private readonly cursors = new Map<string, string>();

  /** Workflows that poll stay loaded while the server runs */
  private readonly polled = new Map<string, Workflow>();

  private readonly testListeners: Listener[] = [];

  private constructor(
    private readonly server: Server,
    private readonly credential: { apiKey: string; baseUrl: string },
    /** What n8n tells the outside as its address; settable, as WEBHOOK_URL is */
    public baseUrl: string,
    /** Outlives the server */
    readonly database: Map<string, Stored>,
  ) {}

  static async start(
    credential: { apiKey: string; baseUrl: string },
    database = new Map<string, Stored>(),
  ): Promise<N8n> {
    // Without a limit, no connection ends at the moment that a slow test sends its next request.
    const server = createServer({ keepAliveTimeout: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const n8n = new N8n(server, credential, `http://127.0.0.1:${port}`, database);
    server.on('request', (request, response) => void n8n.serve(request, response));
    return n8n;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Saves a workflow whose nodes are triggers, given by name with their type and parameters. */
  save(id: string, triggers: Record<string, { type: string; parameters?: INodeParameters }>): void {
    const before = this.database.get(id);
    this.database.set(id, {
      nodes: Object.entries(triggers).map(([name, { type, parameters = {} }]) => ({
        id: `${id}-${name}`,
        name,
        type,
        typeVersion: Math.max(...[TYPES[type].description.version].flat()),
        position: [0, 0],
        parameters,
        webhookId: `hook-${id}-${name}`,
        credentials: { iTeraBizApi: { id: '1', name: 'iTeraBiz' } },
      })),
      staticData: before?.staticData ?? '{}',
      isActive: before?.isActive ?? false,
    });
  }

  /**
   * Activates as the editor's switch does, or as the server's start (`init`).
   *
   * @returns the items that the poll at publication emitted
   * @throws what the last try threw
   */
  async activate(id: string, activation: WorkflowActivateMode = 'activate'): Promise<VideoEvent[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.activateOnce(id, activation);
      } catch (error) {
        await this.deactivate(id);
        if (tries === ACTIVATION_TRIES) throw error;
      }
    }
  }

  async deactivate(id: string): Promise<void> {
    const workflow = this.load(id);
    for (const data of this.webhooksOf(workflow)) {
      await this.hook('delete', workflow, data);
    }
    this.saveStaticData(id, workflow);
    this.polled.delete(id);
    this.database.get(id)!.isActive = false;
  }

  /** Only n8n's `create` for the first trigger, without what n8n does when it fails. */
  async create(id: string): Promise<void> {
    const workflow = this.load(id);
    await this.hook('create', workflow, this.webhooksOf(workflow)[0]);
  }

  /** What the editor does while it waits for a test event. One delivery, or `stopListening`, ends it. */
  async listen(id: string): Promise<void> {
    const workflow = this.load(id, '{}');
    for (const data of this.webhooksOf(workflow)) {
      const test = { ...data, isTest: true };
      if (!(await this.hook('checkExists', workflow, test, 'manual'))) {
        await this.hook('create', workflow, test, 'manual');
      }
      const testStaticData = JSON.stringify(workflow.staticData);
      this.testListeners.push({ workflowId: id, data: test, testStaticData });
    }
  }

  async stopListening(id: string): Promise<void> {
    const all = this.testListeners.splice(0);
    this.testListeners.push(...all.filter(({ workflowId }) => workflowId !== id));
    for (const { data, testStaticData } of all.filter(({ workflowId }) => workflowId === id)) {
      await this.hook('delete', this.load(id, testStaticData), data);
    }
  }

  /**
   * One poll of a workflow's only trigger, as the schedule starts it. All its polls share the workflow
   * that was loaded at publication, but for those with a progress that is stored with the run. That
   * workflow's progress is stored when a poll starts a run, and at publication.
   *
   * @param isFirst whether it is the one that comes with publication, whose cursor is then dropped
   * @param isKilled whether n8n is killed before it stores anything
   * @returns the items it emitted
   */
  async poll(
    id: string,
    mode: WorkflowExecuteMode = 'trigger',
    { isFirst = false, isKilled = false } = {},
  ): Promise<VideoEvent[]> {
    const isManual = mode === 'manual';
    const { hasDurableCursors, pollBudgetMs } = this;
    const loaded = isManual || isFirst || hasDurableCursors ? undefined : this.polled.get(id);
    const workflow = loaded ?? this.load(id);
    if (!isManual) this.polled.set(id, workflow);
    const node = Object.values(workflow.nodes)[0];
    const context = new PollContext(workflow, node, this.additionalData(), mode, 'activate');
    const cursor = JSON.parse(this.cursors.get(id) ?? '{}') as IDataObject;
    if (hasDurableCursors) {
      // Not by n8n's own way: the engine of n8n 1 has none.
      const global = () => workflow.getStaticData('global');
      const getWorkflowStaticData = (type: string) => (type === 'node' ? cursor : global());
      Object.assign(context, { getWorkflowStaticData });
    }
    Object.assign(context, {
      getPollBudgetMs: pollBudgetMs === undefined ? undefined : () => pollBudgetMs,
    });
    const output = await TYPES[node.type].poll!.call(this.logged(context));
    if (isKilled) this.polled.delete(id);
    else if (!isManual) {
      if (output || isFirst) this.saveStaticData(id, workflow);
      if (hasDurableCursors && (output || !isFirst)) this.cursors.set(id, JSON.stringify(cursor));
    }
    return isKilled ? [] : (output ?? []).flat().map(({ json }) => json as unknown as VideoEvent);
  }

  /** As the workflow has it that is loaded, if it polls, or else as it is stored. */
  staticDataOf(id: string, node: string): IDataObject {
    const data = this.polled.get(id)?.staticData ?? JSON.parse(this.database.get(id)!.staticData);
    return (JSON.parse(JSON.stringify(data)) as Record<string, IDataObject>)[`node:${node}`];
  }

  productionUrl(id: string, node: string): string {
    return `${this.baseUrl}/webhook/hook-${id}-${node}/webhook`;
  }

  /**
   * Hands a request to the trigger as the server does once it has parsed it.
   *
   * @returns what the trigger answered, `undefined` where it did not answer by itself
   */
  async deliver(
    listener: Listener,
    request: ParsedRequest,
    response: ParsedResponse,
  ): Promise<IWebhookResponseData> {
    const { workflowId, data, testStaticData } = listener;
    const workflow = this.load(workflowId, testStaticData);
    const node = workflow.getNode(data.node)!;
    const mode: WorkflowExecuteMode = testStaticData === undefined ? 'webhook' : 'manual';
    const additionalData = {
      ...this.additionalData(),
      httpRequest: request,
      httpResponse: response,
    } as unknown as IWorkflowExecuteAdditionalData;
    const context = new WebhookContext(workflow, node, additionalData, mode, data, [], null);

    const result = await TYPES[node.type].webhook!.call(this.logged(context));
    const isTest = testStaticData !== undefined;
    const save = () => void (isTest || this.saveStaticData(workflowId, workflow));
    if (result.noWebhookResponse || !result.workflowData) save();
    else {
      // The server loses the mark that something was written when it begins to start the run, and
      // saves when the run is stored. The answer comes last.
      Object.defineProperty(workflow.staticData, '__dataChanged', { value: false });
      await setTimeout(10);
      if (this.failingRuns > 0) {
        this.failingRuns--;
        response.status(500).json({ message: 'There was a problem executing the workflow' });
        return result;
      }
      save();
    }
    for (const { json } of (result.workflowData ?? []).flat()) {
      this.runs.push({
        workflow: workflowId,
        node: node.name,
        mode,
        event: json as unknown as VideoEvent,
      });
    }
    if (!result.noWebhookResponse) response.status(200).json(result.webhookResponse);
    return result;
  }

  /** Which trigger listens at a path. */
  listenerAt(path: string): Listener | undefined {
    const [, prefix, ...rest] = path.split('/');
    const isHere = ({ data }: Listener) => data.path === rest.join('/');
    if (prefix === 'webhook-test') return this.testListeners.find(isHere);
    return [...this.database]
      .filter(([, { isActive }]) => isActive)
      .flatMap(([workflowId]) =>
        this.webhooksOf(this.load(workflowId)).map((data) => ({ workflowId, data })),
      )
      .find(isHere);
  }

  private async activateOnce(id: string, activation: WorkflowActivateMode): Promise<VideoEvent[]> {
    this.database.get(id)!.isActive = true;
    const workflow = this.load(id);
    for (const data of this.webhooksOf(workflow)) {
      if (!(await this.hook('checkExists', workflow, data, 'trigger', activation))) {
        await this.hook('create', workflow, data, 'trigger', activation);
      }
    }
    this.saveStaticData(id, workflow);
    if (workflow.getPollNodes().length === 0) return [];
    return await this.poll(id, 'trigger', { isFirst: true });
  }

  private async hook(
    method: 'checkExists' | 'create' | 'delete',
    workflow: Workflow,
    data: IWebhookData,
    mode: WorkflowExecuteMode = 'trigger',
    activation: WorkflowActivateMode = mode === 'manual' ? 'manual' : 'activate',
  ): Promise<boolean> {
    const node = workflow.getNode(data.node)!;
    const context = new HookContext(workflow, node, this.additionalData(), mode, activation, data);
    return await TYPES[node.type].webhookMethods!.default![method].call(this.logged(context));
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url!, 'http://n8n');
    const response: ParsedResponse = Object.assign(outgoing, {
      status: (code: number) => Object.assign(response, { statusCode: code }),
      json: (body: unknown) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(body));
      },
    });
    const request = Object.assign(incoming, {
      query: parseQuery(url.search.slice(1)),
      params: {},
    }) as ParsedRequest;
    const listener = this.listenerAt(url.pathname);
    try {
      await readBody(request);
      if (!listener) return response.status(404).json({ message: 'Not registered' });
      const { workflowData } = await this.deliver(listener, request, response);
      if (listener.testStaticData && workflowData) await this.stopListening(listener.workflowId);
    } catch (error) {
      if (!(error instanceof SyntaxError)) this.crashes.push(error);
      if (!response.headersSent) {
        response.status(error instanceof SyntaxError ? 422 : 500).json({});
      }
    }
  }

  /** Has a context write into a log of ours. */
  private logged<Context extends object>(context: Context): Context {
    const write = (...entry: unknown[]) => void this.log.push(entry);
    const logger = { debug: write, info: write, warn: write, error: write };
    return Object.defineProperty(context, 'logger', { value: logger });
  }

  private load(id: string, staticData = this.database.get(id)!.staticData): Workflow {
    return new Workflow({
      id,
      name: id,
      nodes: structuredClone(this.database.get(id)!.nodes),
      connections: {},
      active: this.database.get(id)!.isActive,
      nodeTypes: {
        getByName: (type) => TYPES[type],
        getByNameAndVersion: (type) => TYPES[type],
        getKnownTypes: () => ({}),
      },
      staticData: JSON.parse(staticData) as IDataObject,
    });
  }

  private saveStaticData(id: string, workflow: Workflow): void {
    if (workflow.staticData.__dataChanged !== true) return;
    this.database.get(id)!.staticData = JSON.stringify(workflow.staticData);
  }

  private webhooksOf(workflow: Workflow): IWebhookData[] {
    return Object.values(workflow.nodes).flatMap((node) =>
      (TYPES[node.type].description.webhooks ?? []).map((webhookDescription) => ({
        httpMethod: 'POST' as const,
        node: node.name,
        path: NodeHelpers.getNodeWebhookPath(workflow.id, node, webhookDescription.path),
        webhookDescription,
        workflowId: workflow.id,
        workflowExecuteAdditionalData: this.additionalData(),
      })),
    );
  }

  /** n8n's own credential store stands behind a database; the credential itself is the real one. */
  private additionalData(): IWorkflowExecuteAdditionalData {
    return {
      credentialsHelper: {
        isCredentialUsableByNode: () => true,
        getParentTypes: () => [],
        getDecrypted: async () => ({ ...this.credential }),
        preAuthentication: async () => undefined,
        authenticate: async (data: ICredentialDataDecryptedObject, _: string, options: object) =>
          await new ITeraBizApi().authenticate(data, options as IHttpRequestOptions),
      },
      webhookBaseUrl: `${this.baseUrl}/webhook`,
      webhookTestBaseUrl: `${this.baseUrl}/webhook-test`,
      webhookWaitingBaseUrl: `${this.baseUrl}/webhook-waiting`,
      formWaitingBaseUrl: `${this.baseUrl}/form-waiting`,
    } as unknown as IWorkflowExecuteAdditionalData;
  }
}

/**
 * n8n's body parser: it reads and parses common content types, and leaves the others to the trigger.
 * What it cannot parse is a 422.
 */
async function readBody(request: ParsedRequest): Promise<void> {
  request.readRawBody = async () => {
    if (request.rawBody) return;
    if (!request.readable) throw new Error('Request body stream was aborted or is not readable');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    request.rawBody = Buffer.concat(chunks);
  };
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim();
  if (type === 'multipart/form-data') {
    await once(request.resume(), 'end');
    request.body = { data: {}, files: {} };
    return;
  }
  if (!/^application\/(json|x-www-form-urlencoded)$|^text\/plain$|[/+]xml$/.test(type)) return;
  await request.readRawBody();
  if (!request.rawBody?.length) return;
  const text = request.rawBody.toString('utf8');
  if (type === 'application/json') request.body = JSON.parse(text);
  else if (type === 'application/x-www-form-urlencoded') request.body = parseQuery(text);
  else if (type === 'text/plain') request.body = text;
}
