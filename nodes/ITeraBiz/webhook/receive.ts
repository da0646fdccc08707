import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { eventFrom, eventOf, readEvent, type UnverifiedEvent } from '../api/events';
import { NetworkError } from '../api/response';
import { isObject, jsonOrText, readSwitch } from '../api/json';
import { statusClassOf } from '../api/status';
import { videoIn } from '../api/video';
import { queuedAccountOf } from '../account/account';
import { ApiClient } from '../client/apiClient';
import { now } from '../client/time';
import { skipReason } from '../fields/events';
import { keyOf, REPLY_TIMEOUT, recentEventsOf, type Reply, type Verified } from './recentEvents';
import {
  isGoodToken,
  isLaterToken,
  isToken,
  SIGNATURE_HEADER,
  signatureProblem,
  TOKEN_PARAMETER,
} from './authenticity';
import { isManual, manualAccess, storeOf } from './store';

/** Larger bodies are no events, in bytes. */
const MAX_BODY_SIZE = 1_000_000;

/** How long to wait for the API's confirmation, in milliseconds. The sender waits meanwhile. */
const CONFIRMATION_TIMEOUT = 10_000;

/** How many events may wait for confirmation. Whatever sends that many can send some again. */
const MAX_WAITING = 1_000;

/** What the sender is told: nothing that helps an attacker. */
const ANSWERS = {
  200: 'Received',
  400: 'Not understood',
  401: 'Not authorized',
  503: 'Try again later',
};

/**
 * n8n's `webhook`: starts the workflow for a proven event that the user asked for. Never throws.
 *
 * n8n behavior: where a workflow starts, it answers when the execution is stored, and with an error where
 * that failed, so that the event is delivered again. (Before 2.41 it may answer a moment earlier.) Where the
 * trigger answers by itself, it saves what was written into the trigger's store.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
  // What fails is on our side, as a credential that is gone: the sender should try again.
  const failed = (error: Error) => retryLater(error.message);
  const { status, reason, start } = await decideReply(context).catch(failed);
  const message = ANSWERS[status];
  if (start) return { webhookResponse: { message }, workflowData: [[{ json: { ...start } }]] };

  const level = status === 200 ? 'debug' : 'warn';
  context.logger[level](`iTeraBiz Trigger answered ${status} to a delivery: ${reason}`, {
    workflowId: context.getWorkflow().id,
    node: context.getNode().name,
  });
  context.getResponseObject().status(status).json({ message });
  return { noWebhookResponse: true };
}

async function decideReply(context: IWebhookFunctions): Promise<Reply> {
  const access = accessOf(context);
  if (!access) return { status: 401, reason: 'its token is missing or wrong' };
  const { secret } = access;
  if (secret === '') {
    return retryLater(
      'the Signing Secret is empty, so no event can be checked; enter or remove it',
    );
  }
  const rawBody = await rawBodyOf(context);
  if (rawBody && rawBody.length > MAX_BODY_SIZE) {
    return { status: 400, reason: 'its body is too large for an event' };
  }
  const header = context.getHeaderData()[SIGNATURE_HEADER];
  const forged = secret && signatureProblem(header, rawBody, secret);
  if (forged) return { status: 401, reason: forged };

  const reading = readEvent(jsonOrText(String(rawBody)));
  if ('unverified' in reading) return await replyTo(reading.unverified, context);
  if ('malformed' in reading) return { status: 400, reason: reading.malformed };
  const name = JSON.stringify(reading.unknownEvent);
  return { status: 200, reason: `the event ${name} is not known here` };
}

/**
 * The secret of a sender who has the token, where events are signed; nothing for every other sender.
 *
 * A token that is later than any that is known here is of a registration that the store was made to
 * forget, and its secret with it. It has to do alone, as where iTeraBiz gives out no secret.
 */
function accessOf(context: IWebhookFunctions): { secret?: string } | undefined {
  const given = (context.getRequestObject().query as IDataObject)[TOKEN_PARAMETER];
  if (isManual(context)) {
    const manual = manualAccess(context);
    return isGoodToken(manual.token) && isToken(given, manual.token) ? manual : undefined;
  }
  const { tokens, registration } = storeOf(context);
  if (registration && isToken(given, registration.token)) return registration;
  return tokens && isLaterToken(given, tokens.key, tokens.latest) ? {} : undefined;
}

