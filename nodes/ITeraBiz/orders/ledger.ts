import { createHash, randomBytes } from 'crypto';
import type { IContextObject, IDataObject, IHttpRequestOptions } from 'n8n-workflow';

/**
 * What became of one submission: sent at this time (milliseconds since 1970) without a readable
 * answer, or accepted with this one. Executions that an older version of this package ran have no time.
 */
export type Entry =
  | { state: 'sent'; at?: number }
  /** `reused`: it was there before this execution */
  | { state: 'accepted'; answer: IDataObject; reused?: boolean };

interface Book {
  seed: string;
  entries: Record<string, Entry>;
}

/**
 * The record of what a node submitted in one execution.
 *
 * It lives in the node's context. n8n behaviour: it keeps that through Retry On Fail and saves it with
 * the execution, so that a later retry from the execution list finds it again. A submission is known by
 * the run of the node (a loop runs it many times, and means it), its item, and what is sent.
 */
export class Ledger {
  private readonly book: Book;

  /** @param context what `getContext('node')` returns; the record is kept inside it */
  constructor(context: IContextObject) {
    context.submissions ??= { seed: randomBytes(16).toString('hex'), entries: {} };
    this.book = context.submissions as Book;
  }

  /** The name of a submission in this record. */
  keyOf(run: number, item: number, { method, url, body }: IHttpRequestOptions): string {
    return `${run}/${item}/${hash(`${method} ${url} ${JSON.stringify(body)}`)}`;
  }

  /** What is known of a submission; nothing means that it was never sent, or refused. */
  find(key: string): Entry | undefined {
    return this.book.entries[key];
  }

  /** What the API answered to every submission that it accepted. */
  get answers(): IDataObject[] {
    return Object.values(this.book.entries).flatMap((entry) =>
      entry.state === 'accepted' ? [entry.answer] : [],
    );
  }

  /**
   * To be noted before a submission is sent: whatever happens next, it may have arrived.
   *
   * @param at milliseconds since 1970
   */
  sent(key: string, at?: number): void {
    this.book.entries[key] = { state: 'sent', at };
  }

  accepted(key: string, answer: IDataObject, reused?: boolean): void {
    this.book.entries[key] = { state: 'accepted', answer, ...(reused !== undefined && { reused }) };
  }

  /** How many other submissions of exactly the same were accepted before. */
  countLike(key: string): number {
    const [, , content] = key.split('/');
    return Object.entries(this.book.entries).filter(
      ([other, { state }]) =>
        state === 'accepted' && other !== key && other.endsWith(`/${content}`),
    ).length;
  }

  /** It is certain that the API did not act on it. */
  refused(key: string): void {
    delete this.book.entries[key];
  }

  /**
   * A value for the `Idempotency-Key` header: the same on every retry of this submission, another
   * one for every other. Assumption: the API honours the header or ignores it; nothing relies on it.
   */
  idempotencyKey(key: string): string {
    return hash(`${this.book.seed} ${key}`);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
