import type { IHttpRequestMethods, IHttpRequestOptions, INode, NodeApiError } from 'n8n-workflow';

import { PAGE_SIZE, pageIn, pageQuery } from '../api/page';
import { type ApiResponse, NetworkError, type Outcome } from '../api/response';
import { retryAfterOf, type StatusClass, statusClassOf } from '../api/status';
import { type Video, videoIn } from '../api/video';
import { describeNetworkError, describeRefusal, type Subject } from '../messages/answers';
import { type Message, toNodeError } from '../messages/message';
import { type RequestContext, send } from './http';
import type { Priority, RequestQueue } from './requestQueue';
import { backOff, maxTries, PATIENCE, type RetryDecision, retryDecision } from './retry';
import { atLeast, now, pause, signalUntil } from './time';

/** Longest wait for a response unless the user sets one, in milliseconds; n8n's own default. */
export const TIMEOUT = 300_000;

/** With less time left than this, in milliseconds, no POST is sent: what it creates would be lost with its answer. */
const TIME_TO_SUBMIT = 10_000;

/** How much longer an answer may trickle in, in milliseconds: silence is to be reported as what it is. */
const TRICKLE_MARGIN = 100;

/** How a request ended, after all its tries. */
export interface Attempt {
  outcome: Outcome;
  decision: RetryDecision;
  /** How often it was sent; 0 if a pause or the deadline came first */
  tries: number;
  /** From the first try to the end, in seconds */
  seconds: number;
}

/** A request without a result: refused, given up, or answered with something else. */
export class RequestFailed extends Error {
  constructor(readonly attempt: Attempt) {
    super('The request to iTeraBiz failed');
  }

  /** In words for the user. */
  describe(subject: Subject): Message {
    const { outcome, tries, seconds } = this.attempt;
    const tried = { ...subject, tries, seconds };
    if (!(outcome instanceof NetworkError)) return describeRefusal(outcome, tried);
    const { code, message } = outcome;
    if (tries > 0) return describeNetworkError(outcome, tried);
    // It was not sent, because the requests before it got no answer.
    if (code) return describeNetworkError(new NetworkError(code, false, message), tried);
    return {
      message: `There was no time left to ${subject.doing}`,
      description: 'Other requests from your account came first. Try again in a moment.',
    };
  }

  toNodeError(node: INode, subject: Subject): NodeApiError {
    return toNodeError(node, this.describe(subject), undefined, this.status);
  }

  /** What the response means (`done` for a success without what was requested); `undefined` if none came. */
  get statusClass(): StatusClass | undefined {
    const { outcome } = this.attempt;
    return outcome instanceof NetworkError ? undefined : statusClassOf(outcome);
  }

  get status(): number | undefined {
    const { outcome } = this.attempt;
    return outcome instanceof NetworkError ? undefined : outcome.status;
  }
}

/** Turns a failed request into a value; any other error is rethrown. */
export function refusalOnly(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  throw error;
}

/** How a client's requests queue and are retried. */
export interface ClientSettings {
  priority: Priority;
  /** Maximum requests of the account in flight when one of these starts. Default: 5 */
  concurrency?: number;
  /** Whether to send again what may be sent again. Default: true */
  retry?: boolean;
  /** When to give up, by `now()` of client/time. Default: never */
  deadline?: number;
  signal?: AbortSignal;
  /** n8n's Request Options: timeout, proxy, certificates */
  options?: Partial<IHttpRequestOptions>;
}

interface ApiRequest extends Pick<IHttpRequestOptions, 'url' | 'qs' | 'body' | 'headers'> {
  method: IHttpRequestMethods;
}

/**
 * The only way to the API: here, every request of the package waits for its turn and for pauses, is
 * retried if that is safe, and applies Retry-After to all requests of the account.
 */
export class ApiClient {
  constructor(
    readonly context: RequestContext,
    private readonly queue: RequestQueue,
    readonly settings: ClientSettings,
  ) {}

  with(settings: Partial<ClientSettings>): ApiClient {
    return new ApiClient(this.context, this.queue, { ...this.settings, ...settings });
  }

  /** @throws errors from before sending, e.g. a missing credential, and the signal's reason */
  async request(request: ApiRequest): Promise<Attempt> {
    return await this.schedule(request.method, async () => await this.send(request));
  }

  /** Sends a request once, right away; for use with {@link schedule}. */
  async send(request: ApiRequest): Promise<Outcome> {
    const { options, signal, deadline = Infinity } = this.settings;
    const left = Math.ceil(atLeast(1, deadline - now()));
    const timeout = Math.min(Number(options?.timeout) || TIMEOUT, left);
    const cancel = request.method === 'POST' ? undefined : signal;
    // n8n behavior: its timeout is for silence. An answer that only trickles in would never end.
    const abortSignal = signalUntil(now() + timeout + TRICKLE_MARGIN, cancel);
    return await send(this.context, { ...options, ...request, timeout, abortSignal });
  }

