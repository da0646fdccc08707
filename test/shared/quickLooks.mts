import { TIMING } from '../../nodes/ITeraBiz/orders/reconcile.ts';

/** From here on in this process, a job in doubt is looked for within a moment, and not over a minute. */
export function lookQuickly(): void {
  TIMING.looks = [0, 30, 90];
  TIMING.together = 10;
}
