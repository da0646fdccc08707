import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { sleep } from 'n8n-workflow';

import { trimPasted } from '../api/address';
import { eventFrom, eventOf, readEvent, saysRunning, type UnverifiedEvent } from '../api/events';
import { jsonOrText, readSwitch } from '../api/json';
import { lacksLink, type Video } from '../api/video';
import { queuedAccountOf } from '../account/account';
import { refusalOnly, RequestFailed } from '../client/apiClient';
import { now } from '../client/time';
import { skipReason } from '../fields/events';
import { keyOf, recentEventsOf, type Reply, REPLY_TIMEOUT, type Verified } from './recentEvents';
import {
  isGoodToken,
  isLaterToken,
  isToken,
  SIGNATURE_HEADER,
  signatureProblem,
  TOKEN_PARAMETER,
} from './authenticity';
import { isManual, manualAccess, storeOf } from './store';

/** Larger bodies are not events, in bytes. */
const MAX_BODY_SIZE = 1_000_000;

/** How long to wait for the API's confirmation, in milliseconds, while the sender waits. */
const CONFIRMATION_TIMEOUT = 10_000;

/** The same for a video that the API does not know: whoever has the address can name any number of them. */
const UNKNOWN_TIMEOUT = 4_000;

/** The first pause before a video is read again, in milliseconds. Each is twice as long. */
const FIRST_PAUSE = 1_000;

/** What the sender gets to read: nothing that helps an attacker. */
const RESPONSE_TEXTS = {
  200: 'Received',
  400: 'Not understood',
  401: 'Not authorized',
  503: 'Try again later',
};

/**
 * n8n's `webhook`: starts the workflow for a proven event that the user asked for. Never throws.
 *
 * n8n behavior: if the workflow starts, n8n responds once the execution is stored, and with an error if that
 * failed, so that the event is delivered again. (Before 2.41 it may respond a moment earlier.) If the trigger
 * responds by itself, n8n saves what was written to the trigger's store.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
  // A failure on our side, such as a missing credential: the sender should try again.
  const failed = (error: Error) => retryLater(error.message);
  const { status, reason, start } = await decideReply(context).catch(failed);
  const message = RESPONSE_TEXTS[status];
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
  if ('status' in access) return access;
  const { secret } = access;
  if (secret === '') {
    return retryLater(
      'the Signing Secret is empty, so no event can be checked; enter or remove it',
    );
  }
  // n8n behavior: it has read the body of common content types, but not of others.
  const request = context.getRequestObject();
  await request.readRawBody().catch(() => {}); // aborted, or far too large
  const { rawBody } = request;
  if (rawBody && rawBody.length > MAX_BODY_SIZE) {
    return { status: 400, reason: 'its body is too large for an event' };
  }
  const header = context.getHeaderData()[SIGNATURE_HEADER];
  const problem = secret && signatureProblem(header, rawBody, secret);
  if (problem) return { status: 401, reason: problem };

  const reading = readEvent(jsonOrText(String(rawBody)));
  if ('unverified' in reading) return await replyTo(reading.unverified, context);
  if ('malformed' in reading) return { status: 400, reason: reading.malformed };
  const name = JSON.stringify(reading.unknownEvent);
  return { status: 200, reason: `the event ${name} is not known here` };
}

/**
 * What a sender with the right token must sign with, if anything; the reply to any other sender.
 *
 * A token newer than all those in the store belongs to a registration that was lost when a stale copy was
 * restored, along with its secret. The token then suffices, as it does if iTeraBiz issues no secret.
 */
function accessOf(context: IWebhookFunctions): { secret?: string } | Reply {
  const given = (context.getRequestObject().query as IDataObject)[TOKEN_PARAMETER];
  const refusal: Reply = { status: 401, reason: 'its token is missing or wrong' };
  if (isManual(context)) {
    const manual = manualAccess(context);
    return isGoodToken(manual.token) && isToken(trimPasted(given), manual.token) ? manual : refusal;
  }
  const { tokens, registration } = storeOf(context);
  // n8n behavior: it saves the store some time after the first registration.
  if (!tokens && !registration) return retryLater('n8n has not stored its registration yet');
  if (registration && isToken(given, registration.token)) return registration;
  return tokens && isLaterToken(given, tokens.key, tokens.latest) ? {} : refusal;
}

