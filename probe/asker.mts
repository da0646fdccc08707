import type { IHttpRequestOptions } from 'n8n-workflow';

import { trimBaseUrl } from '../nodes/ITeraBiz/api/address.ts';
import type { ApiResponse, NetworkError } from '../nodes/ITeraBiz/api/response.ts';
import { ApiClient } from '../nodes/ITeraBiz/client/apiClient.ts';
import { discard } from '../nodes/ITeraBiz/client/file.ts';
import { openFile, type RequestContext, send } from '../nodes/ITeraBiz/client/http.ts';
import { RequestQueue } from '../nodes/ITeraBiz/client/requestQueue.ts';
import { isAnswer } from './outcome.mts';
import { type Access, requesterFor } from './requester.mts';

/** One request and its outcome. */
export interface Exchange {
  /** E.g. `GET /videos?limit=2` */
  request: string;
  outcome: ApiResponse | NetworkError;
  /** The outcome of each try; the last one is `outcome` */
  tries: (ApiResponse | NetworkError)[];
  /** Time of the first try, in milliseconds since 1970 */
  sentAt: number;
  /** Time from the first try to the outcome, in milliseconds */
  ms: number;
}

/** In milliseconds. */
const TIMEOUT = 30_000;

/** Sends requests as the node does, one at a time, and records each exchange. */
export class Asker {
  readonly exchanges: Exchange[] = [];

  readonly baseUrl: string;

  private readonly requester: RequestContext;

  private readonly wrongKeyRequester: RequestContext;

  private readonly client: ApiClient;

  /**
   * @param wrongKey a key that does not exist
   * @param onAnswer called when a request has ended
   */
  constructor(
    access: Access,
    wrongKey: string,
    private readonly onAnswer: (exchange: Exchange) => void,
  ) {
    this.baseUrl = trimBaseUrl(access.baseUrl);
    this.requester = requesterFor(access);
    this.wrongKeyRequester = requesterFor({ ...access, apiKey: wrongKey });
    const settings = { priority: 'row', concurrency: 1 } as const;
    this.client = new ApiClient(this.requester, new RequestQueue(), settings);
  }

  async get(path: string, qs?: IHttpRequestOptions['qs']): Promise<Exchange> {
    return await this.send({ method: 'GET', url: path, qs }, this.requester);
  }

  /** Submits as the node does: never twice if the first try may have arrived. */
  async post(path: string, body: object, headers = {}): Promise<Exchange> {
    return await this.send({ method: 'POST', url: path, body, headers }, this.requester);
  }

  async delete(path: string): Promise<Exchange> {
    return await this.send({ method: 'DELETE', url: path }, this.requester);
  }

  async getWithWrongKey(path: string): Promise<Exchange> {
    const options = { method: 'GET', url: path } as const;
    return await this.send(options, this.wrongKeyRequester, ' (with a wrong key)');
  }

  /** Reads the headers of a file, not its content. The key is sent to the API's own host only. */
  async head(url: string, headers = {}): Promise<Exchange> {
    return await this.record(`GET ${new URL(url).origin}/… (a file)`, 'GET', async () => {
      const answer = await openFile(this.requester, { url, headers, timeout: TIMEOUT });
      if (!isAnswer(answer)) return answer;
      await discard(answer.body);
      return { ...answer, body: undefined };
    });
  }

  private async send(
    options: IHttpRequestOptions,
    requester: RequestContext,
    remark = '',
  ): Promise<Exchange> {
    const { method = 'GET', url, qs = {} } = options;
    const query = new URLSearchParams(qs as Record<string, string>).toString();
    return await this.record(
      `${method} ${url}${query && '?'}${query}${remark}`,
      method,
      async () => await send(requester, { ...options, timeout: TIMEOUT }),
    );
  }

  private async record(
    request: string,
    method: NonNullable<IHttpRequestOptions['method']>,
    askOnce: () => Promise<ApiResponse | NetworkError>,
  ): Promise<Exchange> {
    const tries: Exchange['tries'] = [];
    const sentAt = Date.now();
    const { outcome } = await this.client.schedule(method, async () => {
      const result = await askOnce();
      tries.push(result);
      return result;
    });
    const exchange = { request, outcome, tries, sentAt, ms: Date.now() - sentAt };
    this.exchanges.push(exchange);
    this.onAnswer(exchange);
    return exchange;
  }
}
