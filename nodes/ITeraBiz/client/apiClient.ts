import type {
  IDataObject,
  IHttpRequestMethods,
  IHttpRequestOptions,
  INode,
  NodeApiError,
} from 'n8n-workflow';

import { type Page, PAGE_SIZE, pageIn, pageQuery } from '../api/page';
import { type ApiResponse, NetworkError } from '../api/response';
import {
  retryAfterOf,
  type RetryDecision,
  retryDecision,
  type StatusClass,
  statusClassOf,
} from '../api/status';
import { type Video, videoIn } from '../api/video';
import {
  describeNetworkError,
  describeRefusal,
  describeStrangeAnswer,
  type Subject,
} from '../messages/answers';
import { type Message, toNodeError } from '../messages/message';
import { backOff, PATIENCE, MAX_TRIES } from './backOff';
import { type RequestContext, send } from './http';
import type { Priority, RequestQueue } from './requestQueue';
import { atLeast, now, signalUntil } from './time';

/** Longest wait for a response where the user set none, in milliseconds: n8n's own. */
export const TIMEOUT = 300_000;

/** How one request ended, after all its tries. */
export interface Attempt {
  outcome: ApiResponse | NetworkError;
  decision: RetryDecision;
  /** How often it was sent; 0 where a pause or the deadline came first */
  tries: number;
  /** From the first try to the end, in seconds */
  seconds: number;
}

/** A request that brought nothing: refused, given up, or answered with something else. */
export class RequestFailed extends Error {
  /** @param isStrange the status was one of success, but the content is not what was asked for */
  constructor(
    readonly attempt: Attempt,
    readonly isStrange = false,
  ) {
    super('The request to iTeraBiz failed');
  }

  /** In words for the user. */
  describe(subject: Subject): Message {
    const { outcome, tries, seconds } = this.attempt;
    const tried = { ...subject, tries, seconds };
    if (!(outcome instanceof NetworkError)) {
      const describeAnswer = this.isStrange ? describeStrangeAnswer : describeRefusal;
      return describeAnswer(outcome, tried);
    }
    if (tries > 0) return describeNetworkError(outcome, tried);
    return {
      message: `There was no time left to ${subject.doing}`,
      description: 'Other requests of your account came first. Try again in a moment.',
    };
  }

  toNodeError(node: INode, subject: Subject): NodeApiError {
    return toNodeError(node, this.describe(subject), undefined, this.status);
  }

  /** What the refusal means; nothing where no response came, or a strange one. */
  get statusClass(): StatusClass | undefined {
    const { outcome } = this.attempt;
    return outcome instanceof NetworkError || this.isStrange ? undefined : statusClassOf(outcome);
  }

  get status(): number | undefined {
    const { outcome } = this.attempt;
    return outcome instanceof NetworkError ? undefined : outcome.status;
  }
}

/** A refused request as a value; anything else is thrown on. */
export function refusalOnly(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  throw error;
}

/** How a client's requests queue and are retried. */
export interface ClientSettings {
  priority: Priority;
  /** The most requests of the account that may be in flight when one of these starts. Default: 5 */
  concurrency?: number;
  /** Whether to send again what may be sent again. Default: true */
  retry?: boolean;
  /** When to give up, by `now()` of client/time. Default: never */
  deadline?: number;
  signal?: AbortSignal;
  /** n8n's Request Options: timeout, proxy, certificates */
  options?: Partial<IHttpRequestOptions>;
}

/** What is asked for; a path gets the credential's Base URL. */
export interface ApiRequest extends Pick<IHttpRequestOptions, 'url' | 'qs' | 'body' | 'headers'> {
  method: IHttpRequestMethods;
}

/**
 * The one way to the API: every request of the package waits here for its turn and for pauses, is
 * retried as far as that is safe, and obeys Retry-After for all requests of the account.
 */
export class ApiClient {
  /** @param context in whose name n8n sends the requests */
  constructor(
    readonly context: RequestContext,
    private readonly queue: RequestQueue,
    readonly settings: ClientSettings,
  ) {}

  /** The same client with other settings. */
  with(settings: Partial<ClientSettings>): ApiClient {
    return new ApiClient(this.context, this.queue, { ...this.settings, ...settings });
  }

  /** @throws what precedes sending, as for a missing credential, and the signal's reason */
  async request(request: ApiRequest): Promise<Attempt> {
    return await this.schedule(request.method, async () => await this.send(request));
  }

