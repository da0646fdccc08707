import type { FastifyInstance } from 'fastify';
import { errorBody } from './apiError.mts';
import type { SandboxState } from './sandboxState.mts';
import type { FailureReason, Fault, ManualEvent, SandboxSettings, Video } from './types.mts';

/**
 * The sandbox's admin interface. It needs no key, because the server listens on loopback only. README.md
 * lists its routes.
 */
export function serveAdmin(app: FastifyInstance, state: SandboxState): void {
  const { settings, stats, faults, videos, webhooks, links } = state;

  app.setErrorHandler((error: Error, _request, reply) =>
    reply.code(400).send(errorBody('bad_order', error.message)),
  );

  app.get('/stats', async () => stats.report(webhooks.all.length));
  app.delete('/stats', async (_request, reply) => {
    stats.reset();
    return reply.code(204).send();
  });

  app.get('/settings', async () => settings);
  app.patch<{ Body: Partial<SandboxSettings> }>('/settings', async ({ body }) => {
    const unknown = Object.keys(body).find((name) => !(name in settings));
    if (unknown) throw new Error(`There is no setting ${unknown}`);
    return Object.assign(settings, body);
  });

  app.post<{ Body: Fault }>('/faults', async ({ body }, reply) => {
    faults.add(body);
    return reply.code(204).send();
  });
  app.delete('/faults', async (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });

  app.get('/videos', async () => videos.all.map((video) => state.show(video)));
  app.post<{ Body: { count: number; fields?: Partial<Video> } }>('/videos', async ({ body }) =>
    videos.seed(body.count, body.fields ?? {}).map((video) => state.show(video)),
  );
  app.post<{ Body: { ids?: string[] } }>('/videos/finish', async ({ body }, reply) => {
    videos.finish(body.ids);
    return reply.code(204).send();
  });
  app.post<{ Body: { ids: string[]; reason?: FailureReason } }>(
    '/videos/fail',
    async ({ body }, reply) => {
      videos.fail(body.ids, body.reason);
      return reply.code(204).send();
    },
  );
  app.post('/downloads/expire', async (_request, reply) => {
    links.expireAll();
    return reply.code(204).send();
  });

  app.get('/hooks', async () => webhooks.all);
  app.delete<{ Params: { id: string } }>('/hooks/:id', async ({ params }, reply) => {
    if (!webhooks.remove(params.id)) throw new Error(`There is no webhook ${params.id}`);
    return reply.code(204).send();
  });
  app.get('/deliveries', async () => webhooks.deliveries);
  app.post<{ Body: ManualEvent }>('/events', async ({ body }) => {
    const video = body.videoId === undefined ? undefined : videos.get(body.videoId);
    return webhooks.send(body, video && state.show(video));
  });
}
