import type { IDataObject } from 'n8n-workflow';

import { remember } from '../account/jobRegistry';

/** Most created jobs, and most unanswered submissions, to keep, of all accounts together. */
const MAX_KEPT = 5_000;

/** A submission in the words of its execution's ledger. */
interface Submission {
  /** The same in each retry of an execution */
  seed: string;
  /** The ID of the node's run: the same in each retry that repeats it */
  run: string;
  key: string;
  origin: string;
  /** The ledger's stamp of the account */
  account: string;
}

/** One that was accepted. */
export type Created = Submission & { answer: IDataObject };

/** One that was sent and has no answer. */
export type Open = Submission & { at?: number; shared?: string };

/**
 * What this process has sent for each execution, with whichever API key. A retry knows only what was stored when
 * the execution ended, not what earlier retries of it have ordered.
 */
export class ExecutionLog {
  private readonly created = new Map<string, Created>();

  private readonly open = new Map<string, Open>();

  /** Call before sending, and again if that was refused while an earlier try is in doubt. */
  recordSent(submission: Open): void {
    remember(this.open, nameOf(submission), submission, MAX_KEPT);
  }

  recordCreated(submission: Created): void {
    remember(this.created, nameOf(submission), submission, MAX_KEPT);
  }

  /** Call once the outcome is known. */
  recordSettled(submission: Submission): void {
    this.open.delete(nameOf(submission));
  }

  /** What was accepted for an execution and its earlier retries, newest last. */
  createdFor(seed: string): Created[] {
    return [...this.created.values()].filter((submission) => submission.seed === seed);
  }

  /** What was sent for them, and whose outcome is unknown, newest last. */
  openFor(seed: string): Open[] {
    return [...this.open.values()].filter((submission) => submission.seed === seed);
  }
}

function nameOf({ seed, key, account }: Submission): string {
  return `${seed} ${key} ${account}`;
}
