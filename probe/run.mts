import { randomBytes } from 'node:crypto';

import { errorTextOf } from '../nodes/ITeraBiz/api/errorText.ts';
import { pageIn, pageQuery } from '../nodes/ITeraBiz/api/page.ts';
import { statusClassOf } from '../nodes/ITeraBiz/api/status.ts';
import { Asker, type Exchange } from './asker.mts';
import { judge } from './assumptions/index.mts';
import type { Contract } from './contract.mts';
import { answerIn, entriesIn, type Evidence, isSuccess, objectIn } from './evidence.mts';
import type { Options, Spending } from './options.mts';
import { isAnswer } from './outcome.mts';
import { ProbeError } from './probeError.mts';
import { inspectFile, read } from './read.mts';
import { receive } from './receiver.mts';
import { type Outcome } from './report.mts';
import { order, PATIENCE, type Patience, register, remove, untilDelivered } from './spend.mts';

export interface Run {
  /** Called before anything that may cost money. @throws {ProbeError} unless the user agrees */
  agree: (what: string) => Promise<void>;
  onAnswer: (exchange: Exchange) => void;
  patience?: Patience;
  signal?: AbortSignal;
}

/** The outcome, and the secrets to redact from it. */
export interface Probed extends Outcome {
  secrets: string[];
}

/**
 * Probes the API and judges its answers.
 *
 * @throws {ProbeError} if there is no API at the address, or it refuses the key
 */
export async function probe(options: Options, contract: Contract, run: Run): Promise<Probed> {
  const startedAt = Date.now();
  const wrongKey = `sk_live_${randomBytes(16).toString('hex')}`;
  const asker = new Asker(options, wrongKey, run.onAnswer);
  await checkAccess(asker);
  const evidence = await read(asker);
  if (options.spending) await spend(asker, evidence, options.spending, run);
  const secret = objectIn(evidence.hook?.registered)?.secret;
  return {
    baseUrl: asker.baseUrl,
    at: new Date(startedAt).toISOString(),
    seconds: (Date.now() - startedAt) / 1_000,
    exchanges: asker.exchanges,
    results: judge(evidence, contract),
    secrets: [options.apiKey, wrongKey, typeof secret === 'string' ? secret : ''],
  };
}

/** @throws {ProbeError} unless the API responds and accepts the key */
async function checkAccess(asker: Asker): Promise<void> {
  const { outcome } = await asker.get('/avatars', { limit: 1 }).catch((error: Error) => {
    // The credential rejected the base URL or the key, in words for users.
    throw new ProbeError(error.message);
  });
  if (!isAnswer(outcome)) {
    throw new ProbeError(
      `${asker.baseUrl} cannot be reached (${outcome.code || outcome.message}). Check the base URL.`,
    );
  }
  const { status, body } = outcome;
  if (statusClassOf(outcome) === 'done' && pageIn(body)) return;
  throw new ProbeError(
    `${asker.baseUrl} does not list avatars. It answers with status ${status} and says: ${errorTextOf(body) ?? 'nothing'}. Check the key and the base URL.`,
  );
}

async function spend(
  asker: Asker,
  evidence: Evidence,
  { avatarId, idempotency, webhook }: Spending,
  { agree, patience = PATIENCE, signal }: Run,
): Promise<void> {
  const avatar = avatarId ?? entriesIn(evidence.avatars)[0]?.id;
  if (typeof avatar !== 'string') {
    throw new ProbeError('There is no avatar in the account. Create one, or name one: --avatar-id');
  }
  await agree(
    `This orders 1 video of 5 seconds with the avatar ${avatar}, and sends an order that should be refused. It may cost money.`,
  );
  if (idempotency) {
    await agree('--idempotency orders it a second time with the same key, and may cost as much.');
  }
  const receiver = webhook && (await receive(webhook.port));
  try {
    if (receiver) evidence.hook = await register(asker, receiver, webhook.url);
    const request = {
      avatarId: avatar,
      idempotencyKey: idempotency ? randomBytes(16).toString('hex') : undefined,
      query: isSuccess(evidence.largePage) ? pageQuery() : undefined,
    };
    evidence.order = await order(asker, request, patience, signal);
    if (evidence.hook) await untilDelivered(evidence.hook, patience, signal);
    evidence.file ??= await inspectFile(asker, evidence.order.polls);
  } finally {
    if (evidence.hook) await remove(asker, evidence.hook);
    await receiver?.stop();
  }
}

/** The status of the response, or `no answer`. */
export function endOf(exchange: Exchange): string {
  const answer = answerIn(exchange);
  return answer ? String(answer.status) : 'no answer';
}
