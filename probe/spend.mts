import { setTimeout as sleep } from 'node:timers/promises';

import type { IDataObject } from 'n8n-workflow';

import { outcomeOf, type Video, videoIdOf } from '../nodes/ITeraBiz/api/video.ts';
import type { Asker } from './asker.mts';
import { entriesIn, type HookLook, isSuccess, objectIn, type OrderLook } from './evidence.mts';
import type { Receiver } from './receiver.mts';

/** How patient to be, in milliseconds. */
export interface Patience {
  /** Between two looks at the video, or at the list */
  pause: number;
  /** For the list to show it */
  list: number;
  /** For the video to end */
  video: number;
  /** For the event, once the video has ended */
  event: number;
}

export const PATIENCE: Patience = {
  pause: 3_000,
  list: 60_000,
  video: 20 * 60_000,
  event: 30_000,
};

export interface Wish {
  avatarId: string;
  /** Where given, the video is ordered with it, and then once more */
  idempotencyKey?: string;
  /** What to ask the list for, to see the video in it */
  query?: IDataObject;
}

/** One short video. */
const newVideo = (avatarId: string) => ({
  avatar_id: avatarId,
  script: 'Hello. This is a short test.',
  language: 'en-US',
  duration: 5,
});

/** No text, no length, and an avatar that is not there: nobody can make a video of that. */
const NONSENSE = { avatar_id: 'avatar_that_is_not_there', script: '', language: '', duration: 0 };

/** Sends an order that has to be refused, then orders a video and watches it to its end. */
export async function order(
  asker: Asker,
  { avatarId, idempotencyKey, query }: Wish,
  patience: Patience,
  signal?: AbortSignal,
): Promise<OrderLook> {
  const refused = await asker.post('/videos', NONSENSE);
  const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
  const sent = newVideo(avatarId);
  const accepted = await asker.post('/videos', sent, headers);
  const look: OrderLook = { refused, accepted, sent, lookedFor: 0, looks: [] };
  const id = videoIdOf(objectIn(accepted));
  if (id === undefined) return look;
  if (idempotencyKey !== undefined) {
    look.repeated = await asker.post('/videos', sent, headers);
  }
  await watch(asker, id, look, query, patience, signal);
  return look;
}

/** Looks at the video until it has ended, and at the list until that shows it. */
async function watch(
  asker: Asker,
  id: string,
  look: OrderLook,
  query: IDataObject | undefined,
  patience: Patience,
  signal?: AbortSignal,
): Promise<void> {
  const acceptedAt = look.accepted.sentAt + look.accepted.ms;
  const passed = () => Date.now() - acceptedAt;
  let hasEnded = false;
  let isLookedFor = true;
  const inList = async () => {
    const entries = entriesIn(await asker.get('/videos', query));
    return entries.find((video) => videoIdOf(video) === id);
  };
  for (;;) {
    if (isLookedFor) {
      look.listed = await inList();
      look.lookedFor = passed();
      if (look.listed) look.listedAfter = look.lookedFor;
      isLookedFor = !look.listed && look.lookedFor < patience.list;
    }
    if (!hasEnded) {
      const seen = await asker.get(`/videos/${encodeURIComponent(id)}`);
      look.looks.push(seen);
      hasEnded = isOver(objectIn(seen)) || passed() > patience.video;
    }
    if (hasEnded && !isLookedFor) {
      if (look.listed) look.listedAtEnd = await inList();
      return;
    }
    await sleep(patience.pause, undefined, { signal });
  }
}

const isOver = (video: Video | undefined) => video !== undefined && outcomeOf(video) !== 'running';

/** Registers a webhook for what happens meanwhile. */
export async function register(asker: Asker, receiver: Receiver, url: string): Promise<HookLook> {
  const events = ['video.completed', 'video.failed'];
  const registered = await asker.post('/webhooks', { url, events });
  const list = await asker.get('/webhooks');
  return { registered, list, deliveries: receiver.deliveries };
}

/** Removes it, and once more, to see what that is answered with. */
export async function remove(asker: Asker, hook: HookLook): Promise<void> {
  const id = videoIdOf(objectIn(hook.registered));
  if (id === undefined) return;
  hook.removed = await asker.delete(`/webhooks/${encodeURIComponent(id)}`);
  if (isSuccess(hook.removed)) {
    hook.removedAgain = await asker.delete(`/webhooks/${encodeURIComponent(id)}`);
  }
}

/** Waits for an event, as long as one may take, if there is a webhook to send it to. */
export async function untilDelivered(
  hook: HookLook,
  patience: Patience,
  signal?: AbortSignal,
): Promise<void> {
  if (!isSuccess(hook.registered)) return;
  const end = Date.now() + patience.event;
  while (hook.deliveries.length === 0 && Date.now() < end) {
    await sleep(200, undefined, { signal });
  }
}
