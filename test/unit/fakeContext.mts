import type {
  IDataObject,
  IExecutePaginationFunctions,
  IHttpRequestOptions,
  INode,
} from 'n8n-workflow';

import { reconcileQuickly } from '../shared/quickly.mts';

reconcileQuickly();

/** What the API answers to a request, or the network's error. */
export type Answering = (request: IHttpRequestOptions) => IDataObject | Error;

export interface ContextOptions {
  answer?: Answering;
  parameters?: IDataObject;
  input?: IDataObject;
  node?: Partial<INode>;
  signal?: AbortSignal;
}

let contexts = 0;

/** The part of n8n's context that the door's pieces use, where the engine itself would be too slow. */
export function fakeContext({
  answer = () => ({ statusCode: 200, headers: {}, body: {} }),
  parameters = {},
  input = {},
  node = {},
  signal,
}: ContextOptions = {}) {
  const asked: IHttpRequestOptions[] = [];
  const memory: IDataObject = {};
  // An account of its own for each test.
  const apiKey = `sk_test_${++contexts}`;
  const context = {
    getNode: () => ({ name: 'iTeraBiz', type: 'iTeraBiz', parameters, ...node }),
    getNodeParameter: (name: string, fallback: unknown) => parameters[name] ?? fallback,
    getInputData: () => ({ json: input }),
    getItemIndex: () => 0,
    getContext: () => memory,
    continueOnFail: () => node.onError !== undefined && node.onError !== 'stopWorkflow',
    getCredentials: async () => ({ baseUrl: 'https://api.example/v1', apiKey }),
    getExecutionCancelSignal: () => signal,
    helpers: {
      httpRequestWithAuthentication: async (_: string, request: IHttpRequestOptions) => {
        // As n8n does when it signs it.
        asked.push({ ...request });
        const outcome = answer(request);
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    },
  };
  return { context: context as unknown as IExecutePaginationFunctions, asked, memory };
}

export function answered(body: unknown, statusCode = 200, headers: IDataObject = {}): IDataObject {
  return { statusCode, headers, body } as IDataObject;
}

export const connectionReset = Object.assign(new Error('n8n wraps this'), {
  cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
});
