import { setTimeout as sleep } from 'node:timers/promises';

import type { IDataObject } from 'n8n-workflow';

import { outcomeOf, type Video, idOf } from '../nodes/ITeraBiz/api/video.ts';
import type { Asker } from './asker.mts';
import {
  entriesIn,
  type HookEvidence,
  isSuccess,
  objectIn,
  type OrderEvidence,
} from './evidence.mts';
import type { Receiver } from './receiver.mts';

/** How long to wait, in milliseconds. */
export interface Patience {
  /** Between two polls */
  pause: number;
  /** Until the list shows the video */
  list: number;
  /** Until the video ends */
  video: number;
  /** From the end of the video to its event */
  event: number;
}

export const PATIENCE: Patience = {
  pause: 3_000,
  list: 60_000,
  video: 20 * 60_000,
  event: 30_000,
};

export interface OrderRequest {
  avatarId: string;
  /** If set, the video is ordered twice with this key */
  idempotencyKey?: string;
  /** Query for the list that should show the video */
  query?: IDataObject;
}

const newVideo = (avatarId: string) => ({
  avatar_id: avatarId,
  script: 'Hello. This is a short test.',
  language: 'en-US',
  duration: 5,
});

/** No text, no length and an unknown avatar: no video can be made from this. */
const INVALID = { avatar_id: 'avatar_that_is_not_there', script: '', language: '', duration: 0 };

/** Sends an order that must be refused, then orders a video and watches it until it ends. */
export async function order(
  asker: Asker,
  { avatarId, idempotencyKey, query }: OrderRequest,
  patience: Patience,
  signal?: AbortSignal,
): Promise<OrderEvidence> {
  const refused = await asker.post('/videos', INVALID);
  const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
  const sent = newVideo(avatarId);
  const accepted = await asker.post('/videos', sent, headers);
  const evidence: OrderEvidence = { refused, accepted, sent, watchedFor: 0, polls: [] };
  const id = idOf(objectIn(accepted));
  if (id === undefined) return evidence;
  if (idempotencyKey !== undefined) {
    evidence.repeated = await asker.post('/videos', sent, headers);
  }
  await watch(asker, id, evidence, query, patience, signal);
  return evidence;
}

/** Polls the video until it ends, and the list until it shows the video. */
async function watch(
  asker: Asker,
  id: string,
  evidence: OrderEvidence,
  query: IDataObject | undefined,
  patience: Patience,
  signal?: AbortSignal,
): Promise<void> {
  const acceptedAt = evidence.accepted.sentAt + evidence.accepted.ms;
  const elapsed = () => Date.now() - acceptedAt;
  let hasEnded = false;
  let watchesList = true;
  const inList = async () => {
    const entries = entriesIn(await asker.get('/videos', query));
    return entries.find((video) => idOf(video) === id);
  };
  for (;;) {
    if (watchesList) {
      evidence.listed = await inList();
      evidence.watchedFor = elapsed();
      if (evidence.listed) evidence.listedAfter = evidence.watchedFor;
      watchesList = !evidence.listed && evidence.watchedFor < patience.list;
    }
    if (!hasEnded) {
      const poll = await asker.get(`/videos/${encodeURIComponent(id)}`);
      evidence.polls.push(poll);
      hasEnded = isOver(objectIn(poll)) || elapsed() > patience.video;
    }
    if (hasEnded && !watchesList) {
      if (evidence.listed) evidence.listedAtEnd = await inList();
      return;
    }
    await sleep(patience.pause, undefined, { signal });
  }
}

const isOver = (video: Video | undefined) => video !== undefined && outcomeOf(video) !== 'running';

/** Registers a webhook for the events of the run. */
export async function register(
  asker: Asker,
  receiver: Receiver,
  url: string,
): Promise<HookEvidence> {
  const events = ['video.completed', 'video.failed'];
  const registered = await asker.post('/webhooks', { url, events });
  const list = await asker.get('/webhooks');
  return { registered, list, deliveries: receiver.deliveries };
}

/** Removes the webhook, then again to see how the API answers that. */
export async function remove(asker: Asker, hook: HookEvidence): Promise<void> {
  const id = idOf(objectIn(hook.registered));
  if (id === undefined) return;
  hook.removed = await asker.delete(`/webhooks/${encodeURIComponent(id)}`);
  if (isSuccess(hook.removed)) {
    hook.removedAgain = await asker.delete(`/webhooks/${encodeURIComponent(id)}`);
  }
}

/** Waits for an event, up to a limit, if the webhook was registered. */
export async function untilDelivered(
  hook: HookEvidence,
  patience: Patience,
  signal?: AbortSignal,
): Promise<void> {
  if (!isSuccess(hook.registered)) return;
  const end = Date.now() + patience.event;
  while (hook.deliveries.length === 0 && Date.now() < end) {
    await sleep(200, undefined, { signal });
  }
}
