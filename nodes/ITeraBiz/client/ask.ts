import type { IHttpRequestOptions, INode } from 'n8n-workflow';

import type { Subject } from '../messages/answers';
import { describeNoAnswer, describeRefusal, describeStrangeAnswer } from '../messages/answers';
import { type Page, pageIn } from '../api/page';
import type { Requester } from './request';
import { attempt } from './request';
import { toNodeError } from '../messages/message';
import { meaningOf } from '../api/verdict';
import { type Answer, NoAnswer } from '../api/answer';

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
): Promise<Answer> {
  return answerOf(await attempt(context, options), context.getNode(), subject, expected);
}

/**
 * The answer, if it is one of success or has an expected status.
 *
 * @throws {NodeApiError} in words for the user, if not
 */
export function answerOf(
  outcome: Answer | NoAnswer,
  node: INode,
  subject: Subject,
  expected: number[] = [],
): Answer {
  if (outcome instanceof NoAnswer) throw toNodeError(node, describeNoAnswer(outcome, subject));
  const { status } = outcome;
  if (meaningOf(outcome) === 'done' || expected.includes(status)) return outcome;
  throw toNodeError(node, describeRefusal(outcome, subject), undefined, status);
}

/**
 * The page of a list in an answer of success.
 *
 * @throws {NodeApiError} in words for the user, where it is something else, as a web page
 */
export function pageFrom(answer: Answer, node: INode, subject: Subject): Page {
  const page = pageIn(answer.body);
  if (page) return page;
  throw toNodeError(node, describeStrangeAnswer(answer, subject), undefined, answer.status);
}
