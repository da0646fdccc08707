import type { ApiResponse, NetworkError } from '../nodes/ITeraBiz/api/response.ts';

/**
 * Whether an answer came. Told by its shape: outside Jest a class of the node is loaded twice, once
 * by import and once by require, and `instanceof` does not hold between the two.
 */
export function isAnswer(outcome: ApiResponse | NetworkError): outcome is ApiResponse {
  return 'status' in outcome;
}