  /**
   * Sends until there is a response, a final refusal or an unknown outcome, or time runs out. Invariant: only what
   * {@link retryDecision} allows is sent again. A pause that the API asks for holds back the whole queue, even
   * after the last try.
   * @throws what `sendOnce` throws, and the signal's reason
   */
  async schedule(method: IHttpRequestMethods, sendOnce: () => Promise<Outcome>): Promise<Attempt> {
    const { priority, concurrency = 5, deadline = Infinity, signal } = this.settings;
    const turn = { priority, concurrency, signal: signalUntil(deadline, signal) };
    let patience = PATIENCE;
    let startedAt: number | undefined;
    let last: Attempt | undefined;
    let ownPause = 0;

    const tryOnce = async (): Promise<Attempt | undefined> => {
      // A pause that outlasts the deadline is not worth a wait.
      if (now() + this.queue.pauseLeft > deadline) return undefined;
      patience = await this.queue.waitUntilResumed(patience, turn.signal);
      const needed = method === 'POST' ? TIME_TO_SUBMIT : 0;
      if (patience < 0 || now() + needed >= deadline) return undefined;
      startedAt ??= now();
      const outcome = await sendOnce();
      const decision = retryDecision(method, outcome);
      const seconds = (now() - startedAt) / 1_000;
      const attempt = { outcome, decision, tries: (last?.tries ?? 0) + 1, seconds };
      ownPause = this.pauseAfter(attempt);
      return attempt;
    };
    const tryInTurn = async () => {
      if (ownPause > 0) await pause(ownPause, turn.signal);
      return await this.queue.run(tryOnce, turn);
    };
    while (!last || this.mayRetry(last)) {
      const attempt = await tryInTurn().catch((error: unknown) => {
        signal?.throwIfAborted();
        if (!turn.signal?.aborted) throw error;
      });
      if (!attempt) break;
      last = attempt;
    }
    return last ?? this.notSent();
  }

  private mayRetry({ outcome, decision, tries }: Attempt): boolean {
    const { retry = true } = this.settings;
    return retry && decision === 'retry' && tries < maxTries(outcome, this.queue.hasAnswered);
  }

  /**
   * Holds back the queue if the API asks for it, or before a request is sent again.
   *
   * @returns for how long to hold back only this request, in milliseconds: a fault may be due to what it asks for
   */
  private pauseAfter(attempt: Attempt): number {
    const { outcome, decision, tries } = attempt;
    // No wait cures a refusal that is final.
    if (decision === 'done' || decision === 'refused') {
      this.queue.hasAnswered = true;
      return 0;
    }
    const answer = outcome instanceof NetworkError ? undefined : outcome;
    const statusClass = answer && statusClassOf(answer);
    // With a yes, Retry-After says when to look at the job: it asks for no pause.
    const isPause = answer && statusClass !== 'done' && statusClass !== 'moved';
    const retryAfter = isPause ? retryAfterOf(answer.headers) : undefined;
    if (retryAfter === undefined && !this.mayRetry(attempt)) return 0;
    const milliseconds = backOff(tries, retryAfter);
    if (statusClass === 'fault' && retryAfter === undefined) return milliseconds;
    this.queue.pauseFor(milliseconds, outcome);
    return 0;
  }

  /** What to report if a pause or the deadline came before the first try. */
  private notSent(): Attempt {
    const pausedBy = this.queue.pauseLeft > 0 ? this.queue.pausedBy : undefined;
    const outcome = pausedBy ?? new NetworkError('', false, 'There was no time left to send it');
    return { outcome, decision: 'retry', tries: 0, seconds: 0 };
  }

  /** A page of a list. @throws {RequestFailed} also if the body is not a page */
  async page(url: string, after?: string, size = PAGE_SIZE) {
    return await this.read({ url, qs: pageQuery(after, size) }, ({ body, headers }) => {
      const page = pageIn(body, size);
      return page && { ...page, headers };
    });
  }

  /** One video. @throws {RequestFailed} also if the response has a different one */
  async video(id: string): Promise<Video> {
    const url = `/videos/${encodeURIComponent(id)}`;
    return await this.read({ url }, ({ body }) => videoIn(body, id));
  }

  /** @throws {RequestFailed} if it is refused, no response came, or `parse` finds nothing in it */
  private async read<T>(
    request: Pick<ApiRequest, 'url' | 'qs'>,
    parse: (response: ApiResponse) => T | undefined,
  ): Promise<T> {
    const attempt = await this.request({ method: 'GET', ...request });
    const { outcome, decision } = attempt;
    if (outcome instanceof NetworkError || decision !== 'done') throw new RequestFailed(attempt);
    const result = parse(outcome);
    if (result === undefined) throw new RequestFailed(attempt);
    return result;
  }
}
