import type { IDataObject } from 'n8n-workflow';

import { idOf } from '../api/video';
import type { Listed } from './listReader';
import { fingerprint, type Order } from './sameOrder';

/** Most IDs to keep. */
const MAX_JOBS = 20_000;

/** Most new jobs to keep in full, because a list may not show them yet, and most refused orders. */
const MAX_RECENT = 5_000;

/** What a job was created for, in the words of its execution's ledger. */
interface Submission {
  /** The same in each retry of an execution */
  seed: string;
  /** The ID of the node's run: the same in each retry that repeats it */
  run: string;
  key: string;
  origin: string;
}

/** One that was sent and has no answer. */
type Open = Submission & { at?: number; shared?: string };

/** What this process knows about the jobs of an account. */
export class JobRegistry {
  /** Orders being sent; their jobs may already be listed */
  readonly sending = new Set<Order>();

  private readonly assigned = new Set<string>();

  private readonly recent: Array<Listed & { order: string; submission?: Submission }> = [];

  /** What was sent and has no answer: the stored execution that is retried does not know it */
  private readonly open = new Map<string, Open>();

  /** How often orders were refused, by fingerprint, the last refused order last */
  private readonly refused = new Map<string, number>();

  /** Fingerprints of the orders about to be sent, by the promise that ends each reservation */
  private readonly reservations = new Map<Promise<void>, Set<string>>();

  assign(id: string | undefined): void {
    if (id === undefined) return;
    this.assigned.delete(id);
    this.assigned.add(id);
    const [oldest] = this.assigned;
    if (this.assigned.size > MAX_JOBS) this.assigned.delete(oldest);
  }

  isAssigned(id: string): boolean {
    return this.assigned.has(id);
  }

  recordCreated(order: Order, entry: IDataObject, submission?: Submission): void {
    this.assign(idOf(entry));
    this.recent.push({ order: fingerprint(order), entry, at: Date.now(), submission });
    if (this.recent.length > MAX_RECENT) this.recent.shift();
  }

  /** Newest last. @param order its fingerprint */
  createdBy(order: string): Listed[] {
    return this.recent.filter((job) => job.order === order);
  }

  /** What this process created for an execution and its earlier retries, newest last. */
  createdFor(seed: string): Array<Submission & { answer: IDataObject }> {
    const own = this.recent.filter(({ submission }) => submission?.seed === seed);
    return own.map(({ entry: answer, submission }) => ({ ...submission!, answer }));
  }

  /** Call before sending, and again if that was refused while an earlier try is in doubt. */
  recordSent(submission: Open): void {
    const name = nameOf(submission);
    this.open.delete(name);
    this.open.set(name, submission);
    const [oldest] = this.open.keys();
    if (this.open.size > MAX_RECENT) this.open.delete(oldest);
  }

  /** Call once the outcome is known. */
  recordSettled(submission: Submission): void {
    this.open.delete(nameOf(submission));
  }

  /** What this process sent for an execution and its earlier retries, and whose outcome is unknown. */
  openFor(seed: string): Open[] {
    return [...this.open.values()].filter((submission) => submission.seed === seed);
  }

  recordRefused(order: Order): void {
    const print = fingerprint(order);
    const count = this.refusalsOf(print) + 1;
    this.refused.delete(print);
    this.refused.set(print, count);
    const [oldest] = this.refused.keys();
    if (this.refused.size > MAX_RECENT) this.refused.delete(oldest);
  }

  /** @param order its fingerprint */
  refusalsOf(order: string): number {
    return this.refused.get(order) ?? 0;
  }

  /**
   * Announces orders about to be sent. Others that reuse videos of the same orders wait for the outcome.
   *
   * @returns ends the reservation; call it once the outcome is known
   */
  reserve(orders: Set<string>): () => void {
    let release = () => {};
    const end = new Promise<void>((resolve) => (release = resolve));
    this.reservations.set(end, orders);
    return () => {
      this.reservations.delete(end);
      release();
    };
  }

  /** The reservations to await before any of these is ordered. */
  reserved(orders: Set<string>): Array<Promise<void>> {
    const overlaps = (reserved: Set<string>) => [...orders].some((order) => reserved.has(order));
    return [...this.reservations].filter(([, set]) => overlaps(set)).map(([end]) => end);
  }
}

function nameOf({ seed, key }: Submission): string {
  return `${seed} ${key}`;
}
