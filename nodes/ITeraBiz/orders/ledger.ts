import { createHash, randomBytes } from 'crypto';
import type { IContextObject, IDataObject } from 'n8n-workflow';

import type { Order } from '../account/sameOrder';

/**
 * What became of one submission: sent at this time (milliseconds since 1970) with an unknown outcome, or
 * accepted with this answer. Executions that an older version of this package ran have no time.
 */
export type Entry =
  | { state: 'sent'; at?: number }
  /** `reused`: it was there before this execution */
  | { state: 'accepted'; answer: IDataObject; reused?: boolean };

interface LedgerData {
  seed: string;
  entries: Record<string, Entry>;
  /** How often the API has refused a submission for certain, by key */
  refusals?: Record<string, number>;
}

/**
 * The record of what a node submitted in one execution.
 *
 * It lives in the node's context. n8n behavior: it keeps that through Retry On Fail and saves it with
 * the execution, so that a later retry from the execution list finds it again. A submission is known by
 * the run of the node (a loop runs it many times, and means it), its item, the account, and what is sent.
 */
export class Ledger {
  private readonly data: LedgerData;

  /**
   * @param memory of the run; the record is kept inside it
   * @param run which run of the node this is
   * @param accountId whose jobs these are: with another key, a retry orders for another account
   */
  constructor(
    memory: IContextObject,
    private readonly run: number,
    private readonly accountId: string,
  ) {
    memory.submissions ??= { seed: randomBytes(16).toString('hex'), entries: {} };
    this.data = memory.submissions as LedgerData;
  }

  /** The name of a submission in this record. */
  keyOf(item: number, { url, body }: Order): string {
    const { entries } = this.data;
    const request = `POST ${url} ${JSON.stringify(body)}`;
    const key = `${this.run}/${item}/${hash(`${this.accountId} ${request}`)}`;
    // Older versions of this package did not say whose job it was.
    const former = `${this.run}/${item}/${hash(request)}`;
    return entries[former] && !entries[key] ? former : key;
  }

  /** What is known of a submission; nothing means that it was never sent, or refused. */
  find(key: string): Entry | undefined {
    return this.data.entries[key];
  }

  /** What the API answered to every submission that it accepted. */
  get answers(): IDataObject[] {
    return Object.values(this.data.entries).flatMap((entry) =>
      entry.state === 'accepted' ? [entry.answer] : [],
    );
  }

  /** To be noted before a submission is sent, at milliseconds since 1970: from then on, it may have arrived. */
  sent(key: string, at: number): void {
    this.data.entries[key] = { state: 'sent', at };
  }

  accepted(key: string, answer: IDataObject, reused?: boolean): void {
    this.data.entries[key] = { state: 'accepted', answer, ...(reused !== undefined && { reused }) };
  }

  /**
   * It is certain that the API did not act on it this time.
   *
   * @param before what was known before it was sent: a refusal takes back no earlier doubt
   */
  refused(key: string, before?: Entry): void {
    const { entries } = this.data;
    const refusals = (this.data.refusals ??= {});
    refusals[key] = (refusals[key] ?? 0) + 1;
    if (before) entries[key] = before;
    else delete entries[key];
  }

  /** How many other submissions of exactly the same were accepted before. */
  countLike(key: string): number {
    const content = key.slice(key.lastIndexOf('/'));
    return Object.entries(this.data.entries).filter(
      ([other, { state }]) => state === 'accepted' && other !== key && other.endsWith(content),
    ).length;
  }

  /**
   * A value for the `Idempotency-Key` header: the same as long as the outcome is unknown, another one
   * after a refusal, since an API may keep its first answer. Assumption: the API honors the header or
   * ignores it; nothing relies on it.
   *
   * @param shared in place of this record's own, where other executions are to send the same
   */
  idempotencyKey(key: string, shared = `${this.data.seed} ${key}`): string {
    const refusals = this.data.refusals?.[key];
    return hash(refusals ? `${shared} ${refusals}` : shared);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
