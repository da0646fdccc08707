import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody } from './apiError.mts';
import type { Faults } from './faults.mts';
import type { Stats } from './stats.mts';
import type { FaultEffect } from './types.mts';

type Payload = string | Buffer | Readable | null | undefined;
type TimedEffect = Extract<FaultEffect, { when?: unknown }>;

/**
 * Injects faults into the requests of this scope. A fault with `before` replaces the handler. One with
 * `after` replaces only its response: the request has been carried out.
 */
export function injectFaults(app: FastifyInstance, faults: Faults, stats: Stats): void {
  app.addHook('preHandler', async (request, reply) => {
    const text = request.url + JSON.stringify(request.body ?? '');
    request.faults = faults.strike(request.kind, text);
    request.faults.forEach(({ type }) => stats.fault(type));
    for (const effect of request.faults.filter(isTimed)) {
      if (effect.when === 'after' || reply.sent) continue;
      const answer = await applyEffect(effect, request, reply);
      if (answer !== undefined) return reply.send(answer);
    }
  });

  app.addHook('onSend', async (request, reply, payload: Payload) => {
    for (const effect of request.faults) {
      payload = isTimed(effect)
        ? await replaceAnswer(effect, request, reply, payload)
        : await distort(effect, reply, payload);
    }
    return payload;
  });
}

const isTimed = (effect: FaultEffect): effect is TimedEffect =>
  ['refuse', 'answer', 'reset', 'silence', 'delay'].includes(effect.type);

/** A promise that never settles: Fastify sends nothing until a hook has finished. */
const never = () => new Promise<never>(() => undefined);

/** @returns the body to send instead, or `undefined` if the request continues */
async function applyEffect(
  effect: TimedEffect,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<string | undefined> {
  switch (effect.type) {
    case 'delay':
      return void (await sleep(effect.ms));
    case 'silence':
      return never();
    case 'reset':
      request.raw.socket.resetAndDestroy();
      return never();
    case 'refuse': {
      const {
        status,
        retryAfter,
        code = 'unavailable',
        message = 'Please try again later',
      } = effect;
      reply.code(status).type('application/json');
      if (retryAfter !== undefined) reply.header('Retry-After', String(retryAfter));
      // As text, which is not validated: a fault may violate the contract.
      return JSON.stringify(errorBody(code, message));
    }
    case 'answer':
      reply.code(effect.status).type(effect.contentType ?? 'application/json');
      reply.headers(effect.headers ?? {});
      return effect.body;
  }
}

async function replaceAnswer(
  effect: TimedEffect,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: Payload,
): Promise<Payload> {
  if (effect.when !== 'after') return payload;
  const answer = await applyEffect(effect, request, reply);
  if (answer === undefined) return payload;
  reply.removeHeader('content-length');
  return answer;
}

async function distort(
  effect: FaultEffect,
  reply: FastifyReply,
  payload: Payload,
): Promise<Payload> {
  switch (effect.type) {
    case 'cutJson':
      return String(payload).slice(0, String(payload).length / 2);
    case 'rewrite':
      return rewritten(String(payload), effect.fields);
    case 'slow':
      return slowly(effect.ms, reply, payload);
    case 'truncate':
      return truncated(reply, payload);
    default:
      return payload;
  }
}

function rewritten(json: string, fields: Record<string, unknown>): string {
  const rewrite = (object: object) =>
    Object.fromEntries(
      Object.entries({ ...object, ...fields }).filter(([name]) => fields[name] !== null),
    );
  const answer = JSON.parse(json);
  return JSON.stringify(
    Array.isArray(answer.data) ? { ...answer, data: answer.data.map(rewrite) } : rewrite(answer),
  );
}

/** The payload in chunks, and its total length for the Content-Length header. */
function pieces(reply: FastifyReply, payload: Payload) {
  if (payload instanceof Readable) {
    return { chunks: payload, bytes: Number(reply.getHeader('content-length')) };
  }
  const whole = Buffer.from(payload ?? '');
  const size = Math.max(1, Math.ceil(whole.length / 10));
  const count = Math.ceil(whole.length / size);
  const chunks = Array.from({ length: count }, (_, i) => whole.subarray(i * size, (i + 1) * size));
  return { chunks, bytes: whole.length };
}

function slowly(ms: number, reply: FastifyReply, payload: Payload): Readable {
  const { chunks, bytes } = pieces(reply, payload);
  reply.header('content-length', bytes);
  return Readable.from(
    (async function* () {
      for await (const chunk of chunks) {
        await sleep((ms * chunk.length) / bytes);
        yield chunk;
      }
    })(),
  );
}

async function truncated(reply: FastifyReply, payload: Payload): Promise<never> {
  const { chunks, bytes } = pieces(reply, payload);
  reply.raw.writeHead(reply.statusCode, {
    'content-type': String(reply.getHeader('content-type')),
    'content-length': bytes,
  });
  let left = Math.floor(bytes / 2);
  for await (const chunk of chunks) {
    await new Promise((resolve) => reply.raw.write(chunk.subarray(0, left), resolve));
    left -= chunk.length;
    if (left <= 0) break;
  }
  reply.raw.destroy();
  return never();
}
