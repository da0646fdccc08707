import type { Contract } from '../contract.mts';
import type { Evidence } from '../evidence.mts';
import type { Assumption, Finding } from './assumption.mts';
import { filesBehindLinks } from './files.mts';
import { lists } from './lists.mts';
import { orders } from './orders.mts';
import { refusals } from './refusals.mts';
import { videos } from './videos.mts';
import { webhooks } from './webhooks.mts';

/** All that this package assumes of the API, each in one file of the code. */
export const assumptions: Assumption[] = [
  ...refusals,
  ...lists,
  ...videos,
  ...filesBehindLinks,
  ...orders,
  ...webhooks,
];

/** An assumption, and what became of it. */
export type Result = Assumption & Finding;

export function judge(evidence: Evidence, contract: Contract): Result[] {
  return assumptions.map((assumption) => ({
    ...assumption,
    ...assumption.judge(evidence, contract),
  }));
}