  /** Sends a request once, now; for {@link schedule}. */
  async send(request: ApiRequest): Promise<ApiResponse | NetworkError> {
    const { options, signal, deadline = Infinity } = this.settings;
    const left = Math.ceil(atLeast(1, deadline - now()));
    const timeout = Math.min(Number(options?.timeout) || TIMEOUT, left);
    const abortSignal = request.method === 'GET' ? signal : undefined;
    return await send(this.context, { ...options, ...request, timeout, abortSignal });
  }

  /**
   * Sends until there is an answer, a refusal for good or an unknown outcome, or it is given up.
   *
   * Invariant: only what {@link retryDecision} says may be sent again is. A pause that the API asks for
   * holds back the whole queue, also after the last try.
   *
   * @throws what `sendOnce` throws, and the signal's reason
   */
  async schedule(
    method: IHttpRequestMethods,
    sendOnce: () => Promise<ApiResponse | NetworkError>,
  ): Promise<Attempt> {
    const { priority, concurrency = 5, retry = true, deadline = Infinity } = this.settings;
    const turn = { priority, concurrency, signal: signalUntil(deadline, this.settings.signal) };
    const isToRetry = ({ decision, tries }: Attempt) =>
      retry && decision === 'retry' && tries < MAX_TRIES;
    let patience = PATIENCE;
    let start = now();
    let last: Attempt | undefined;

    const attemptOnce = async (): Promise<Attempt | undefined> => {
      if (this.queue.pauseLeft > patience) return undefined;
      patience -= this.queue.pauseLeft;
      await this.queue.waitUntilResumed(turn.signal);
      if (!last) start = now();
      const outcome = await sendOnce();
      const decision = retryDecision(method, outcome);
      const tries = (last?.tries ?? 0) + 1;
      const attempt = { outcome, decision, tries, seconds: (now() - start) / 1_000 };
      this.pauseAfter(attempt, isToRetry(attempt));
      return attempt;
    };
    const nothingOnceTimeIsUp = (error: unknown) => {
      this.settings.signal?.throwIfAborted();
      if (!turn.signal?.aborted) throw error;
      return undefined;
    };
    for (;;) {
      const attempt = await this.queue.run(attemptOnce, turn).catch(nothingOnceTimeIsUp);
      if (!attempt) return last ?? this.notSent();
      if (!isToRetry(attempt)) return attempt;
      last = attempt;
    }
  }

  /** Holds back the queue where the API asks for it, or before a request is sent again. */
  private pauseAfter({ outcome, decision, tries }: Attempt, isRetried: boolean): void {
    const isAnswer = decision === 'done' || outcome instanceof NetworkError;
    const retryAfter = isAnswer ? undefined : retryAfterOf(outcome.headers);
    if (retryAfter === undefined && !isRetried) return;
    this.queue.pauseFor(backOff(tries, retryAfter), outcome);
  }

  /** What to report where a pause or the deadline came before the first try. */
  private notSent(): Attempt {
    const because = this.queue.pauseLeft > 0 ? this.queue.pausedBy : undefined;
    const outcome = because ?? new NetworkError('', false, 'There was no time left to send it');
    return { outcome, decision: 'retry', tries: 0, seconds: 0 };
  }

  /** @throws {RequestFailed} when it is refused or no answer came */
  private async read(url: string, qs?: IDataObject): Promise<ApiResponse> {
    const attempt = await this.request({ method: 'GET', url, qs });
    const { outcome, decision } = attempt;
    if (outcome instanceof NetworkError || decision !== 'done') throw new RequestFailed(attempt);
    return outcome;
  }

  /** A page of a list, and the headers that came with it. @throws {RequestFailed} also where it is none */
  async page(
    url: string,
    after?: string,
    size = PAGE_SIZE,
  ): Promise<{ page: Page; headers: IDataObject }> {
    const response = await this.read(url, pageQuery(after, size));
    const page = pageIn(response.body, size);
    if (page) return { page, headers: response.headers };
    throw strange(response);
  }

  /** One video. @throws {RequestFailed} also where what comes back is another one */
  async video(id: string): Promise<Video> {
    const response = await this.read(`/videos/${encodeURIComponent(id)}`);
    const video = videoIn(response.body, id);
    if (video) return video;
    throw strange(response);
  }
}

function strange(outcome: ApiResponse): RequestFailed {
  return new RequestFailed({ outcome, decision: 'done', tries: 1, seconds: 0 }, true);
}
