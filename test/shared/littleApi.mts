import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A request as received. */
export interface Asked {
  method: string;
  /** Relative to the Base URL, without the query */
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body?: Record<string, unknown>;
}

/**
 * `break` closes the connection without a response. One that `stalls` does not end after its body, and one that
 * `trickles` brings a blank now and then.
 */
export type Reply =
  | {
      status?: number;
      headers?: Record<string, string>;
      body?: unknown;
      stalls?: boolean;
      trickles?: boolean;
    }
  | 'break';

/** A little HTTP server, independent of the sandbox, that replies as a test tells it. */
export class LittleApi {
  readonly apiKey = 'sk_test_little';

  readonly asked: Asked[] = [];

  reply: (asked: Asked) => Reply | Promise<Reply> = () => ({ body: {} });

  // Without a limit, no connection ends at the moment that a slow test sends its next request.
  private readonly server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
      const text = Buffer.concat(chunks).toString();
      const asked: Asked = {
        method: request.method!,
        path: pathname.replace(/^\/v1/, ''),
        query: Object.fromEntries(searchParams),
        headers: request.headers,
        ...(text && { body: JSON.parse(text) as Asked['body'] }),
      };
      this.asked.push(asked);
      const reply = await this.reply(asked);
      if (reply === 'break') return void request.socket.destroy();
      const { status = 200, headers = {}, body = '', stalls, trickles } = reply;
      const isPlain = typeof body === 'string' || Buffer.isBuffer(body);
      response.writeHead(status, {
        'content-type': isPlain ? 'text/plain' : 'application/json',
        ...headers,
      });
      const content = isPlain ? body : JSON.stringify(body);
      if (!stalls && !trickles) return void response.end(content);
      response.write(content);
      if (!trickles) return;
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** The requests of one method. */
  by(method: string): Asked[] {
    return this.asked.filter((request) => request.method === method);
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** One server for the tests of a file. Each test starts with no requests and an empty reply. */
export function useLittleApi(): LittleApi {
  const api = new LittleApi();
  beforeAll(async () => await api.start());
  beforeEach(() => {
    api.asked.length = 0;
    api.reply = () => ({ body: {} });
  });
  afterAll(async () => await api.stop());
  return api;
}
