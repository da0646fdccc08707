import type { SandboxSettings } from './types.mts';

/** The time on the service's clock. */
export const serviceTime = ({ clockAheadMs }: SandboxSettings): Date =>
  new Date(Date.now() + clockAheadMs);

export const defaultSettings: Readonly<SandboxSettings> = {
  queuedMs: 300,
  processingMs: 1_500,
  hold: false,
  pageSizeMax: 100,
  listsBegin: 'newest',
  listLagMs: 0,
  listOmits: [],
  nullLists: false,
  hasMore: true,
  realLengths: false,
  nestedIn: '',
  statusWords: {},
  linkField: 'video_url',
  errorBodies: 'contract',
  clockAheadMs: 0,
  credits: null,
  creditsRefusal: {
    status: 402,
    code: 'insufficient_credits',
    message: 'There are no credits left',
  },
  foreignAvatars: ['avatar_other01'],
  fileBytes: null,
  filesOn: 'cdn',
  linkTtlMs: 3_600_000,
  expiredLinkStatus: 403,
  webhookSecrets: true,
  honorIdempotencyKeys: false,
  deliveriesPerEvent: 1,
  deliveryJitterMs: 0,
  deliveryRetriesMs: [200, 600, 1_800],
};
