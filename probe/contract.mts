import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

import { formats, readContract } from '../sandbox/contract.mts';

/** A violation of the schema by one field of a body. */
export interface Breach {
  /** E.g. `error.code`; empty for the body itself */
  field: string;
  problem: string;
}

type Entry = Record<string, unknown>;

/** sandbox/openapi.yaml: its assumptions, and validation of bodies against its schemas. */
export class Contract {
  /** What the package does if an assumption is wrong, by the assumption's place in the file. */
  readonly assumed = new Map<string, string>();

  private readonly ajv = new Ajv2020({ allErrors: true, strict: false, formats });

  constructor() {
    const contract = readContract() as Entry;
    this.ajv.addSchema(contract, 'openapi');
    this.collect(contract, []);
  }

  /**
   * The differences between a body and a schema of the file.
   *
   * @param schema its name, e.g. `Video`
   */
  breaches(schema: string, body: unknown): Breach[] {
    const validate = this.ajv.getSchema(
      `openapi#/components/schemas/${schema}`,
    ) as ValidateFunction;
    if (validate(body)) return [];
    return validate.errors!.map(toBreach);
  }

  private collect(node: unknown, path: string[]): void {
    if (typeof node !== 'object' || node === null) return;
    const entry = node as Entry;
    if (entry['x-source'] === 'assumed') this.assumed.set(placeOf(path), String(entry['x-note']));
    for (const [key, child] of Object.entries(entry)) this.collect(child, [...path, key]);
  }
}

/** The place of an entry in short, e.g. `schemas/Video/status` or `POST /videos 201`. */
function placeOf([section, ...path]: string[]): string {
  if (section !== 'paths') {
    return path.filter((key) => !/^(properties|allOf|\d+)$/.test(key)).join('/');
  }
  const [url, method, ...rest] = path;
  const inside = rest.filter((key) => key !== 'responses');
  return [method.toUpperCase(), url, ...inside].join(' ');
}

function toBreach({ instancePath, keyword, params, message }: ErrorObject): Breach {
  const at = instancePath.slice(1).replaceAll('/', '.');
  if (keyword !== 'required') return { field: at, problem: message ?? 'is not as it should be' };
  const missing = String(params.missingProperty);
  return { field: at ? `${at}.${missing}` : missing, problem: 'is missing' };
}
