/** What takes its time by design, made short for the tests of one file. */
import { RECONCILING } from '../../nodes/ITeraBiz/account/reconciler.ts';
import { PATIENCE } from '../../nodes/ITeraBiz/account/snapshot.ts';
import { POLLING } from '../../nodes/ITeraBiz/account/videoPoller.ts';

/** A job of unknown outcome is looked for within a moment, and not over a minute. */
export function reconcileQuickly(): void {
  RECONCILING.polls = [0, 30, 90];
  RECONCILING.together = 10;
}

/** A Poll Interval may be a tenth of a second, and surprises are waited for half a second, not a minute. */
export function pollQuickly(): void {
  Object.assign(POLLING, { shortestInterval: 100, shortestPause: 50 });
  Object.assign(PATIENCE, { unknown: 500, withoutLink: 500, refused: 500 });
}

/** A pause before a retry is a random part of a limit that grows: from here on, always next to nothing. */
export function retryQuickly(): void {
  Math.random = () => 0.001;
}
