import type { INodeParameters } from 'n8n-workflow';

/** The value of a picker in which someone entered an ID. */
export function byId(value: string): INodeParameters {
  return { __rl: true, mode: 'id', value };
}
