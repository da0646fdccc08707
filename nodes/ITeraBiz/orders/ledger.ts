import { createHash, randomBytes } from 'crypto';
import type { IContextObject, IDataObject } from 'n8n-workflow';

import type { Order } from '../account/sameOrder';
import { type Entry, ExecutionLog, type Stamp, type Submission } from './executionLog';

interface LedgerData {
  seed: string;
  /** The last run of the node, with an ID that its retries share; missing if an older version wrote it */
  run?: { index: number; id: string };
  entries: Record<string, Entry>;
  /** How often the API has definitely refused a submission, by key */
  refusals?: Record<string, number>;
}

/** The ID that all retries of an execution share; `undefined` if this node has ordered nothing in it yet. */
export function seedIn({ submissions }: IContextObject): string | undefined {
  return (submissions as LedgerData | undefined)?.seed;
}

/**
 * Records what a node submitted in one execution, in the node's context. n8n behavior: the context survives Retry
 * On Fail and is saved with the execution, so a later retry from the execution list finds it again. A submission
 * is identified by the run of the node (a loop orders again on purpose), its item, and its request.
 */
export class Ledger {
  private readonly data: LedgerData;

  /** What earlier retries have ordered, or left in doubt */
  private readonly retried: Submission[];

  /** The last entry of each item from the same source, of this account if there is one */
  private readonly earlier: Map<number, Entry>;

  /** The keys of submissions of unknown outcome from other runs of the node, for the same account */
  private readonly doubtful: string[];

  private readonly stamp: Stamp;

  /** The ID of this run of the node */
  private readonly runId: string;

  /**
   * @param run index of this run of the node
   * @param source what the submissions are made from: the node's fields as the user entered them
   * @param log knows what the stored execution lacks: what earlier retries of it ordered, or left in doubt
   */
  constructor(
    memory: IContextObject,
    private readonly run: number,
    accountId: string,
    source: string,
    private readonly log = new ExecutionLog(),
  ) {
    this.stamp = { origin: hash(source).slice(0, 8), account: accountId.slice(0, 8) };
    memory.submissions ??= { seed: randomBytes(16).toString('hex'), entries: {} };
    this.data = memory.submissions as LedgerData;
    const { seed, entries, run: lastRun } = this.data;
    this.runId = lastRun?.index === run ? lastRun.id : randomBytes(4).toString('hex');
    this.data.run = { index: run, id: this.runId };
    this.retried = log.submissionsFor(seed);
    // Only the stored run has the same items in each retry. Other runs may get other items.
    this.addRetried((submission) => submission.run === this.runId);
    const { origin } = this.stamp;
    const earlier = this.ofThisRun().filter(([, entry]) => entry.origin === origin);
    const isOwn = ([, entry]: [number, Entry]) => !this.isForeign(entry);
    this.earlier = new Map([...earlier, ...earlier.filter(isOwn)]);
    this.doubtful = Object.keys(entries).filter((key) => {
      const isDoubt = entries[key].state === 'sent' && !this.isForeign(entries[key]);
      return isDoubt && !key.startsWith(`${run}/`);
    });
  }

  /** The entries of this run of the node, each with its item, in the order in which they were added. */
  private ofThisRun(): Array<[number, Entry]> {
    return Object.entries(this.data.entries).flatMap(([key, entry]) => {
      const [run, item] = key.split('/').map(Number);
      return run === this.run ? [[item, entry]] : [];
    });
  }

  /** The key of a submission in this ledger: the same for any account, since an API key may have been replaced. */
  keyOf(item: number, { url, body }: Order): string {
    return `${this.run}/${item}/${hash(`POST ${url} ${JSON.stringify(body)}`)}`;
  }

  /** The state of a submission, also from another retry; `undefined` if it was never sent, or was refused. */
  find(key: string): Entry | undefined {
    this.addRetried((submission) => submission.key === key);
    return this.data.entries[key];
  }

  /** Adopts these submissions of earlier retries. Of an item, the last entry counts, so the log gives the doubts first. */
  private addRetried(isWanted: (submission: Submission) => boolean): void {
    this.retried.filter(isWanted).forEach(({ key, entry }) => this.adopt(key, entry));
  }

  /** Takes over an entry that says more than the known one: what this account may have counts most. */
  private adopt(key: string, entry: Entry): void {
    const { entries } = this.data;
    const known = entries[key] as Entry | undefined;
    if (!known || this.rank(entry) > this.rank(known)) entries[key] = entry;
  }

  private rank(entry: Entry): number {
    return (this.isForeign(entry) ? 0 : 2) + (entry.state === 'accepted' ? 1 : 0);
  }

