import { errorTextOf } from '../../nodes/ITeraBiz/api/errorText.ts';
import type { ApiResponse } from '../../nodes/ITeraBiz/api/response.ts';
import { isAnswer } from '../outcome.mts';
import type { Contract } from '../contract.mts';
import { answerIn, type Evidence, isSuccess, statusIn } from '../evidence.mts';
import {
  type Assumption,
  cannotTell,
  differs,
  distinct,
  type Finding,
  holds,
  never,
} from './assumption.mts';

const STATUS = 'nodes/ITeraBiz/api/status.ts';

/** How iTeraBiz refuses requests. */
export const refusals: Assumption[] = [
  {
    id: 'error-body',
    says: 'A refusal is {"error": {"code", "message"}}',
    place: 'nodes/ITeraBiz/api/errorText.ts',
    covers: ['schemas/Error/error', 'schemas/Error/error/code', 'schemas/Error/error/message'],
    judge: judgeErrorBody,
  },
  {
    id: 'wrong-key',
    says: 'A wrong key is answered with 401',
    place: STATUS,
    covers: ['responses/Unauthorized'],
    judge: ({ wrongKey }) => judgeStatus(statusIn(wrongKey), [401]),
  },
  {
    id: 'unknown-id',
    says: 'An ID that is not there is answered with 404',
    place: STATUS,
    covers: ['responses/NotFound'],
    judge: ({ unknownVideo }) => judgeStatus(statusIn(unknownVideo), [404]),
  },
  {
    id: 'bad-request',
    says: 'What is missing or malformed is answered with 400 or 422',
    place: STATUS,
    covers: ['responses/BadRequest', 'responses/Unprocessable'],
    judge: judgeBadRequest,
  },
  {
    id: 'forbidden',
    says: 'What this key may not do is answered with 403',
    place: STATUS,
    covers: ['responses/Forbidden'],
    judge: never('The ID of an avatar of another account'),
  },
  {
    id: 'credits',
    says: 'An order without credits is answered with 402',
    place: STATUS,
    covers: ['responses/PaymentRequired'],
    judge: ({ order }) =>
      statusIn(order?.accepted) === 402
        ? holds('The order was refused with 402')
        : cannotTell('An account whose credits are used up'),
  },
  {
    id: 'busy',
    says: 'Too many requests are answered with 429, a break of the service with 503',
    place: STATUS,
    covers: ['responses/TooManyRequests', 'responses/Unavailable'],
    judge: (evidence) => {
      const statuses = distinct(busyIn(evidence).map(({ status }) => status));
      return statuses.length > 0
        ? holds(`Answered with ${statuses.join(' and ')}`)
        : cannotTell('A busy hour: the probe does not bring one about');
    },
  },
  {
    id: 'retry-after',
    says: 'A 429 or 503 says in Retry-After how long to wait',
    place: STATUS,
    covers: ['headers/RetryAfter'],
    judge: judgeRetryAfter,
  },
  {
    id: 'faults',
    says: 'A fault of the service is answered with 500, 502 or 504',
    place: STATUS,
    covers: ['responses/ServerError', 'responses/BadGateway', 'responses/GatewayTimeout'],
    judge: (evidence) => {
      const faults = triesIn(evidence).filter(({ status }) => status >= 500 && status !== 503);
      return faults.length > 0
        ? holds(`Answered with ${distinct(faults.map(({ status }) => status)).join(' and ')}`)
        : cannotTell('A fault of the service: the probe does not bring one about');
    },
  },
];

function triesIn({ exchanges }: Evidence): ApiResponse[] {
  return exchanges.flatMap((exchange) => exchange.tries).filter(isAnswer);
}

const busyIn = (evidence: Evidence) =>
  triesIn(evidence).filter(({ status }) => status === 429 || status === 503);

function judgeStatus(status: number, expected: number[]): Finding {
  if (status === 0) return cannotTell('An answer: none came');
  const seen = `Answered with ${status}`;
  return expected.includes(status) ? holds(seen) : differs(seen);
}

/** Judges only refusals by the API itself. Those of files come from another server. */
function judgeErrorBody(evidence: Evidence, contract: Contract): Finding {
  const bodies = [
    ...[evidence.wrongKey, evidence.unknownVideo, evidence.malformed, evidence.filtered],
    ...[evidence.order?.refused, evidence.webhooks],
  ].flatMap((exchange) => {
    const answer = answerIn(exchange);
    return answer && answer.status >= 400 ? [answer.body] : [];
  });
  if (bodies.length === 0) return cannotTell('A refusal: there was none');
  const others = bodies.filter((body) => contract.breaches('Error', body).length > 0);
  if (others.length === 0) return holds(`In all ${bodies.length} refusals`);
  const shapes = distinct(others.map(shapeOf)).join('; ');
  const areRead = others.every((body) => errorTextOf(body) !== undefined);
  const found = areRead ? 'finds its words all the same' : 'does not find its words';
  const arePages = others.some((body) => typeof body === 'string' && /^\s*</.test(body));
  const but = arePages ? ', but takes a web page with 403 or 404 for one of a proxy' : '';
  return differs(`${shapes}. The node ${found}${but}`);
}

/** The structure of a body, without its texts. */
function shapeOf(body: unknown): string {
  if (typeof body === 'string') {
    if (body.trim() === '') return 'nothing';
    return /^\s*</.test(body) ? 'a web page' : 'plain text';
  }
  return JSON.stringify(body, (_key, value) =>
    typeof value === 'object' || value === null ? value : `(${typeof value})`,
  ).replace(/"\((\w+)\)"/g, '$1');
}

/** Prefers the order: the malformed read is only slightly wrong, so the API may accept it. */
function judgeBadRequest({ malformed, order }: Evidence): Finding {
  const refused = [order?.refused, malformed].find(
    (exchange) => exchange && statusIn(exchange) >= 400,
  );
  if (refused) return judgeStatus(statusIn(refused), [400, 422]);
  if (isSuccess(order?.refused)) return differs('An order without text and length was accepted');
  return cannotTell('A run with --spend, which sends an invalid order');
}

function judgeRetryAfter(evidence: Evidence): Finding {
  const busy = busyIn(evidence);
  if (busy.length === 0) return cannotTell('A busy hour: the probe does not bring one about');
  const values = busy.map(({ headers }) => headers['retry-after']);
  if (values.some((value) => value === undefined)) return differs('There is no Retry-After');
  return holds(`As in Retry-After: ${String(values[0])}`);
}
