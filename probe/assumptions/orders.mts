import { isObject } from '../../nodes/ITeraBiz/api/json.ts';
import { idOf } from '../../nodes/ITeraBiz/api/video.ts';
import type { Contract } from '../contract.mts';
import { answerIn, type Evidence, isSuccess, objectIn, statusIn } from '../evidence.mts';
import {
  type Assumption,
  cannotTell,
  differs,
  type Finding,
  holds,
  judgeFields,
  never,
  SPEND,
} from './assumption.mts';

/** Responses to orders. */
export const orders: Assumption[] = [
  {
    id: 'order-answer',
    says: 'POST /videos is answered with the video that is being made',
    place: 'nodes/ITeraBiz/api/video.ts',
    covers: ['POST /videos 201'],
    judge: judgeOrder,
  },
  {
    id: 'content-answer',
    says: 'POST /content/generate is answered with the video that is being made',
    place: 'nodes/ITeraBiz/api/video.ts',
    covers: ['POST /content/generate 201'],
    judge: never('A second paid video: run Content: Generate in n8n, and look at its output'),
  },
  {
    id: 'avatar-answer',
    says: 'POST /avatars is answered with the avatar',
    place: 'nodes/ITeraBiz/__schema__/v1.0.0/avatar/create.json',
    covers: ['POST /avatars 201'],
    judge: never('An avatar that would stay in the account: run Avatar: Create in n8n'),
  },
  {
    id: 'idempotency',
    says: 'An order with the Idempotency-Key of an earlier one is accepted: as the same, or as another',
    place: 'nodes/ITeraBiz/orders/ledger.ts',
    covers: ['parameters/IdempotencyKey'],
    judge: judgeIdempotency,
  },
];

function judgeOrder({ order }: Evidence, contract: Contract): Finding {
  if (!order) return cannotTell(SPEND);
  const { accepted } = order;
  if (!isSuccess(accepted)) {
    return cannotTell(
      `An order that is accepted: this one was answered with ${statusIn(accepted)}`,
    );
  }
  const video = objectIn(accepted);
  if (idOf(video) === undefined) {
    const fields = Object.keys(video ?? {}).join(', ') || 'none';
    return differs(`The answer has no ID. Its fields are: ${fields}`);
  }
  const body = answerIn(accepted)?.body;
  if (body !== video) {
    const [outer] = Object.keys(isObject(body) ? body : {});
    return differs(
      `The video is not at the top level but in ${outer}, where the node finds it, too`,
    );
  }
  const finding = judgeFields(contract, 'Video', [video], ['id', 'avatar_id', 'created_at']);
  return finding.verdict === 'holds'
    ? holds(`Status ${statusIn(accepted)}, with ${Object.keys(video!).join(', ')}`)
    : finding;
}

function judgeIdempotency({ order }: Evidence): Finding {
  if (!order?.repeated) {
    return cannotTell('A run with --spend --idempotency, which orders a video twice');
  }
  const [first, second] = [order.accepted, order.repeated].map((exchange) =>
    idOf(objectIn(exchange)),
  );
  if (second === undefined) {
    return differs(`The second order was answered with ${statusIn(order.repeated)}`);
  }
  return holds(
    first === second
      ? 'It is honored: both orders are one video'
      : 'It is ignored: there are two videos',
  );
}
