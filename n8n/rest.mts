import axios, { type AxiosInstance } from 'axios';
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Json = Record<string, unknown>;

export type ExecutionStatus =
  | 'new'
  | 'running'
  | 'waiting'
  | 'success'
  | 'error'
  | 'canceled'
  | 'crashed';

export interface Workflow {
  id: string;
  name: string;
  versionId: string;
  active: boolean;
  nodes: Json[];
}

export interface ExecutionSummary {
  id: string;
  workflowId: string;
  status: ExecutionStatus;
  mode: string;
  /** Missing while it waits for its turn to start. */
  startedAt?: string | null;
}

interface StoredItem {
  json: Json;
  pairedItem?: unknown;
  binary?: Json;
  error?: Json;
  /** The message that n8n's Chat node sends */
  sendMessage?: unknown;
}

/** One run of one node, as n8n stores it. */
export interface NodeRun {
  executionStatus: string;
  error?: { message: string; description?: string | null } & Json;
  /** Items by output, then by position. */
  data?: { main: (StoredItem[] | null)[]; ai_tool?: (StoredItem[] | null)[] };
}

export interface Execution extends ExecutionSummary {
  workflowData: Workflow;
  data: {
    resultData: { runData: Record<string, NodeRun[]>; error?: Json & { message: string } };
    /** The execution waiting for this one's result. */
    parentExecution?: { executionId: string };
  };
  customData?: Record<string, string>;
}

/**
 * How long a resumed execution may be listed as crashed, in milliseconds. n8n behavior: when it starts after
 * a hard stop, it first resumes the execution, then lists it as crashed until it ends.
 */
const CRASHED_FOR_A_MOMENT = 10_000;

/**
 * What a signed-in user can do in n8n, through the routes of its editor. They are internal and may change
 * (taken from n8n 2.41).
 */
export class N8nRest {
  private constructor(private readonly http: AxiosInstance) {}

  /** @throws if n8n refuses the login */
  static async signIn(url: string, email: string, password: string): Promise<N8nRest> {
    const http = axios.create({
      baseURL: `${url}/rest`,
      proxy: false,
      // n8n closes idle connections after a few seconds, and a request on one at that moment fails.
      httpAgent: new Agent({ keepAlive: false }),
      // n8n ties the session cookie to this ID.
      headers: { 'browser-id': randomUUID() },
      validateStatus: () => true,
    });
    const logIn = async () =>
      await http.post('/login', { email, emailOrLdapLoginId: email, password });
    let answer = await logIn();
    if (answer.status !== 200) {
      // Older versions of n8n do not create the owner from environment variables.
      await http.post('/owner/setup', {
        email,
        firstName: 'Local',
        lastName: 'Owner',
        password,
      });
      answer = await logIn();
    }
    const cookie = answer.headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ');
    if (answer.status !== 200 || !cookie) {
      throw new Error(`n8n refused the log-in: ${answer.status} ${JSON.stringify(answer.data)}`);
    }
    http.defaults.headers.common.Cookie = cookie;
    return new N8nRest(http);
  }

  /**
   * Calls any other route of `/rest`.
   *
   * @returns the response's `data`
   * @throws with the status and n8n's message, if the status is 400 or above
   */
  async request<T>(method: string, path: string, body?: unknown, params?: Json): Promise<T> {
    const answer = await this.http.request({ method, url: path, data: body, params });
    if (answer.status >= 400) {
      throw new Error(
        `${method} /rest${path}: ${answer.status} ${answer.data?.message ?? JSON.stringify(answer.data)}`,
      );
    }
    return answer.data?.data ?? answer.data;
  }

  /** The descriptions of all node types whose name starts with `prefix`. */
  async nodeTypes(prefix: string): Promise<({ name: string } & Json)[]> {
    const answer = await this.http.get('/types/nodes.json', {
      baseURL: this.http.defaults.baseURL?.replace(/\/rest$/, ''),
    });
    return (answer.data as ({ name: string } & Json)[]).filter(({ name }) =>
      name.startsWith(prefix),
    );
  }

  createCredential(name: string, type: string, data: Json): Promise<{ id: string; name: string }> {
    return this.request('POST', '/credentials', { name, type, data });
  }

  credentials(): Promise<{ id: string; name: string; type: string }[]> {
    return this.request('GET', '/credentials');
  }

  /** Replaces a credential's content. */
  updateCredential(id: string, name: string, type: string, data: Json): Promise<unknown> {
    return this.request('PATCH', `/credentials/${id}`, { name, type, data });
  }

  /** @param workflow an exported workflow: `name`, `nodes`, `connections`, `settings` */
  createWorkflow(workflow: Json): Promise<Workflow> {
    return this.request('POST', '/workflows', {
      settings: { executionOrder: 'v1' },
      ...workflow,
      active: false,
    });
  }

  workflows(): Promise<Workflow[]> {
    return this.request('GET', '/workflows');
  }

  /** Publishes the saved workflow: its triggers start to listen. */
  activate({ id, versionId }: Workflow): Promise<Workflow> {
    const body = { versionId, name: '', description: '' };
    return this.request<Workflow>('POST', `/workflows/${id}/activate`, body).catch((error: Error) =>
      this.setActive(true, id, error),
    );
  }

  deactivate({ id }: Workflow): Promise<Workflow> {
    return this.request<Workflow>('POST', `/workflows/${id}/deactivate`, {}).catch((error: Error) =>
      this.setActive(false, id, error),
    );
  }

  /** For n8n 1, which has no publishing, only an active flag. */
  private async setActive(active: boolean, id: string, error: Error): Promise<Workflow> {
    if (!/: 404 /.test(error.message)) throw error;
    const { versionId } = await this.request<Workflow>('GET', `/workflows/${id}`);
    return await this.request('PATCH', `/workflows/${id}`, { active, versionId });
  }

