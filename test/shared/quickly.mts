/** Shortens what is slow by design, for the tests of one file. */
import { RECONCILING } from '../../nodes/ITeraBiz/account/reconciler.ts';
import { TOLERANCE } from '../../nodes/ITeraBiz/account/snapshot.ts';
import { POLLING } from '../../nodes/ITeraBiz/account/videoPoller.ts';

/** Looks for a job of unknown outcome within a moment, not over a minute. */
export function reconcileQuickly(): void {
  const quickly = { polls: [0, 30, 90], together: 10, again: 30, patience: 300, refused: 60 };
  Object.assign(RECONCILING, quickly);
}

/** Allows a Poll Interval of a tenth of a second, and waits half a second for surprises, not a minute. */
export function pollQuickly(): void {
  Object.assign(POLLING, { shortestInterval: 100, shortestPause: 50 });
  Object.assign(TOLERANCE, { unknown: 500, withoutLink: 500, refused: 500 });
}

/** Pauses before retries are a random part of a growing limit: this makes them nearly zero. */
export function retryQuickly(): void {
  Math.random = () => 0.001;
}
