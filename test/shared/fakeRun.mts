/**
 * A run of the node as operations see it (the port in run/run.ts): plain values, and a real client that
 * talks to a server over HTTP, or to a function if a test uses fake timers.
 */
import axios from 'axios';
import type {
  IContextObject,
  IDataObject,
  IHttpRequestOptions,
  INode,
  INodeExecutionData,
  IWorkflowBase,
} from 'n8n-workflow';

import { Account } from '../../nodes/ITeraBiz/account/account.ts';
import type { RequestContext } from '../../nodes/ITeraBiz/client/http.ts';
import { now, unlessAborted } from '../../nodes/ITeraBiz/client/time.ts';
import { checkOptions } from '../../nodes/ITeraBiz/fields/validate.ts';
import type { Run } from '../../nodes/ITeraBiz/run/run.ts';

/** Answers a request with the API's response, or with a network error. */
export type Answering = (
  request: IHttpRequestOptions,
) => IDataObject | Error | Promise<IDataObject | Error>;

export function answered(body: unknown, statusCode = 200, headers: IDataObject = {}): IDataObject {
  return { statusCode, headers, body } as IDataObject;
}

/** As n8n reports it: its own error wraps the one of its HTTP client. */
export const connectionReset = Object.assign(new Error('n8n wraps this'), {
  cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
});

/** A server's address, and the key that it accepts. */
export interface Address {
  url: string;
  apiKey: string;
}

/** A context to send requests with, and a record of them. */
export function requesterOf(api: Address | Answering) {
  const asked: IHttpRequestOptions[] = [];
  const { url: baseUrl, apiKey } =
    typeof api === 'function' ? { url: 'https://api.example/v1', apiKey: 'sk_test' } : api;
  const ask = async (options: IHttpRequestOptions, headers: IDataObject = {}) => {
    asked.push(options);
    if (typeof api !== 'function') return await overHttp(baseUrl, options, headers);
    const answer = await unlessAborted(
      Promise.resolve(api(options)),
      options.abortSignal as AbortSignal | undefined,
    );
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const context = {
    getNode: () => ({ name: 'iTeraBiz' }),
    getCredentials: async () => ({ baseUrl, apiKey }),
    helpers: {
      httpRequest: async (options: IHttpRequestOptions) => await ask(options),
      httpRequestWithAuthentication: async (_: string, options: IHttpRequestOptions) =>
        await ask(options, { Authorization: `Bearer ${apiKey}` }),
    },
  } as unknown as RequestContext;
  return { context, asked };
}

/** Imitates n8n's own helper, with the options that this package uses. */
async function overHttp(baseURL: string, options: IHttpRequestOptions, headers: IDataObject) {
  const { url, method, qs, body, timeout, abortSignal, encoding } = options;
  const response = await axios.request({
    ...{ baseURL, url, method, params: qs, data: body, timeout, proxy: false, maxRedirects: 0 },
    headers: { ...options.headers, ...headers } as Record<string, string>,
    signal: abortSignal as AbortSignal | undefined,
    responseType: encoding === 'stream' ? 'stream' : undefined,
    validateStatus: () => true,
  });
  return { statusCode: response.status, headers: response.headers, body: response.data };
}

export interface FakeRunOptions extends Partial<
  Pick<
    Run,
    | 'index'
    | 'onError'
    | 'isTool'
    | 'giveUpAt'
    | 'isManual'
    | 'signal'
    | 'timeoutAt'
    | 'memory'
    | 'requestOptions'
    | 'batching'
    | 'concurrency'
  >
> {
  api: Address | Answering;
  /** JSON of the input items. Default: one empty item */
  items?: IDataObject[];
  /** For all items, or by item */
  parameters?: IDataObject | ((item: number, input: IDataObject) => IDataObject);
  /** Default: a new account */
  account?: Account;
  /** From the credential. Default: no limit */
  maxVideosPerDay?: number;
  /** Default: one account for all items */
  hasKeyByItem?: boolean;
  node?: Partial<INode>;
  /** Plays n8n taking over a wait: called with the small workflow and the items */
  takeOver?: (workflow: IWorkflowBase, items: IDataObject[]) => Promise<{ waitTill?: Date }>;
}

let accounts = 0;

/** A run, and records of its side effects. */
export function fakeRun({
  api,
  items = [{}],
  parameters = {},
  account = new Account(`account ${++accounts}`),
  maxVideosPerDay,
  hasKeyByItem = false,
  node,
  takeOver,
  ...values
}: FakeRunOptions) {
  const { context, asked } = requesterOf(api);
  const hints: string[] = [];
  const warnings: string[] = [];
  const notes: Record<string, string> = {};
  const stored: { name: string; type: string; content: string }[] = [];
  const all = typeof parameters === 'function' ? parameters : () => parameters;
  const memory: IContextObject = {};
  const parameter: Run['parameter'] = (name, item, fallback = '') => {
    const path = name.split('.');
    const found = path.reduce<unknown>(
      (within, key) => (within as IDataObject | undefined)?.[key],
      all(item, items[item]),
    );
    return found ?? fallback;
  };
  const base = {
    node: {
      id: 'node',
      name: 'iTeraBiz',
      type: 'n8n-nodes-iterabiz.iTeraBiz',
      typeVersion: 1,
      position: [0, 0] as [number, number],
      parameters: {},
      ...node,
    },
    size: items.length,
    index: 0,
    onError: 'stop' as const,
    isTool: false,
    giveUpAt: values.isTool ? now() + 45_000 : Infinity,
    isManual: false,
    memory,
    requestOptions: {},
    batching: { size: 1, interval: 0 },
    executionId: '7',
    workflowId: 'w1',
    concurrency: 5,
    ...values,
  };
  const { signal, concurrency, requestOptions, giveUpAt } = base as Run;
  const run: Run = {
    ...base,
    input: (item) => items[item],
    parameter,
    options: (item) => checkOptions(parameter('options', item, {}) as object),
    locatorMode: () => undefined,
    account: async () => account,
    hasKeyByItem: async () => hasKeyByItem,
    assertOneAccount: async () => undefined,
    maxVideosPerDay: async () => maxVideosPerDay,
    client: async () =>
      account.client(context, {
        ...{ priority: 'row', concurrency, signal, options: requestOptions, deadline: giveUpAt },
      }),
    store: async (file, name, type) => {
      const chunks: Buffer[] = [];
      for await (const chunk of file as AsyncIterable<Buffer>) chunks.push(chunk);
      const content = Buffer.concat(chunks);
      stored.push({ name, type, content: content.toString() });
      return { data: '', fileName: name, mimeType: type, bytes: content.length };
    },
    hint: (message) => void hints.push(message),
    note: (name, text) => void (notes[name] = text),
    warn: (message) => void warnings.push(message),
    ...(takeOver && {
      executeWorkflow: async (workflow: IWorkflowBase, data: INodeExecutionData[]) => {
        const { waitTill } = await takeOver(
          workflow,
          data.map(({ json }) => json),
        );
        return { executionId: '8', data: [[]], waitTill };
      },
    }),
  };
  return { run, account, asked, hints, warnings, notes, stored };
}
