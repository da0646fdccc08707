import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './apiError.mts';
import { pageOf, type PageRequest } from './paging.mts';
import type { SandboxState } from './sandboxState.mts';
import type { EventType } from './types.mts';
import type { NewVideo, VideoRecord } from './videos.mts';

type Body = Record<string, unknown>;
const idOf = (request: FastifyRequest) => (request.params as { id: string }).id;

/**
 * The handlers of the operations in openapi.yaml, by operationId. Requests and responses are validated
 * against that file before and after.
 */
export function apiOperations(state: SandboxState) {
  const { avatars, videos, webhooks, stats, settings } = state;
  /** Results of earlier submissions, by kind and Idempotency-Key. */
  const earlier = new Map<string, unknown>();
  /** When each submission was accepted, by the ID it created. Real time, whatever `clockAheadMs` is. */
  const acceptedAt = new Map<string, number>();

  function listed<T extends { id: string }>(request: FastifyRequest, oldestFirst: T[]) {
    const query = request.query as PageRequest;
    const hidden = request.faults.flatMap((f) => (f.type === 'hideVideos' ? f.ids : []));
    const listedUntil = Date.now() - settings.listLagMs;
    const shown = oldestFirst.filter(
      ({ id }) => !hidden.includes(id) && (acceptedAt.get(id) ?? 0) <= listedUntil,
    );
    if (!request.faults.some(({ type }) => type === 'ignoreCursor')) {
      return pageOf(shown, query, settings);
    }
    const firstPage = pageOf(shown, { limit: query.limit }, settings);
    return { ...firstPage, has_more: true };
  }

  /** Performs a submission, once per Idempotency-Key if the sandbox is set to honor it. */
  function accepted<T extends { id: string }>(
    request: FastifyRequest,
    reply: FastifyReply,
    make: () => T,
  ): T {
    reply.code(201);
    const header = request.headers['idempotency-key'];
    const idempotencyKey = typeof header === 'string' ? header : null;
    const id = `${request.kind} ${idempotencyKey}`;
    if (settings.honorIdempotencyKeys && earlier.has(id)) return earlier.get(id) as T;
    const made = make();
    acceptedAt.set(made.id, Date.now());
    if (idempotencyKey) earlier.set(id, made);
    stats.accept({ kind: request.kind, id: made.id, body: request.body as Body, idempotencyKey });
    return made;
  }

  function spendCredit(): void {
    if (settings.credits === null) return;
    if (settings.credits < 1) {
      const { status, code, message } = settings.creditsRefusal;
      throw new ApiError(status, code, message);
    }
    settings.credits -= 1;
  }

  function submitVideo(request: FastifyRequest, reply: FastifyReply) {
    const { avatar_id, script, prompt, language, duration } = request.body as NewVideo;
    if (settings.foreignAvatars.includes(avatar_id)) {
      throw new ApiError(403, 'forbidden', `Avatar ${avatar_id} belongs to another account`);
    }
    if (!avatars.has(avatar_id)) {
      throw new ApiError(400, 'invalid_request', `avatar_id: there is no avatar ${avatar_id}`);
    }
    const failure = request.faults.find((fault) => fault.type === 'failVideo');
    const words = script === undefined ? { prompt } : { script };
    const video = accepted(request, reply, () => {
      spendCredit();
      return videos.submit(
        { avatar_id, ...words, language, duration },
        failure && { code: failure.code, message: failure.message },
      );
    });
    return state.show(video);
  }

  return {
    listAvatars: async (request: FastifyRequest) => {
      const { data, has_more } = listed(request, avatars.all);
      return { data: data.map((avatar) => state.showAvatar(avatar)), has_more };
    },

    createAvatar: async (request: FastifyRequest, reply: FastifyReply) =>
      state.showAvatar(
        accepted(request, reply, () => avatars.add((request.body as { name: string }).name)),
      ),

    generateContent: async (request: FastifyRequest, reply: FastifyReply) =>
      submitVideo(request, reply),

    createVideo: async (request: FastifyRequest, reply: FastifyReply) =>
      submitVideo(request, reply),

    listVideos: async (request: FastifyRequest) => {
      const { data, has_more } = listed<VideoRecord>(request, videos.all);
      return { data: data.map((video) => state.show(video)), has_more };
    },

    getVideo: async (request: FastifyRequest) => {
      const video = videos.get(idOf(request));
      if (!video) throw new ApiError(404, 'not_found', `There is no video ${idOf(request)}`);
      return state.show(video);
    },

    listWebhooks: async (request: FastifyRequest) => {
      const { data, has_more } = listed(request, webhooks.all);
      return {
        data: data.map(({ id, url, events, created_at }) => ({ id, url, events, created_at })),
        has_more,
      };
    },

    createWebhook: async (request: FastifyRequest, reply: FastifyReply) => {
      const { url, events } = request.body as { url: string; events: EventType[] };
      return reply.code(201).send(webhooks.register(url, events));
    },

    deleteWebhook: async (request: FastifyRequest, reply: FastifyReply) => {
      if (!webhooks.remove(idOf(request))) {
        throw new ApiError(404, 'not_found', `There is no webhook ${idOf(request)}`);
      }
      return reply.code(204).send();
    },
  };
}
