import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { videoInDialect } from './dialect.mts';
import { serviceTime } from './settings.mts';
import type {
  Delivery,
  DeliveryAttempt,
  EventType,
  Hook,
  ManualEvent,
  SandboxSettings,
  Video,
} from './types.mts';

const ANSWER_TIMEOUT_MS = 15_000;

/**
 * The value of X-Iterabiz-Signature.
 * @param timestamp Unix time in seconds
 */
export function signature(secret: string, body: string, timestamp: number): string {
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return `t=${timestamp},v1=${digest}`;
}

/** The event for a video that has ended, created now. */
function eventOf(
  video: Video,
  settings: SandboxSettings,
  type = `video.${video.status}`,
  id = `evt_${randomUUID()}`,
) {
  const created_at = serviceTime(settings).toISOString();
  return { id, type, created_at, data: videoInDialect(video, settings) };
}

/** Sends one body. Never throws: without a response, the status is `null`. */
async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<DeliveryAttempt> {
  try {
    const response = await axios.post(url, Buffer.from(body), {
      headers: { 'Content-Type': 'application/json', ...headers },
      proxy: false,
      maxRedirects: 0,
      timeout: ANSWER_TIMEOUT_MS,
      responseType: 'text',
      transformResponse: (text) => text,
      validateStatus: () => true,
    });
    return { status: response.status, body: response.data };
  } catch (error) {
    return { status: null, body: (error as Error).message };
  }
}

/** Registered webhooks, and delivery of events to them: signed, at least once, unordered. */
export class Webhooks {
  readonly all: Hook[] = [];
  readonly deliveries: Delivery[] = [];
  readonly #settings: SandboxSettings;
  readonly #onDelivery: () => void;

  constructor(settings: SandboxSettings, onDelivery: () => void) {
    this.#settings = settings;
    this.#onDelivery = onDelivery;
  }

  register(url: string, events: EventType[]): Hook {
    const hook: Hook = {
      id: `wh_${randomBytes(6).toString('hex')}`,
      url,
      events,
      ...(this.#settings.webhookSecrets && { secret: `whsec_${randomBytes(24).toString('hex')}` }),
      created_at: serviceTime(this.#settings).toISOString(),
    };
    this.all.push(hook);
    return hook;
  }

  /** @returns whether there was such a webhook */
  remove(id: string): boolean {
    const index = this.all.findIndex((hook) => hook.id === id);
    if (index !== -1) this.all.splice(index, 1);
    return index !== -1;
  }

  /** Starts delivering the event for a video that has ended. */
  announce(video: Video): void {
    const event = eventOf(video, this.#settings);
    for (const hook of this.all.filter(({ events }) => events.includes(event.type as EventType))) {
      for (let i = 0; i < this.#settings.deliveriesPerEvent; i++)
        void this.#deliver(hook, video.id, event);
    }
  }

  async #deliver(hook: Hook, videoId: string, event: ReturnType<typeof eventOf>): Promise<void> {
    const delivery: Delivery = {
      eventId: event.id,
      type: event.type,
      videoId,
      hookId: hook.id,
      url: hook.url,
      attempts: [],
      state: 'pending',
    };
    this.deliveries.push(delivery);
    this.#onDelivery();
    const body = JSON.stringify(event);
    for (const pause of [
      Math.random() * this.#settings.deliveryJitterMs,
      ...this.#settings.deliveryRetriesMs,
    ]) {
      await sleep(pause);
      if (!this.all.includes(hook)) break;
      const attempt = await post(
        hook.url,
        body,
        signed(hook.secret, body, serviceTime(this.#settings)),
      );
      delivery.attempts.push(attempt);
      if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300) {
        delivery.state = 'delivered';
        return;
      }
    }
    delivery.state = 'given up';
  }

  /** Sends a manual event. @throws if there is no such webhook, or neither a video nor a body */
  async send(order: ManualEvent, video?: Video): Promise<DeliveryAttempt[]> {
    const hooks = this.all.filter(({ id }) => !order.hookId || id === order.hookId);
    const targets: { url: string; secret?: string }[] =
      hooks.length === 0 && order.url ? [{ url: order.url }] : hooks;
    if (targets.length === 0) throw new Error('There is no such webhook');
    if (order.body === undefined && !video) throw new Error('Name a videoId or give a body');
    const at = serviceTime(this.#settings);
    const body =
      order.body ?? JSON.stringify(eventOf(video!, this.#settings, order.type, order.eventId));
    const requests = targets.flatMap(({ url, secret }) =>
      Array.from({ length: order.times ?? 1 }, () =>
        post(order.url ?? url, body, {
          ...signed(signingSecret(order, secret), body, at, order.timestamp),
          ...order.headers,
        }),
      ),
    );
    return Promise.all(requests);
  }
}

function signingSecret(order: ManualEvent, secret?: string): string | undefined {
  if (order.signature === 'none') return undefined;
  return order.signature === 'wrong' ? `whsec_${randomBytes(24).toString('hex')}` : secret;
}

function signed(
  secret: string | undefined,
  body: string,
  at: Date,
  timestamp = Math.floor(at.getTime() / 1_000),
): Record<string, string> {
  return secret === undefined ? {} : { 'X-Iterabiz-Signature': signature(secret, body, timestamp) };
}
