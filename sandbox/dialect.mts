import type { FastifyInstance } from 'fastify';
import { serviceTime } from './settings.mts';
import type { SandboxSettings } from './types.mts';

/**
 * Answers as another iTeraBiz would give them. They have been checked against openapi.yaml before,
 * so what differs here differs from the contract on purpose.
 */
export function speakDialect(app: FastifyInstance, settings: SandboxSettings): void {
  app.addHook('onSend', async (request, reply, payload) => {
    reply.header('Date', serviceTime(settings).toUTCString());
    const isListOfVideos = request.kind === 'GET /videos' && reply.statusCode === 200;
    return isListOfVideos && settings.listOmits.length > 0
      ? without(settings.listOmits, String(payload))
      : payload;
  });
}

function without(omitted: string[], json: string): string {
  const { data, ...rest } = JSON.parse(json) as { data: object[] };
  const kept = (entry: object) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => !omitted.includes(name)));
  return JSON.stringify({ data: data.map(kept), ...rest });
}
