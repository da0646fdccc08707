import type { IDataObject, IHttpRequestOptions, NodeApiError } from 'n8n-workflow';

import { type ApiResponse, NetworkError } from '../api/response';
import { type Page, PAGE_SIZE, pageIn, pageQuery } from '../api/page';
import { attempt } from '../client/request';
import { type Attempt, withRetries } from '../client/retry';
import {
  describeNetworkError,
  describeRefusal,
  describeStrangeAnswer,
  type Subject,
} from '../messages/answers';
import { toNodeError } from '../messages/message';
import { halt, isHopeless, throwIfHalted } from './halt';
import type { Item } from './item';

/**
 * Reads from the API in one of the node's slots, with retries. What would meet every other item as well
 * halts the run.
 *
 * @param what replaces or adds to the prepared request, as in `{ url: '/videos' }`
 * @throws {NodeApiError} when it is refused or no answer came
 * @throws {NotSent} when the run has been halted
 */
export async function read(
  item: Item,
  what: { url: string; qs?: IDataObject },
  subject: Subject,
): Promise<ApiResponse> {
  const { context, prepared, run } = item;
  const options: IHttpRequestOptions = { ...prepared, ...what, method: 'GET', body: undefined };
  const askOnce = async () => {
    throwIfHalted(run);
    return await attempt(context, { ...options });
  };
  const made = await run.slots.run(async () => await withRetries(askOnce, 'GET', run.slots));
  if (made.verdict === 'done') return made.outcome as ApiResponse;
  const failure = failureOf(item, made, subject);
  if (isHopeless(made)) halt(run, item.index, failure);
  throw failure;
}

/**
 * Reads one page of a list, as {@link read} does.
 *
 * @param after the ID that it follows; the first page follows none
 * @param size the most that it may hold
 * @throws {NodeApiError} also when what comes back is no list
 */
export async function readPage(
  item: Item,
  url: string,
  after?: string,
  size = PAGE_SIZE,
): Promise<{ page: Page; headers: IDataObject }> {
  const subject = { doing: `list the ${url.slice(1)}` };
  const answer = await read(item, { url, qs: pageQuery(after, size) }, subject);
  const page = pageIn(answer.body);
  if (page) return { page, headers: answer.headers };
  throw strangeAnswer(item, answer, subject);
}

/** What to tell the user of an answer that is not one of the API. */
export function strangeAnswer(
  { context, index }: Item,
  answer: ApiResponse,
  subject: Subject,
): NodeApiError {
  const said = describeStrangeAnswer(answer, subject);
  return toNodeError(context.getNode(), said, index, answer.status);
}

/** What to tell the user of a request that came to nothing. */
export function failureOf(
  { context, index }: Item,
  { outcome, tries, seconds }: Attempt,
  subject: Subject,
): NodeApiError {
  const full = { ...subject, tries, seconds };
  return outcome instanceof NetworkError
    ? toNodeError(context.getNode(), describeNetworkError(outcome, full), index)
    : toNodeError(context.getNode(), describeRefusal(outcome, full), index, outcome.status);
}
