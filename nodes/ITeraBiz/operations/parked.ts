import type { INodeExecutionData } from 'n8n-workflow';

import type { Item } from '../run/item';
import { textParameter } from '../run/parameters';
import { keep } from '../waiting/parked/keep';
import { scout } from '../waiting/parked/scout';
import { KEEP } from '../waiting/parked/workflows';

/** The two looks at videos whose wait n8n has taken over. No user sees these operations. */
export async function parked(item: Item): Promise<INodeExecutionData[]> {
  return textParameter(item, 'operation') === KEEP ? await keep(item) : await scout(item);
}
