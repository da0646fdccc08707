import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for the middle of a second. n8n polls at the beginning of one, and draws for each workflow which second
 * of the minute that is. So no poll begins as this ends.
 */
export async function betweenPolls(): Promise<void> {
  await sleep((1_500 - (Date.now() % 1_000)) % 1_000);
}
