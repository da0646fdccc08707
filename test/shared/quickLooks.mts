import { RECONCILING } from '../../nodes/ITeraBiz/account/reconciler.ts';

/** From here on in this process, a job in doubt is looked for within a moment, and not over a minute. */
export function lookQuickly(): void {
  RECONCILING.polls = [0, 30, 90];
  RECONCILING.together = 10;
}
