import { readEvent } from '../../nodes/ITeraBiz/api/events.ts';
import { isObject } from '../../nodes/ITeraBiz/api/json.ts';
import { idOf } from '../../nodes/ITeraBiz/api/video.ts';
import { signatureProblem } from '../../nodes/ITeraBiz/webhook/authenticity.ts';
import type { Contract } from '../contract.mts';
import { entriesIn, type Evidence, isSuccess, objectIn, statusIn } from '../evidence.mts';
import {
  type Assumption,
  cannotTell,
  differs,
  distinct,
  type Finding,
  HOOK,
  holds,
  judgeFields,
} from './assumption.mts';

const REGISTRATION = 'nodes/ITeraBiz/webhook/registration.ts';
const THERE_ARE_NONE = 'Webhooks at /webhooks: there are none';

/** Registering webhooks, and their events. */
export const webhooks: Assumption[] = [
  {
    id: 'webhook-list',
    says: 'GET /webhooks lists the webhooks that are registered',
    place: REGISTRATION,
    covers: [
      'GET /webhooks',
      'GET /webhooks 200',
      'schemas/WebhookList/data',
      'schemas/WebhookList/has_more',
    ],
    judge: judgeList,
  },
  {
    id: 'webhook-fields',
    says: 'A registered webhook is {"id", "url", "events", "created_at"}',
    place: REGISTRATION,
    covers: ['id', 'url', 'created_at'].map((field) => `schemas/RegisteredWebhook/${field}`),
    judge: (evidence, contract) => {
      if (isMissing(evidence)) return cannotTell(THERE_ARE_NONE);
      const registered = [...entriesIn(evidence.webhooks), ...entriesIn(evidence.hook?.list)];
      return registered.length > 0
        ? judgeFields(contract, 'RegisteredWebhook', registered, ['id', 'url', 'created_at'])
        : cannotTell(HOOK);
    },
  },
  {
    id: 'webhook-registration',
    says: 'POST /webhooks with {"url", "events"} registers one and answers with it',
    place: REGISTRATION,
    covers: ['POST /webhooks', 'POST /webhooks 201', 'schemas/NewWebhook/url'],
    judge: (evidence) => {
      if (isMissing(evidence)) return cannotTell(THERE_ARE_NONE);
      const { registered } = evidence.hook ?? {};
      if (!registered) return cannotTell(HOOK);
      const seen = `Answered with ${statusIn(registered)}`;
      return idOf(objectIn(registered)) === undefined
        ? differs(isSuccess(registered) ? `${seen}, without an ID` : seen)
        : holds(seen);
    },
  },
  {
    id: 'webhook-secret',
    says: 'The answer to it has a secret, with which events are signed',
    place: REGISTRATION,
    covers: ['schemas/Webhook/secret'],
    judge: ({ hook }) => {
      if (!isSuccess(hook?.registered)) return cannotTell(HOOK);
      return secretIn(hook) === undefined
        ? differs('There is none: the token in the registered address is the check')
        : holds('There is one');
    },
  },
  {
    id: 'webhook-removal',
    says: 'DELETE /webhooks/{id} removes it; once it is gone, the answer is 404',
    place: REGISTRATION,
    covers: [
      'DELETE /webhooks/{id}',
      'DELETE /webhooks/{id} parameters 0',
      'DELETE /webhooks/{id} 204',
    ],
    judge: ({ hook }) => {
      if (!hook?.removed) return cannotTell(HOOK);
      const statuses = [hook.removed, hook.removedAgain].map((exchange) => statusIn(exchange));
      const seen = `Answered with ${statuses.filter(Boolean).join(', then with ')}`;
      return isSuccess(hook.removed) && statuses[1] === 404 ? holds(seen) : differs(seen);
    },
  },
  {
    id: 'event-body',
    says: 'An event is {"id", "type", "created_at", "data"}, with the video in data',
    place: 'nodes/ITeraBiz/api/events.ts',
    covers: ['schemas/VideoEvent/id', 'schemas/VideoEvent/created_at', 'schemas/EventVideo'],
    judge: judgeEvent,
  },
  {
    id: 'event-signature',
    says: 'X-Iterabiz-Signature is t=<seconds>,v1=<hex HMAC-SHA256 of "<t>." and the body>',
    place: 'nodes/ITeraBiz/webhook/authenticity.ts',
    covers: ['parameters/Signature'],
    judge: ({ hook }) => {
      const [delivery] = hook?.deliveries ?? [];
      if (!delivery) return cannotTell(HOOK);
      const secret = secretIn(hook);
      if (secret === undefined) return cannotTell('A secret: registering returned none');
      const header = delivery.headers['x-iterabiz-signature'];
      const problem = signatureProblem(header, delivery.body, secret);
      return problem ? differs(`Of a delivery: ${problem}`) : holds('It holds with the secret');
    },
  },
  {
    id: 'event-answer',
    says: 'An event is sent until it is answered with 200, and then not again',
    place: 'nodes/ITeraBiz/webhook/recentEvents.ts',
    covers: ['responses/EventTaken', 'responses/EventRefused'],
    judge: ({ hook }) => {
      const bodies = (hook?.deliveries ?? []).map(({ body }) => String(body));
      if (bodies.length === 0) return cannotTell(HOOK);
      return distinct(bodies).length === bodies.length
        ? holds(`${bodies.length} came, and none of them twice`)
        : differs('It came again, which the node notices');
    },
  },
];

const isMissing = ({ webhooks: list }: Evidence) => [404, 405].includes(statusIn(list));

function judgeList(evidence: Evidence, contract: Contract): Finding {
  const { webhooks: list } = evidence;
  if (isMissing(evidence)) {
    return differs(
      `Answered with ${statusIn(list)}: the trigger has to be set to Registration: Manual`,
    );
  }
  if (!isSuccess(list)) return differs(`Answered with ${statusIn(list)}`);
  const body = 'body' in list.outcome ? list.outcome.body : undefined;
  if (Array.isArray(body)) return differs('It is a bare list, which the node reads, too');
  const breaches = contract
    .breaches('WebhookList', body)
    .filter(({ field }) => ['', 'data', 'has_more'].includes(field));
  return breaches.length > 0
    ? differs(breaches.map(({ field, problem }) => `${field} ${problem}`).join('; '))
    : holds(`${entriesIn(list).length} are registered`);
}

function judgeEvent({ hook }: Evidence, contract: Contract): Finding {
  const deliveries = hook?.deliveries ?? [];
  if (!hook) return cannotTell(HOOK);
  if (deliveries.length === 0) {
    return cannotTell('An event: none came. Does the address lead to this computer?');
  }
  const bodies = deliveries.map(({ body }) => parsed(body));
  const unread = bodies.map(readEvent).find((reading) => !('unverified' in reading));
  const fields = distinct(
    bodies.flatMap((body) => (isObject(body) ? Object.keys(body as object) : [])),
  );
  if (unread) return differs(`The node cannot read it. Its fields are: ${fields.join(', ')}`);
  const others = bodies.flatMap((body) => contract.breaches('VideoEvent', body));
  // The fields of the video belong to other assumptions.
  const own = others.filter(({ field }) => !field.startsWith('data.'));
  return own.length > 0
    ? differs(own.map(({ field, problem }) => `${field} ${problem}`).join('; '))
    : holds(`${deliveries.length === 1 ? 'One event' : `${deliveries.length} events`}, as assumed`);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

function secretIn(hook: Evidence['hook']): string | undefined {
  const secret = objectIn(hook?.registered)?.secret;
  return typeof secret === 'string' && secret ? secret : undefined;
}
