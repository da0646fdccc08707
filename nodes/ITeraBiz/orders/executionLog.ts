import type { IDataObject } from 'n8n-workflow';

import { remember } from '../account/jobRegistry';

/** Most accepted submissions, and most unanswered ones, to keep, of all accounts together. */
const MAX_KEPT = 5_000;

/**
 * The state of one submission: sent, with an unknown outcome, or accepted with this answer. Entries written
 * by older versions of this package lack what is optional.
 */
export type Entry = Partial<Stamp> &
  (
    | { state: 'sent'; /** In milliseconds since 1970 */ at?: number; shared?: string }
    | { state: 'accepted'; answer: IDataObject; reused?: boolean }
  );

/** What a submission was made from, and for which account; short, because a campaign has thousands. */
export type Stamp = Record<'origin' | 'account', string>;

/** A submission in the words of its execution's ledger. */
export interface Submission {
  /** The same in each retry of an execution */
  seed: string;
  /** The ID of the node's run: the same in each retry that repeats it */
  run: string;
  key: string;
  entry: Entry;
}

/**
 * What this process has sent for each execution, with whichever API key. A retry knows only what was stored when
 * the execution ended, not what earlier retries of it have ordered.
 */
export class ExecutionLog {
  private readonly accepted = new Map<string, Submission>();

  /** Apart, so that accepted ones push out no doubt */
  private readonly doubts = new Map<string, Submission>();

  record(submission: Submission): void {
    const isDoubt = submission.entry.state === 'sent';
    if (!isDoubt) this.recordSettled(submission);
    remember(isDoubt ? this.doubts : this.accepted, nameOf(submission), submission, MAX_KEPT);
  }

  /** Call once the outcome of a submission is known. */
  recordSettled(submission: Submission): void {
    this.doubts.delete(nameOf(submission));
  }

  /** What was sent for an execution and its earlier retries: first the doubts, then what was accepted, newest last. */
  submissionsFor(seed: string): Submission[] {
    const all = [...this.doubts.values(), ...this.accepted.values()];
    return all.filter((submission) => submission.seed === seed);
  }
}

function nameOf({ seed, key, entry }: Submission): string {
  return `${seed} ${key} ${entry.account}`;
}
