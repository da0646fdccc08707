import type { FastifyInstance, FastifyReply } from 'fastify';
import { serviceTime } from './settings.mts';
import type { SandboxSettings, Video } from './types.mts';

type Json = Record<string, unknown>;

const VIDEO_KINDS = ['POST /videos', 'POST /content/generate', 'GET /videos/{id}'];

/**
 * Answers as another iTeraBiz would give them. They have been checked against openapi.yaml before,
 * so what differs here differs from the contract on purpose.
 */
export function speakDialect(app: FastifyInstance, settings: SandboxSettings): void {
  app.addHook('onSend', async (request, reply, payload) => {
    reply.header('Date', serviceTime(settings).toUTCString());
    const isLiteral = request.faults.some((f) => f.type === 'answer' && f.when !== 'after');
    if (isLiteral || typeof payload !== 'string' || payload === '') return payload;
    if (reply.statusCode >= 400) return refusal(payload, reply, settings);
    if (!hasOwnWords(settings)) return payload;
    if (VIDEO_KINDS.includes(request.kind)) {
      return JSON.stringify(videoInDialect(JSON.parse(payload), settings));
    }
    if (request.kind !== 'GET /videos') return payload;
    const { data, ...rest } = JSON.parse(payload) as { data: Video[] };
    const entries = data.map((video) =>
      without(settings.listOmits, videoInDialect(video, settings)),
    );
    return JSON.stringify({ data: entries, ...rest });
  });
}

function hasOwnWords({ statusWords, linkField, listOmits }: SandboxSettings): boolean {
  return Object.keys(statusWords).length > 0 || linkField !== 'video_url' || listOmits.length > 0;
}

/** A video in the words of this iTeraBiz. */
export function videoInDialect(
  { status, video_url, ...rest }: Video,
  { statusWords, linkField }: SandboxSettings,
): Json {
  return { ...rest, status: statusWords[status] ?? status, [linkField]: video_url };
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
