import type { Fault, SandboxSettings } from './types.mts';

/** A variant of iTeraBiz for the sandbox to imitate. */
export interface Variant {
  what: string;
  settings?: Partial<SandboxSettings>;
  faults?: Fault[];
}

const always = { times: 'always' } as const;

/** Each differs from openapi.yaml in one assumption. */
export const variants = {
  errorBodies: {
    what: 'Refusals are told as {"detail": "…"}',
    settings: { errorBodies: 'detail' },
  },
  htmlErrors: {
    what: 'Refusals are told by web pages',
    settings: { errorBodies: 'html' },
  },
  statusWords: {
    what: 'Videos are PENDING, RENDERING, SUCCEEDED or ERROR',
    settings: {
      statusWords: {
        queued: 'PENDING',
        processing: 'RENDERING',
        completed: 'SUCCEEDED',
        failed: 'ERROR',
      },
    },
  },
  otherLink: {
    what: 'A finished video has its link in download_url',
    settings: { linkField: 'download_url' },
  },
  ignoredCursor: {
    what: 'A list answers its first page whatever is asked for',
    faults: [
      { on: 'GET /videos', type: 'ignoreCursor', ...always },
      { on: 'GET /avatars', type: 'ignoreCursor', ...always },
    ],
  },
  smallPages: {
    what: 'A page holds twenty entries at the most',
    settings: { pageSizeMax: 20 },
  },
  oldestFirst: {
    what: 'Lists begin with the oldest entry',
    settings: { listsBegin: 'oldest' },
  },
  listsWithoutText: {
    what: 'The list of videos names neither script nor prompt',
    settings: { listOmits: ['script', 'prompt'] },
  },
  withoutTimes: {
    what: 'The list of videos does not tell when they were made',
    settings: { listOmits: ['created_at'] },
  },
  nullLists: {
    what: 'An empty list of videos is {"data": null}',
    settings: { nullLists: true },
  },
  withoutHasMore: {
    what: 'The list of videos does not say whether there is more',
    settings: { hasMore: false },
  },
  realLengths: {
    what: 'A finished video states its real length, not the ordered one',
    settings: { realLengths: true },
  },
  nested: {
    what: 'A single video is answered as {"data": {…}}',
    settings: { nestedIn: 'data' },
  },
  slowLists: {
    what: 'A new video shows in the list after two minutes',
    settings: { listLagMs: 120_000 },
  },
  noWebhooks: {
    what: 'There are no webhooks to register at',
    faults: [
      { on: 'GET /webhooks', type: 'refuse', status: 404, ...always },
      { on: 'POST /webhooks', type: 'refuse', status: 404, ...always },
    ],
  },
  noSecrets: {
    what: 'Registering a webhook returns no signing secret',
    settings: { webhookSecrets: false },
  },
  redirectedFiles: {
    what: 'A link to a file sends on to another host',
    settings: { filesOn: 'redirect' },
  },
  idempotent: {
    what: 'A repeated Idempotency-Key is answered with the first video',
    settings: { honorIdempotencyKeys: true },
  },
  busy: {
    what: 'Each third request is one too many',
    faults: [{ on: '*', type: 'refuse', status: 429, retryAfter: 1, every: 3, ...always }],
  },
} satisfies Record<string, Variant>;

export type VariantName = keyof typeof variants;
