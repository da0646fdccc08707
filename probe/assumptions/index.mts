import type { Contract } from '../contract.mts';
import type { Evidence } from '../evidence.mts';
import type { Assumption, Finding } from './assumption.mts';
import { filesBehindLinks } from './files.mts';
import { lists } from './lists.mts';
import { orders } from './orders.mts';
import { refusals } from './refusals.mts';
import { videos } from './videos.mts';
import { webhooks } from './webhooks.mts';

/** Everything that this package assumes about the API, each in one file of the code. */
export const assumptions: Assumption[] = [
  ...refusals,
  ...lists,
  ...videos,
  ...filesBehindLinks,
  ...orders,
  ...webhooks,
];

export type Result = Assumption & Finding;

export function judge(evidence: Evidence, contract: Contract): Result[] {
  return assumptions.map((assumption) => ({
    ...assumption,
    ...assumption.judge(evidence, contract),
  }));
}
