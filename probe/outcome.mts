import type { ApiResponse, NetworkError } from '../nodes/ITeraBiz/api/response.ts';

/**
 * Whether there was a response. Checks the shape, not `instanceof`: outside Jest, a class of the node is
 * loaded twice, once by import and once by require.
 */
export function isAnswer(outcome: ApiResponse | NetworkError): outcome is ApiResponse {
  return 'status' in outcome;
}
