import type { INodeProperties } from 'n8n-workflow';

import type { Perform } from '../run/run';
import { coordinate } from '../waiting/coordinator';
import { pollDurably } from '../waiting/durablePoll';
import { COORDINATE, POLL } from '../waiting/smallWorkflows';

/** What the small workflows of a wait that n8n has taken over do. No user sees these operations. */
export const durableOperations: Record<string, Perform> = {
  [COORDINATE]: coordinate,
  [POLL]: pollDurably,
};

/**
 * What n8n hands to them. n8n behavior: it drops a parameter that no property declares.
 */
export const durableProperties: INodeProperties[] = ['parkedItems', 'parkedWait'].map((name) => ({
  displayName: name === 'parkedItems' ? 'Parked Items' : 'Parked Wait',
  name,
  type: 'hidden',
  default: '',
  displayOptions: { show: { operation: Object.keys(durableOperations) } },
}));
