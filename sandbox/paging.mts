import { ApiError } from './apiError.mts';
import type { SandboxSettings } from './types.mts';

export interface PageRequest {
  limit?: number;
  starting_after?: string;
}

export type ListSettings = Pick<SandboxSettings, 'pageSizeMax' | 'listsBegin'>;

export interface Page<T> {
  data: T[];
  has_more: boolean;
}

const DEFAULT_LIMIT = 20;

/**
 * One page of a list, newest or oldest entry first.
 * @param oldestFirst all entries, in order of creation
 * @throws ApiError 400 if `limit` is above `pageSizeMax` or no entry has the ID `starting_after`
 */
export function pageOf<T extends { id: string }>(
  oldestFirst: T[],
  { limit = DEFAULT_LIMIT, starting_after }: PageRequest,
  { pageSizeMax, listsBegin }: ListSettings,
): Page<T> {
  if (limit > pageSizeMax) {
    throw new ApiError(400, 'invalid_request', `limit must be at most ${pageSizeMax}`);
  }
  const entries = listsBegin === 'oldest' ? oldestFirst : oldestFirst.toReversed();
  const last = entries.findIndex(({ id }) => id === starting_after);
  if (starting_after !== undefined && last === -1) {
    throw new ApiError(400, 'invalid_request', `starting_after: unknown ID ${starting_after}`);
  }
  const end = last + 1 + limit;
  return { data: entries.slice(last + 1, end), has_more: end < entries.length };
}
