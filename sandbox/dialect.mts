import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Page } from './paging.mts';
import { serviceTime } from './settings.mts';
import type { SandboxSettings, Video } from './types.mts';

type Json = Record<string, unknown>;

const VIDEO_KINDS = ['POST /videos', 'POST /content/generate', 'GET /videos/{id}'];

/**
 * Rewrites responses as a different iTeraBiz would send them. They have already been validated against
 * openapi.yaml, so the differences made here are on purpose.
 */
export function applyDialect(app: FastifyInstance, settings: SandboxSettings): void {
  app.addHook('onSend', async (request, reply, payload) => {
    reply.header('Date', serviceTime(settings).toUTCString());
    const isLiteral = request.faults.some((f) => f.type === 'answer' && f.when !== 'after');
    if (isLiteral || typeof payload !== 'string' || payload === '') return payload;
    if (reply.statusCode >= 400) return refusal(payload, reply, settings);
    if (!hasOwnWords(settings)) return payload;
    const body = JSON.parse(payload);
    if (VIDEO_KINDS.includes(request.kind)) {
      const video = videoInDialect(body, settings);
      return JSON.stringify(settings.nestedIn ? { [settings.nestedIn]: video } : video);
    }
    if (request.kind === 'GET /videos') return JSON.stringify(listInDialect(body, settings));
    return payload;
  });
}

function hasOwnWords(settings: SandboxSettings): boolean {
  const { statusWords, linkField, listOmits, realLengths, nestedIn, nullLists, hasMore } = settings;
  const others = [realLengths, nullLists, !hasMore, nestedIn !== '', linkField !== 'video_url'];
  return others.includes(true) || Object.keys(statusWords).length > 0 || listOmits.length > 0;
}

function listInDialect({ data, has_more }: Page<Video>, settings: SandboxSettings): Json {
  const entries = data.map((video) => without(settings.listOmits, videoInDialect(video, settings)));
  const isNull = settings.nullLists && entries.length === 0;
  return { data: isNull ? null : entries, ...(settings.hasMore && { has_more }) };
}

/** A video with the status words, link field and length of this iTeraBiz. */
export function videoInDialect(
  { status, video_url, ...rest }: Video,
  { statusWords, linkField, realLengths }: SandboxSettings,
): Json {
  const isReal = realLengths && status === 'completed';
  const duration = isReal ? Math.round(rest.duration * 97) / 100 : rest.duration;
  return { ...rest, duration, status: statusWords[status] ?? status, [linkField]: video_url };
}

function without(omitted: string[], video: Json): Json {
  return Object.fromEntries(Object.entries(video).filter(([name]) => !omitted.includes(name)));
}

function refusal(payload: string, reply: FastifyReply, { errorBodies }: SandboxSettings): string {
  if (errorBodies === 'contract') return payload;
  const { message } = (JSON.parse(payload) as { error: { message: string } }).error;
  if (errorBodies === 'detail') return JSON.stringify({ detail: message });
  reply.type(errorBodies === 'text' ? 'text/plain' : 'text/html');
  return errorBodies === 'text' ? message : `<html><head><title>${message}</title></head></html>`;
}
