import type { FastifyInstance } from 'fastify';
import { errorBody } from '../apiError.mts';
import type { SandboxState } from '../sandboxState.mts';
import { videoFile } from './file.mts';
import { picture } from './picture.mts';

/** Files and pictures. They need no key: a download link is its own permission. */
export function serveMedia(app: FastifyInstance, state: SandboxState): void {
  app.addHook('onRequest', async ({ headers, hostname, port, url }) => {
    if (headers.authorization !== undefined) {
      state.stats.keyLeak(`http://${hostname}:${port}${url.split('?')[0]}`);
    }
  });

  app.get<{ Params: { id: string }; Querystring: { expires?: string; sig?: string } }>(
    '/files/:id.mp4',
    { config: { kind: 'GET file' } },
    async (request, reply) => {
      const moved = state.links.redirectOf(request.host, request.url);
      if (moved) return reply.redirect(moved, 302);
      const { id } = request.params;
      const { expires = '', sig = '' } = request.query;
      if (!state.links.isValid(id, expires, sig)) {
        const { expiredLinkStatus } = state.settings;
        return reply
          .code(expiredLinkStatus)
          .send(errorBody('link_expired', 'This download link has expired'));
      }
      const { bytes, stream } = videoFile(state.settings.fileBytes);
      return reply.type('video/mp4').header('content-length', bytes).send(stream());
    },
  );

  app.get<{ Params: { id: string } }>(
    '/pictures/:id.svg',
    { config: { kind: 'GET picture' } },
    async (request, reply) =>
      reply
        .type('image/svg+xml')
        .send(picture(request.params.id, state.avatars.nameOf(request.params.id))),
  );
}
