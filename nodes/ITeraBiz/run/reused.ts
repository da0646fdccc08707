import type { IDataObject } from 'n8n-workflow';

/**
 * The field that says whether a video was there already, for the nodes that follow. Its name has our
 * own prefix: no field of the API is called so.
 */
export const REUSED = '_iteraBizReused';

/** An item with that mark, where there is something to say. */
export function withMark(json: IDataObject, reused?: boolean): IDataObject {
  return reused === undefined ? json : { ...json, [REUSED]: reused };
}
