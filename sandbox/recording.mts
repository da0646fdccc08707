import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Stats } from './stats.mts';

const DOWNLOADS = ['GET file', 'GET picture'];

/** Method and path as openapi.yaml writes them, e.g. `GET /videos/{id}`. */
function kindOf(request: FastifyRequest): string {
  const { url, config } = request.routeOptions;
  if (config.kind) return config.kind;
  const path = url?.replace(/^\/v1/, '').replace(/:(\w+)/g, '{$1}') ?? '(unknown path)';
  return `${request.method} ${path}`;
}

/**
 * Counts and logs every request of this scope. Unlike Fastify's onResponse, `close` also fires if the
 * connection breaks.
 * @param log takes one line per request
 */
export function record(app: FastifyInstance, stats: Stats, log: (line: string) => void): void {
  app.addHook('onRequest', async (request, reply) => {
    request.kind = kindOf(request);
    const end = stats.begin(request.kind, DOWNLOADS.includes(request.kind));
    const startedAt = performance.now();
    reply.raw.once('close', () => {
      end();
      const answered = reply.raw.writableFinished;
      if (answered && reply.raw.statusCode >= 400) stats.refuse(request.kind);
      const outcome = answered ? reply.raw.statusCode : 'broken';
      const ms = (performance.now() - startedAt).toFixed(1);
      const time = new Date().toISOString().slice(11, 23);
      log(`${time} ${request.method} ${withoutSignature(request.url)} ${outcome} ${ms} ms`);
    });
  });
}

const withoutSignature = (path: string) => path.replace(/\?expires=.*/, '');