  /**
   * The state of an item's submission in an earlier try whose request was different, although the user changed
   * nothing: an expression such as `$now` gives another value at each try.
   */
  findEarlier(item: number): Entry | undefined {
    return this.earlier.get(item);
  }

  /**
   * The submission of the same request whose outcome another run of the node has left unknown: a loop may bring an
   * item back because of that. From now on it is this run's, so it answers for one row only.
   */
  takeOver(key: string): Entry | undefined {
    const { entries } = this.data;
    const content = contentOf(key);
    // Another call of a tool may have taken it over in the meantime.
    const isOpen = (other: string) => entries[other]?.state === 'sent';
    const index = this.doubtful.findIndex((key) => contentOf(key) === content && isOpen(key));
    if (index < 0) return undefined;
    const [other] = this.doubtful.splice(index, 1);
    const entry = { ...entries[other], shared: this.nameOf(other) };
    delete entries[other];
    return (entries[key] = entry);
  }

  /** Whether a submission was made with another key or Base URL, so perhaps for another account. */
  isForeign({ account }: Partial<Stamp>): boolean {
    return account !== undefined && account !== this.stamp.account;
  }

  /** The items whose submission is still unanswered, or of unknown outcome. */
  get unknownItems(): number[] {
    return this.ofThisRun().flatMap(([item, { state }]) => (state === 'sent' ? [item] : []));
  }

  /** What earlier tries of this run ordered, by item. */
  get ordered(): Array<[number, IDataObject]> {
    return [...this.earlier].flatMap(([item, entry]): Array<[number, IDataObject]> =>
      entry.state === 'accepted' ? [[item, entry.answer]] : [],
    );
  }

  get answers(): IDataObject[] {
    return Object.values(this.data.entries).flatMap((entry) =>
      entry.state === 'accepted' ? [entry.answer] : [],
    );
  }

  /**
   * Call before sending: from then on it may have arrived.
   *
   * @param at in milliseconds since 1970
   * @param shared for an `Idempotency-Key` that other executions send, too
   */
  sent(key: string, at: number, shared?: string): void {
    const before = this.data.entries[key];
    const first = before?.state === 'sent' ? before.shared : undefined;
    this.data.entries[key] = { state: 'sent', at, shared: first ?? shared, ...this.stamp };
    this.log.record(this.doubtOf(key, at));
  }

  /** With the whole name of its `Idempotency-Key`: the stored execution does not know what was refused since. */
  private doubtOf(key: string, at?: number): Submission {
    return this.submissionOf(key, { state: 'sent', at, shared: this.nameOf(key), ...this.stamp });
  }

  private submissionOf(key: string, entry: Entry): Submission {
    return { seed: this.data.seed, run: this.runId, key, entry };
  }

  /** @param reused whether the job existed before this execution */
  accepted(key: string, answer: IDataObject, reused?: boolean): void {
    const entry: Entry = { state: 'accepted', answer, reused, ...this.stamp };
    this.data.entries[key] = entry;
    if (reused) this.log.recordSettled(this.submissionOf(key, entry));
    else this.log.record(this.submissionOf(key, entry));
  }

  /**
   * Call only when it is certain that the API did not act on the submission this time.
   *
   * @param before its state before it was sent: a refusal does not settle an earlier unknown outcome
   * @param keepsKey whether to send the same `Idempotency-Key` again
   */
  refused(key: string, before?: Entry, keepsKey = false): void {
    const { entries } = this.data;
    const refusals = (this.data.refusals ??= {});
    if (!keepsKey) refusals[key] = (refusals[key] ?? 0) + 1;
    if (before) entries[key] = before;
    else delete entries[key];
    const isDoubt = before?.state === 'sent' && !this.isForeign(before);
    if (isDoubt) this.log.record(this.doubtOf(key, before.at));
    else this.log.recordSettled(this.doubtOf(key));
  }

  /**
   * The value of the `Idempotency-Key` header of what was {@link sent}: unchanged while the outcome is unknown,
   * new after a refusal, because an API may replay its first answer. Assumption: the API honors the header
   * or ignores it; nothing relies on it.
   */
  idempotencyKey(key: string): string {
    return hash(this.nameOf(key));
  }

  /** What {@link idempotencyKey} is the hash of. */
  private nameOf(key: string): string {
    const entry = this.data.entries[key];
    const name = (entry?.state === 'sent' && entry.shared) || `${this.data.seed} ${key}`;
    const refusals = this.data.refusals?.[key];
    return refusals ? `${name} ${refusals}` : name;
  }
}

/** The hash of the request in a key. */
function contentOf(key: string): string {
  return key.slice(key.lastIndexOf('/'));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
