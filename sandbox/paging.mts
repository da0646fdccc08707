import { ApiError } from './apiError.mts';

export interface PageRequest {
  limit?: number;
  starting_after?: string;
}

export interface Page<T> {
  data: T[];
  has_more: boolean;
}

const DEFAULT_LIMIT = 20;

/**
 * One page of a list, newest first.
 * @param oldestFirst all entries in the order in which they were made
 * @throws ApiError 400 when `limit` is above `pageSizeMax` or no entry has the ID `starting_after`
 */
export function pageOf<T extends { id: string }>(
  oldestFirst: T[],
  { limit = DEFAULT_LIMIT, starting_after }: PageRequest,
  pageSizeMax: number,
): Page<T> {
  if (limit > pageSizeMax) {
    throw new ApiError(400, 'invalid_request', `limit must be at most ${pageSizeMax}`);
  }
  let end = oldestFirst.length;
  if (starting_after !== undefined) {
    end = oldestFirst.findIndex(({ id }) => id === starting_after);
    if (end === -1) {
      throw new ApiError(400, 'invalid_request', `starting_after: unknown ID ${starting_after}`);
    }
  }
  const start = Math.max(0, end - limit);
  return { data: oldestFirst.slice(start, end).reverse(), has_more: start > 0 };
}