/** n8n behavior: it reads common content types before it asks the trigger, and leaves the others to it. */
async function rawBodyOf(context: IWebhookFunctions): Promise<Buffer | undefined> {
  const request = context.getRequestObject();
  await request.readRawBody().catch(() => {}); // broken off, or far too large
  return request.rawBody;
}

/**
 * The reply to an event from the right sender. What the API confirms decides which event it is: a video
 * that has ended in one way is one event, whatever IDs it is delivered with.
 */
async function replyTo(unverified: UnverifiedEvent, context: IWebhookFunctions): Promise<Reply> {
  const options = context.getNodeParameter('options', {}) as IDataObject;
  const isConfirmed = readSwitch(options.confirmWithApi) ?? true;
  const verify = async () =>
    isConfirmed ? await confirm(context, unverified) : eventFrom(unverified);
  const { event, videoId, eventId } = unverified;
  const key = (kind: string) => keyOf(kind, videoId, isConfirmed ? '' : eventId);

  // A user who listens in the editor wants to see what comes, also a second time.
  const isOnce = (readSwitch(options.ignoreDuplicates) ?? true) && context.getMode() !== 'manual';
  const memory = recentEventsOf(`${context.getWorkflow().id} ${context.getNode().id}`);
  const store = storeOf(context);
  memory.recall(store.recentEvents);

  const repeat = isOnce ? memory.repeatOf(key(event)) : undefined;
  if (repeat) return await repeat;
  const verified = isOnce ? await memory.confirmOnce(key(event), verify) : await verify();
  if ('status' in verified) return verified;
  const unwanted = skipReason(verified, context);
  if (unwanted !== undefined) return { status: 200, reason: unwanted };
  if (!isOnce) return { status: 200, start: verified };

  const verifiedKey = key(verified.event);
  const remember = () => void (store.recentEvents = memory.toStore(verifiedKey));
  return await memory.startOnce(
    verifiedKey,
    verified,
    async (patience) => await hasStarted(context, remember, patience),
  );
}

/**
 * Waits for n8n's answer to the sender, also where the sender has given up.
 *
 * n8n behavior: it saves the store only if something was written into it, forgets that when it begins
 * to start the workflow, and saves when it has started it. So the store is written again meanwhile.
 *
 * @returns whether it is one of success; `undefined` where n8n takes longer than so many milliseconds
 */
async function hasStarted(
  context: IWebhookFunctions,
  remember: () => void,
  patience: number,
): Promise<boolean | undefined> {
  const response = context.getResponseObject();
  const end = now() + patience;
  // Many events may wait for an n8n that is busy for minutes.
  const longestPause = patience > REPLY_TIMEOUT ? 500 : 100;
  for (let pause = 1; !response.writableEnded; pause = Math.min(pause * 2, longestPause)) {
    if (now() > end) return undefined;
    remember();
    await sleep(pause);
  }
  return response.statusCode < 300;
}

/**
 * Asks the API how the video is doing. What it says counts, also where the event says otherwise. Whatever
 * cannot be confirmed right now is to be delivered again: the API may be a moment behind its events.
 */
async function confirm(
  context: IWebhookFunctions,
  { videoId, eventId, occurredAt }: UnverifiedEvent,
): Promise<Verified> {
  const { queue } = await queuedAccountOf(context);
  if (queue.waitingCount('interactive') >= MAX_WAITING) {
    return retryLater('too many events wait for iTeraBiz to confirm them');
  }
  const deadline = now() + CONFIRMATION_TIMEOUT;
  const client = new ApiClient(context, queue, { priority: 'interactive', retry: false, deadline });
  const url = `/videos/${encodeURIComponent(videoId)}`;
  const { outcome: answer, tries } = await client.request({ method: 'GET', url });
  if (tries === 0) return retryLater('iTeraBiz asked for a pause');
  if (answer instanceof NetworkError)
    return retryLater('iTeraBiz could not be reached to confirm it');
  const statusClass = statusClassOf(answer);
  if (statusClass === 'notFound') return { status: 400, reason: 'iTeraBiz knows no such video' };
  if (statusClass !== 'done' || !isObject(answer.body)) {
    return retryLater(`iTeraBiz did not confirm it, but answered with status ${answer.status}`);
  }
  const video = videoIn(answer.body, videoId);
  if (!video) return retryLater('iTeraBiz answered with another video');
  return (
    eventOf(video, { eventId, occurredAt }) ??
    retryLater('iTeraBiz says that the video is still being made')
  );
}

function retryLater(reason: string): Reply {
  return { status: 503, reason };
}
