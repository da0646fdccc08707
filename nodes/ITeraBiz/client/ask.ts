import type { IHttpRequestOptions, INode } from 'n8n-workflow';

import type { Subject } from '../messages/answers';
import { describeNetworkError, describeRefusal, describeStrangeAnswer } from '../messages/answers';
import { type Page, pageIn } from '../api/page';
import type { Requester } from './request';
import { attempt } from './request';
import { toNodeError } from '../messages/message';
import { statusClassOf } from '../api/status';
import { type ApiResponse, NetworkError } from '../api/response';

/**
 * Asks the API once.
 *
 * @param expected further statuses that the caller knows what to make of
 * @returns the answer, with a status of success or an expected one
 * @throws {NodeApiError} in words for the user, for every other end
 */
export async function ask(
  context: Requester,
  options: IHttpRequestOptions,
  subject: Subject,
  expected: number[] = [],
): Promise<ApiResponse> {
  return answerOf(await attempt(context, options), context.getNode(), subject, expected);
}

/**
 * The answer, if it is one of success or has an expected status.
 *
 * @throws {NodeApiError} in words for the user, if not
 */
export function answerOf(
  outcome: ApiResponse | NetworkError,
  node: INode,
  subject: Subject,
  expected: number[] = [],
): ApiResponse {
  if (outcome instanceof NetworkError)
    throw toNodeError(node, describeNetworkError(outcome, subject));
  const { status } = outcome;
  if (statusClassOf(outcome) === 'done' || expected.includes(status)) return outcome;
  throw toNodeError(node, describeRefusal(outcome, subject), undefined, status);
}

/**
 * The page of a list in an answer of success.
 *
 * @throws {NodeApiError} in words for the user, where it is something else, as a web page
 */
export function pageFrom(answer: ApiResponse, node: INode, subject: Subject): Page {
  const page = pageIn(answer.body);
  if (page) return page;
  throw toNodeError(node, describeStrangeAnswer(answer, subject), undefined, answer.status);
}