  /**
   * Starts a saved workflow manually, from the trigger of that name.
   *
   * @returns the ID of the execution, which continues after this call
   */
  async run({ id }: Workflow, trigger: string): Promise<string> {
    const start = async (more: Json) =>
      await this.request<{ executionId: string }>('POST', `/workflows/${id}/run`, {
        triggerToStartFrom: { name: trigger },
        ...more,
      });
    const { executionId } = await start({}).catch(async () => {
      // Older versions of n8n need the workflow in the request.
      const workflowData = await this.request<Workflow>('GET', `/workflows/${id}`);
      return await start({ workflowData });
    });
    return executionId;
  }

  /**
   * Newest first. Without `status`, executions with any status.
   *
   * Paged by time: n8n sorts by start, but its cursor is an ID, which leaves out executions that started
   * in another order than they were stored in.
   */
  async executions(
    filter: { workflowId?: string; status?: ExecutionStatus[] } = {},
  ): Promise<ExecutionSummary[]> {
    const found = new Map<string, ExecutionSummary>();
    const limit = 100;
    let startedBefore: string | undefined;
    for (;;) {
      const known = found.size;
      const { results } = await this.request<{ results: ExecutionSummary[] }>(
        'GET',
        '/executions',
        undefined,
        { filter: JSON.stringify({ ...filter, startedBefore }), limit },
      );
      for (const execution of results) found.set(execution.id, execution);
      startedBefore = results.at(-1)?.startedAt ?? startedBefore;
      // Those that started in the same millisecond come again.
      if (results.length < limit || found.size === known) return [...found.values()];
    }
  }

  /** The executions that n8n holds in memory now, which excludes waiting ones. */
  runningExecutions(): Promise<ExecutionSummary[]> {
    return this.executions({ status: ['new', 'running'] });
  }

  async execution(id: string): Promise<Execution> {
    const { data, ...rest } = await this.request<Execution & { data: string }>(
      'GET',
      `/executions/${id}`,
    );
    return { ...rest, data: unflatten(data) as Execution['data'] };
  }

  /**
   * Waits until an execution has one of these statuses.
   *
   * @throws with the execution's error, if it ends with another status or the time is up
   */
  async executionReaching(
    id: string,
    statuses: ExecutionStatus[] = ['success'],
    timeoutMs = 120_000,
  ): Promise<Execution> {
    const deadline = Date.now() + timeoutMs;
    let crashedAt = Infinity;
    for (;;) {
      const execution = await this.execution(id).catch((error: Error) => {
        // Older versions of n8n cannot return an execution that has only just started.
        if (!error.message.includes('resultData') || Date.now() > deadline) throw error;
      });
      if (!execution) {
        await sleep(200);
        continue;
      }
      if (statuses.includes(execution.status)) return execution;
      const isCrashed = execution.status === 'crashed';
      crashedAt = isCrashed ? Math.min(crashedAt, Date.now()) : Infinity;
      const isRunning = ['new', 'running', 'waiting'].includes(execution.status);
      const mayRun = isRunning || (isCrashed && Date.now() - crashedAt < CRASHED_FOR_A_MOMENT);
      if (!mayRun || Date.now() > deadline) {
        const reason = execution.data?.resultData.error?.message ?? 'no error';
        throw new Error(`Execution ${id} is ${execution.status}, not ${statuses}: ${reason}`);
      }
      await sleep(200);
    }
  }

  stopExecution(id: string): Promise<unknown> {
    return this.request('POST', `/executions/${id}/stop`);
  }

  /** Runs a failed execution again from where it failed. @returns the new execution's ID */
  async retryExecution(id: string): Promise<string> {
    const { id: retry } = await this.request<{ id: string }>('POST', `/executions/${id}/retry`, {
      loadWorkflow: false,
    });
    return retry;
  }

  /** The ID of the user's own project, which holds data tables. */
  async personalProjectId(): Promise<string> {
    const { id } = await this.request<{ id: string }>('GET', '/projects/personal');
    return id;
  }

  async createDataTable(
    name: string,
    columns: { name: string; type: 'string' | 'number' | 'boolean' | 'date' }[],
  ): Promise<{ id: string; name: string }> {
    return this.request('POST', `/projects/${await this.personalProjectId()}/data-tables`, {
      name,
      columns,
    });
  }

  async insertRows(dataTableId: string, rows: Json[]): Promise<void> {
    const project = await this.personalProjectId();
    await this.request('POST', `/projects/${project}/data-tables/${dataTableId}/insert`, {
      data: rows,
      returnType: 'count', // required by older versions of n8n
    });
  }

  /** At most 1,000 rows. */
  async rows(dataTableId: string): Promise<Json[]> {
    const project = await this.personalProjectId();
    const { data } = await this.request<{ data: Json[] }>(
      'GET',
      `/projects/${project}/data-tables/${dataTableId}/rows`,
      undefined,
      { take: 1000 },
    );
    return data;
  }
}

/**
 * Restores data that n8n flattened with the npm package `flatted`: a list whose first entry is the root.
 * Each string inside an object or list is the index of another entry.
 */
export function unflatten(text: string): unknown {
  const entries = JSON.parse(text) as unknown[];
  const restored = new Map<number, unknown>();
  const restore = (index: number): unknown => {
    if (restored.has(index)) return restored.get(index);
    const entry = entries[index];
    if (typeof entry !== 'object' || entry === null) return entry;
    const target: Record<string, unknown> | unknown[] = Array.isArray(entry) ? [] : {};
    restored.set(index, target);
    for (const [key, value] of Object.entries(entry)) {
      (target as Json)[key] = typeof value === 'string' ? restore(Number(value)) : value;
    }
    return target;
  };
  return restore(0);
}
