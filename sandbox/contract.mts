import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type AnySchema, type Options, type ValidateFunction } from 'ajv';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parse } from 'yaml';
import { ApiError, errorBody } from './apiError.mts';
import type { Stats } from './stats.mts';

export const readContract = (): object =>
  parse(readFileSync(join(import.meta.dirname, 'openapi.yaml'), 'utf8'));

/** The string formats of openapi.yaml: Ajv has none built in. */
export const formats = {
  uri: (text: string) => URL.canParse(text),
  'date-time': (text: string) => !Number.isNaN(Date.parse(text)),
};

/**
 * A validator that compiles each schema when it is first needed: most runs of the sandbox need few of them,
 * and all would take much of its start. It takes the schemas as they are: the whole file is checked before.
 */
export function lazyValidator(options: Options = {}): Ajv {
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false, formats, ...options });
  const compile = ajv.compile.bind(ajv);
  ajv.compile = ((schema: AnySchema) => {
    let compiled: ValidateFunction | undefined;
    const validate = (data: unknown) => {
      compiled ??= compile(schema);
      const isValid = compiled(data);
      validate.errors = compiled.errors;
      return isValid;
    };
    validate.errors = undefined as ValidateFunction['errors'];
    return validate;
  }) as Ajv['compile'];
  return ajv;
}

interface ObjectSchema {
  properties?: Record<string, unknown>;
}

/**
 * Rejects every violation of openapi.yaml, and records it for the tests. Fastify validates bodies,
 * parameters and responses; this adds what JSON Schema does not cover.
 */
export function enforceContract(app: FastifyInstance, stats: Stats): void {
  app.addHook('preValidation', async (request) => {
    const query = request.query as Record<string, unknown>;
    const known = (request.routeOptions.schema?.querystring as ObjectSchema)?.properties ?? {};
    for (const name of Object.keys(query)) {
      if (!(name in known)) throw new ContractError(`unknown query parameter ${name}`);
    }
    // Query parameters arrive as text. The validator's coercion is off, because bodies must not be coerced.
    if (/^\d+$/.test(String(query.limit))) query.limit = Number(query.limit);
  });

  app.addHook('preHandler', async (request) => {
    if (typeof request.body !== 'object' || request.body === null) return;
    const known = bodySchema(request)?.properties ?? {};
    for (const name of Object.keys(request.body)) {
      if (!(name in known)) stats.unknownField(`${request.kind}: ${name}`);
    }
  });

  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof ApiError) {
      return reply.code(error.status).send(errorBody(error.code, error.message));
    }
    const message = messageOf(error);
    stats.violation(`${request.kind}: ${message}`);
    const isClientError = (error.statusCode ?? 500) < 500;
    return isClientError
      ? reply.code(400).send(errorBody('invalid_request', message))
      : reply.code(500).send(errorBody('internal', message));
  });

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    stats.violation(`${request.kind}: ${request.method} ${request.url}`);
    return reply.code(404).send(errorBody('not_found', `There is no ${request.url}`));
  });
}

class ContractError extends Error {
  readonly statusCode = 400;
}

function bodySchema(request: FastifyRequest): ObjectSchema | undefined {
  const body = request.routeOptions.schema?.body as
    | { content: Record<string, { schema: ObjectSchema }> }
    | undefined;
  return body?.content['application/json'].schema;
}

/** The first violation as an API would report it, with the field's name: "duration must be at least 1". */
function messageOf(error: FastifyError): string {
  const breach = error.validation?.[0];
  if (!breach || !error.validationContext) return error.message;
  const field = breach.instancePath.slice(1).replaceAll('/', '.');
  switch (breach.keyword) {
    case 'required':
      return `${breach.params.missingProperty} is required`;
    case 'minimum':
      return `${field} must be at least ${breach.params.limit}`;
    case 'maximum':
      return `${field} must be at most ${breach.params.limit}`;
    case 'minLength':
      return `${field} must not be empty`;
    case 'enum':
      return `${field} must be one of ${(breach.params.allowedValues as string[]).join(', ')}`;
    case 'format':
    case 'pattern':
      return `${field} is malformed`;
    default:
      return `${field || 'the body'} ${breach.message}`;
  }
}
