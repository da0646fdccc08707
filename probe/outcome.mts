import type { Answer, NoAnswer } from '../nodes/ITeraBiz/api/answer.ts';

/**
 * Whether an answer came. Told by its shape: outside Jest a class of the node is loaded twice, once
 * by import and once by require, and `instanceof` does not hold between the two.
 */
export function isAnswer(outcome: Answer | NoAnswer): outcome is Answer {
  return 'status' in outcome;
}