/**
 * The reply to an event from the right sender. With confirmation, the API decides which event it is: a video
 * and its outcome are one event, whatever IDs it is delivered with.
 */
async function replyTo(unverified: UnverifiedEvent, context: IWebhookFunctions): Promise<Reply> {
  const options = context.getNodeParameter('options', {}) as IDataObject;
  const confirmsAll = readSwitch(options.confirmWithApi) ?? true;
  // A copy that is older than the event is no result to go on with.
  const mustConfirm = confirmsAll || saysRunning(unverified);
  const verify = async () =>
    mustConfirm ? await confirm(context, unverified) : eventFrom(unverified);
  const { event, videoId, eventId } = unverified;
  const key = (name: string) => keyOf(name, videoId, confirmsAll ? undefined : eventId);

  // A user who listens in the editor wants to see every delivery, repeats included.
  const ignoreRepeats =
    (readSwitch(options.ignoreDuplicates) ?? true) && context.getMode() !== 'manual';
  const memory = recentEventsOf(`${context.getWorkflow().id} ${context.getNode().id}`);
  const store = storeOf(context);
  memory.recall(store.recentEvents);

  const verified = ignoreRepeats ? await memory.confirmOnce(key(event), verify) : await verify();
  if ('status' in verified) return verified;
  const unwanted = skipReason(verified, context);
  if (unwanted !== undefined) return { status: 200, reason: unwanted };
  if (!ignoreRepeats) return { status: 200, start: verified };

  const verifiedKey = key(verified.event);
  const remember = () => void (store.recentEvents = memory.toStore(verifiedKey));
  return await memory.startOnce(
    verifiedKey,
    verified,
    async (timeout) => await hasStarted(context, remember, timeout),
  );
}

/**
 * Waits for n8n's response to the sender, even if the sender has given up.
 *
 * n8n behavior: it saves the store only if it was written to, forgets about writes when it begins to start
 * the workflow, and saves when it has started it. So this keeps writing to the store in the meantime.
 *
 * @param timeout in milliseconds
 * @returns whether n8n reported success; `undefined` after the timeout
 */
async function hasStarted(
  context: IWebhookFunctions,
  remember: () => void,
  timeout: number,
): Promise<boolean | undefined> {
  const response = context.getResponseObject();
  const begin = now();
  while (!response.writableEnded) {
    const waited = now() - begin;
    if (waited > timeout) return undefined;
    remember();
    // Ever longer pauses: while n8n is busy, many events may be waiting here for hours. But a start that takes
    // less than a pause may go by without a write.
    await sleep(Math.min(1 + waited / 10, waited < REPLY_TIMEOUT ? 100 : 500));
  }
  return response.statusCode < 300;
}

/**
 * Asks the API for the video, and trusts the API over the event. An event that cannot be confirmed right
 * now should be delivered again.
 */
async function confirm(
  context: IWebhookFunctions,
  { videoId, eventId, occurredAt }: UnverifiedEvent,
): Promise<Verified> {
  const account = await queuedAccountOf(context);
  const begin = now();
  const client = account.interactiveClient(context, CONFIRMATION_TIMEOUT);
  const read = async () => await client.video(videoId).catch(refusalOnly);
  let video = await read();
  for (let wait = FIRST_PAUSE; isBehind(video); wait *= 2) {
    const timeout = video instanceof RequestFailed ? UNKNOWN_TIMEOUT : CONFIRMATION_TIMEOUT;
    if (now() + wait >= begin + timeout) break;
    await sleep(wait);
    video = await read();
  }
  if (video instanceof RequestFailed) {
    return retryLater(video.describe({ doing: 'confirm the event', id: videoId }).message);
  }
  return (
    eventOf(video, { eventId, occurredAt }) ??
    retryLater('iTeraBiz says that the video is still being made')
  );
}

/**
 * Whether the API does not know yet what its event says, or has no link yet. There is one run per event, so
 * what comes a little later is worth a wait.
 */
function isBehind(video: Video | RequestFailed): boolean {
  if (video instanceof RequestFailed) return video.statusClass === 'notFound';
  return !eventOf(video) || lacksLink(video);
}

function retryLater(reason: string): Reply {
  return { status: 503, reason };
}
