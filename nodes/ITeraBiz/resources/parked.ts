import type { INodeProperties } from 'n8n-workflow';

import { parked } from '../operations/parked';
import { perItem } from '../run/send';
import { KEEP, SCOUT } from '../waiting/parked/workflows';

/**
 * What n8n hands to the two looks at a wait that it has taken over. n8n behaviour: it drops a
 * parameter that no property declares.
 */
export const parkedProperties: INodeProperties[] = [
  {
    displayName: 'Parked Items',
    name: 'parkedItems',
    type: 'hidden',
    default: '',
    displayOptions: { show: { operation: [KEEP, SCOUT] } },
    routing: { send: { paginate: true }, operations: { pagination: perItem(parked) } },
  },
  {
    displayName: 'Parked Wait',
    name: 'parkedWait',
    type: 'hidden',
    default: '',
    displayOptions: { show: { operation: [KEEP, SCOUT] } },
  },
];
