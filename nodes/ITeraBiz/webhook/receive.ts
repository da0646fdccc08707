import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { Claim, EventName, VideoEvent } from '../api/events';
import { eventFrom, eventOf, readEvent } from '../api/events';
import { type Video, videoIdOf } from '../api/video';
import { attempt } from '../client/request';
import { Slots } from '../client/slots';
import { keyOf, recentEventsOf, type Verdict } from './recentEvents';
import { SIGNATURE_HEADER, signatureProblem } from './signature';
import { storeOf } from './store';
import { isToken, TOKEN_PARAMETER } from './token';
import { isObject } from '../api/json';
import { NoAnswer } from '../api/answer';

/** Larger bodies are no events, in bytes. */
const LARGEST_BODY = 1_000_000;

/** How long to wait for the API's confirmation, in milliseconds. The sender waits meanwhile. */
const CONFIRMATION_TIMEOUT = 10_000;

/** So that a burst of events does not become a burst of questions to the API. */
const confirmations = new Slots(10);

/** What the sender is told: nothing that helps someone who should not be here. */
const ANSWERS = {
  200: 'Received',
  400: 'Not understood',
  401: 'Not authorized',
  503: 'Try again later',
};

interface Options {
  confirmWithApi?: boolean;
  ignoreDuplicates?: boolean;
  signingSecret?: string;
}

/**
 * n8n's `webhook`: judges one delivery, answers it, and starts the workflow if it is a proven event
 * that the user asked for. Never throws.
 *
 * It answers by itself because n8n saves what was written into the trigger's store only then, and
 * because the sender should not wait for the workflow.
 */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
  const { status, reason, start } = await judge(context).catch(unexpected);
  if (!start) {
    const level = status === 200 ? 'debug' : 'warn';
    context.logger[level](`iTeraBiz Trigger answered ${status} to a delivery: ${reason}`, {
      workflowId: context.getWorkflow().id,
      node: context.getNode().name,
    });
  }
  context.getResponseObject().status(status).json({ message: ANSWERS[status] });
  if (!start) return { noWebhookResponse: true };
  return { noWebhookResponse: true, workflowData: [[{ json: { ...start } }]] };
}

async function judge(context: IWebhookFunctions): Promise<Verdict> {
  const { token, secret } = secretsOf(context);
  if (!isToken(context.getRequestObject().query[TOKEN_PARAMETER], token)) {
    return { status: 401, reason: 'its token is missing or wrong' };
  }
  const rawBody = await rawBodyOf(context);
  if (rawBody && rawBody.length > LARGEST_BODY) {
    return { status: 400, reason: 'its body is too large for an event' };
  }
  const header = context.getHeaderData()[SIGNATURE_HEADER];
  const forged = secret && signatureProblem(header, rawBody, secret);
  if (forged) return { status: 401, reason: forged };

  const reading = readEvent(parsed(rawBody));
  if ('malformed' in reading) return { status: 400, reason: reading.malformed };
  if ('unknownEvent' in reading) {
    const name = JSON.stringify(reading.unknownEvent);
    return { status: 200, reason: `the event ${name} is not known here` };
  }

  const { claim } = reading;
  const { ignoreDuplicates = true } = optionsOf(context);
  // Whoever listens in the editor wants to see what comes, also a second time.
  if (!ignoreDuplicates || context.getMode() === 'manual') return await decide(context, claim);
  return await decideOnce(context, claim);
}

/** What a delivery has to know: the token, and where the events are signed, the secret. */
function secretsOf(context: IWebhookFunctions): { token: string; secret?: string } {
  if (context.getNodeParameter('registration') === 'manual') {
    const token = context.getNodeParameter('secretToken', '') as string;
    return { token, secret: optionsOf(context).signingSecret };
  }
  const { registration } = storeOf(context);
  return { token: registration?.token ?? '', secret: registration?.secret };
}

/**
 * The body's bytes, whatever content type they were sent as; nothing of a form with files.
 *
 * n8n behaviour: it reads common types before it asks the trigger, and leaves the others to it.
 */
async function rawBodyOf(context: IWebhookFunctions): Promise<Buffer | undefined> {
  const request = context.getRequestObject();
  await request.readRawBody().catch(() => {}); // broken off, or far too large
  return request.rawBody;
}

function parsed(rawBody: Buffer | undefined): unknown {
  try {
    return JSON.parse(String(rawBody));
  } catch {
    return undefined;
  }
}

async function decideOnce(context: IWebhookFunctions, claim: Claim): Promise<Verdict> {
  const store = storeOf(context);
  const memory = recentEventsOf(`${context.getWorkflow().id} ${context.getNode().id}`);
  memory.recall(store.recentEvents);

  const verdict = await memory.once(keyOf(claim), async () => await decide(context, claim));
  if (!verdict) return { status: 200, reason: 'it is a repeat of an event that was handled' };
  if (verdict.status === 200) store.recentEvents = memory.toStore();
  return verdict;
}

/** What to do about a claim that comes from the right sender. */
async function decide(context: IWebhookFunctions, claim: Claim): Promise<Verdict> {
  const { confirmWithApi = true } = optionsOf(context);
  const confirmed = confirmWithApi ? await confirm(context, claim) : eventFrom(claim);
  if ('status' in confirmed) return confirmed;

  const events = context.getNodeParameter('events') as EventName[];
  if (!events.includes(confirmed.event)) {
    return { status: 200, reason: `this trigger does not listen for ${confirmed.event}` };
  }
  const avatarId = context.getNodeParameter('options.avatarId', '', { extractValue: true });
  if (avatarId && confirmed.video.avatar_id !== avatarId) {
    return { status: 200, reason: 'its video is of another avatar' };
  }
  return { status: 200, reason: '', start: confirmed };
}

/**
 * Asks the API how the video is doing. What it says counts, also where the event says otherwise: a
 * video that has failed since becomes a failure.
 *
 * Whatever cannot be confirmed right now is to be delivered again: the API may be out of reach, or
 * its list a moment behind its events. A forged event gains nothing by that.
 */
async function confirm(
  context: IWebhookFunctions,
  { videoId, ...claim }: Claim,
): Promise<VideoEvent | Verdict> {
  const later = (reason: string): Verdict => ({ status: 503, reason });
  const answer = await confirmations.run(
    async () =>
      await attempt(context, {
        method: 'GET',
        url: `/videos/${encodeURIComponent(videoId)}`,
        timeout: CONFIRMATION_TIMEOUT,
      }),
  );
  if (answer instanceof NoAnswer) return later('iTeraBiz could not be reached to confirm it');
  if (answer.status === 404) return { status: 400, reason: 'iTeraBiz knows no such video' };
  if (answer.status < 200 || answer.status > 299 || !isObject(answer.body)) {
    return later(`iTeraBiz did not confirm it, but answered with status ${answer.status}`);
  }
  const video: Video = answer.body;
  if (videoIdOf(video) !== videoId) return later('iTeraBiz answered with another video');
  return eventOf(video, claim) ?? later('iTeraBiz says that the video is still being made');
}

function optionsOf(context: IWebhookFunctions): Options {
  return context.getNodeParameter('options', {}) as Options;
}

/** A fault of this n8n, as a credential that is gone: the sender should try again. */
function unexpected(error: unknown): Verdict {
  return { status: 503, reason: error instanceof Error ? error.message : 'an unexpected fault' };
}
