import type { SandboxSettings } from './types.mts';

export const defaultSettings: Readonly<SandboxSettings> = {
  queuedMs: 300,
  processingMs: 1_500,
  hold: false,
  pageSizeMax: 100,
  fileBytes: null,
  filesOn: 'cdn',
  linkTtlMs: 3_600_000,
  expiredLinkStatus: 403,
  webhookSecrets: true,
  honourIdempotencyKeys: false,
  deliveriesPerEvent: 1,
  deliveryJitterMs: 0,
  deliveryRetriesMs: [200, 600, 1_800],
};
