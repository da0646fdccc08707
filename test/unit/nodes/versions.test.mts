/** Versions of the nodes that saved workflows may have: n8n's editor shows a node of another version as unknown. */
import { ITeraBiz } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { ITeraBizPollingTrigger } from '../../../nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts';
import { ITeraBizTrigger } from '../../../nodes/ITeraBiz/ITeraBizTrigger.node.ts';

test.each([
  [new ITeraBiz(), [1]],
  [new ITeraBizTrigger(), [1, 1.1]],
  [new ITeraBizPollingTrigger(), [1]],
])('%#: all are offered', ({ description }, versions) => {
  expect([description.version].flat()).toEqual(versions);
});
