import type { AddressInfo } from 'node:net';
import responseValidation from '@fastify/response-validation';
import type { AnySchema } from 'ajv';
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify';
import openapiGlue from 'fastify-openapi-glue';
import { serveAdmin } from './admin.mts';
import { apiOperations } from './api.mts';
import { errorBody } from './apiError.mts';
import { enforceContract, lazyValidator, readContract } from './contract.mts';
import { applyDialect } from './dialect.mts';
import { injectFaults } from './faultEffects.mts';
import { serveMedia } from './media/routes.mts';
import { record } from './recording.mts';
import { SandboxState } from './sandboxState.mts';
import type { FaultEffect } from './types.mts';
import type { VariantName } from './variants.mts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Method and path as openapi.yaml writes them. */
    kind: string;
    /** The faults that strike this request. */
    faults: FaultEffect[];
  }
  interface FastifyContextConfig {
    kind?: string;
  }
}

export interface ServerOptions {
  /** 0 for a free one. The file host gets the next port, or a free one too. Text comes from the command line. */
  port: number | string;
  apiKey?: string;
  /** How it differs from the assumptions in openapi.yaml. */
  variants?: VariantName[];
  /** Called with one line per request. */
  log: (line: string) => void;
}

export interface RunningServer {
  url: string;
  cdnUrl: string;
  adminUrl: string;
  apiKey: string;
  close(): Promise<void>;
}

/** A route as openapi.yaml describes it. */
type ContractRoute = Pick<RouteOptions, 'method' | 'url' | 'schema'>;

const REASONS: Partial<Record<string, (port: ServerOptions['port']) => string>> = {
  EADDRINUSE: (port) => `Port ${port} or the next one is taken. Choose another with --port.`,
  ERR_SOCKET_BAD_PORT: (port) => `--port takes a number from 0 to 65534, not ${port}.`,
};

/**
 * Starts the API (with admin interface and files) and the separate file host, on loopback only.
 * @throws if a port is taken or none, in words for users of the command line
 */
export async function startServer({
  port,
  apiKey,
  variants = [],
  log,
}: ServerOptions): Promise<RunningServer> {
  const state = new SandboxState(apiKey);
  for (const name of variants) state.applyVariant(name);
  const api = newServer();
  await api.register(async (scope) => offerApi(scope, state, log), { prefix: '/v1' });
  await api.register(async (scope) => offerMedia(scope, state, log));
  await api.register(async (scope) => serveAdmin(scope, state), { prefix: '/admin' });
  const cdn = newServer();
  await cdn.register(async (scope) => offerMedia(scope, state, log));

  try {
    const first = Number(port);
    state.hosts.api = await api.listen({ host: '127.0.0.1', port: first });
    await cdn.listen({ host: 'localhost', port: first && first + 1 });
  } catch (error) {
    await Promise.all([api.close(), cdn.close()]);
    const { code = '' } = error as NodeJS.ErrnoException;
    const reason = REASONS[code];
    throw reason ? new Error(reason(port)) : error;
  }
  state.hosts.cdn = `http://localhost:${(cdn.server.address() as AddressInfo).port}`;
  return {
    url: `${state.hosts.api}/v1`,
    cdnUrl: state.hosts.cdn,
    adminUrl: `${state.hosts.api}/admin`,
    apiKey: state.apiKey,
    close: async () => void (await Promise.all([api.close(), cdn.close()])),
  };
}

function newServer(): FastifyInstance {
  const app = fastify({
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    bodyLimit: 64 * 1024 * 1024,
    routerOptions: { maxParamLength: 1_000 },
  });
  app.decorateRequest('kind', '');
  app.decorateRequest('faults');
  app.addHook('onRequest', async (request) => void (request.faults = []));
  // Responses are validated, not reshaped: Fastify's serializer would drop fields that the contract lacks.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

async function offerApi(
  app: FastifyInstance,
  state: SandboxState,
  log: ServerOptions['log'],
): Promise<void> {
  record(app, state.stats, log);
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization === `Bearer ${state.apiKey}`) return;
    return reply.code(401).send(errorBody('unauthorized', 'Missing or invalid API key'));
  });
  enforceContract(app, state.stats);
  applyDialect(app, state.settings);
  injectFaults(app, state.faults, state.stats);
  const requests = lazyValidator();
  app.setValidatorCompiler(({ schema }) => requests.compile(schema as AnySchema));
  await app.register(responseValidation, {
    responseStatusCodeValidation: true,
    ajv: lazyValidator({ allErrors: true }),
  });
  const handlers = apiOperations(state);
  for (const { schema, ...route } of await (contractRoutes ??= readRoutes())) {
    const { operationId } = schema as { operationId: keyof typeof handlers };
    app.route({ ...route, schema: structuredClone(schema), handler: handlers[operationId] });
  }
}

let contractRoutes: Promise<ContractRoute[]> | undefined;

/** Once for all servers: the library checks the whole file each time, which takes longer than the rest of a start. */
async function readRoutes(): Promise<ContractRoute[]> {
  const routes: ContractRoute[] = [];
  const reader = fastify({ exposeHeadRoutes: false });
  reader.addHook('onRoute', ({ method, url, schema }) => {
    routes.push({ method, url, schema });
  });
  await reader.register(openapiGlue, { specification: readContract(), serviceHandlers: {} });
  return routes;
}

async function offerMedia(
  app: FastifyInstance,
  state: SandboxState,
  log: ServerOptions['log'],
): Promise<void> {
  record(app, state.stats, log);
  injectFaults(app, state.faults, state.stats);
  serveMedia(app, state);
}
