/**
 * Types that the sandbox's server and client share. Those of the API itself (Avatar, Video) follow
 * openapi.yaml, which marks each field as documented or assumed.
 */

export type VideoStatus = 'queued' | 'processing' | 'completed' | 'failed';
export type EventType = 'video.completed' | 'video.failed';

export interface FailureReason {
  code: string;
  message: string;
}

export interface Avatar {
  id: string;
  name: string;
  preview_url: string;
  created_at: string;
}

/** A video job as the API returns it. One from POST /content/generate has `prompt` instead of `script`. */
export interface Video {
  id: string;
  status: VideoStatus;
  avatar_id: string;
  script?: string;
  prompt?: string;
  language: string;
  duration: number;
  video_url: string | null;
  thumbnail_url: string | null;
  error: FailureReason | null;
  created_at: string;
  completed_at: string | null;
}

export interface Hook {
  id: string;
  url: string;
  events: EventType[];
  /** Missing if the setting `webhookSecrets` is off. */
  secret?: string;
  created_at: string;
}

/** Settings, which can change while the sandbox runs. Times in milliseconds. */
export interface SandboxSettings {
  /** How long a video is `queued`. Default: 300. */
  queuedMs: number;
  /** How long it is `processing` after that. Default: 1,500. */
  processingMs: number;
  /** New videos stay `queued` until `finish` or `fail` is called. Default: off. */
  hold: boolean;
  /** Largest `limit` of a list. A larger one is refused, as the contract says. Default: 100. */
  pageSizeMax: number;
  /** Which end of a list comes first. Default: `newest`. */
  listsBegin: 'newest' | 'oldest';
  /** How long lists omit a new submission. It can be read by its ID right away. Default: 0. */
  listLagMs: number;
  /** Fields that `GET /videos` omits, even those that openapi.yaml requires. Default: none. */
  listOmits: (keyof Video)[];
  /** Whether an empty list of videos is `{"data": null}`. Default: off. */
  nullLists: boolean;
  /** Whether the list of videos has `has_more`. Default: on. */
  hasMore: boolean;
  /** Whether a completed video reports its real length, slightly off the ordered one. Default: off. */
  realLengths: boolean;
  /** The field that a single video is wrapped in, e.g. `data`. Default: none. */
  nestedIn: string;
  /** Different words for a job's status. Default: as in openapi.yaml. */
  statusWords: Partial<Record<VideoStatus, string>>;
  /** The field with the link of a completed video. Default: `video_url`. */
  linkField: string;
  /** The body of a refusal: `{"error": {"code", "message"}}` (default), `{"detail"}`, plain text, a web page. */
  errorBodies: 'contract' | 'detail' | 'text' | 'html';
  /** How far the service's clock is ahead (below 0: behind), in timestamps and the `Date` header. Default: 0. */
  clockAheadMs: number;
  /** Credits left. Each accepted video uses one. `null`, the default: no limit. */
  credits: number | null;
  /** How an order is refused once the credits are used up. Default: 402, with a code and message. */
  creditsRefusal: { status: 402 | 403 | 429; code: string; message: string };
  /** Avatars of other accounts: an order with one is refused with 403. Default: `avatar_other01`. */
  foreignAvatars: string[];
  /** Size of a video's file, in bytes. `null`, the default: the unchanged sample MP4. */
  fileBytes: number | null;
  /**
   * Where `video_url` points: to the API's host, to the file host, or to the API's host, which redirects to
   * the file host. Default: `cdn`.
   */
  filesOn: 'api' | 'cdn' | 'redirect';
  /** How long a download link is valid. Default: one hour. */
  linkTtlMs: number;
  /** The status of an expired download link. Default: 403. */
  expiredLinkStatus: number;
  /** Whether registering a webhook returns a signing secret. Default: on. */
  webhookSecrets: boolean;
  /** Whether a repeated Idempotency-Key returns the first job. Default: off. */
  honorIdempotencyKeys: boolean;
  /** How often each event is delivered. Default: 1. */
  deliveriesPerEvent: number;
  /** Maximum random delay of a delivery, so that events overtake each other. Default: 0. */
  deliveryJitterMs: number;
  /** Delays before the retries of a delivery without a 2xx response. Default: 200, 600, 1,800. */
  deliveryRetriesMs: number[];
}

/**
 * Which requests a fault strikes. A kind is a method and path as in openapi.yaml (`POST /videos`,
 * `GET /videos/{id}`, …), `GET file` for downloads, or `*` for every request to the API.
 */
export interface FaultMatch {
  on: string;
  /** How many requests it strikes. Default: 1. */
  times?: number | 'always';
  /** How many matching requests pass before the first strike. Default: 0. */
  skip?: number;
  /** Strike every nth matching request. Default: 1. */
  every?: number;
  /** Strike with this probability (0 to 1), from a generator seeded with `seed`. Default: 1. */
  probability?: number;
  seed?: number;
  /** Only requests whose path or body contains this text. */
  containing?: string;
}

/**
 * What the fault does. With `when: 'after'`, the request is carried out first: a submission is accepted and
 * paid for. Default: `before`.
 */
export type FaultEffect =
  /** An error in the API's format. `retryAfter`: seconds, or text that is sent as it is. */
  | {
      type: 'refuse';
      status: number;
      retryAfter?: number | string;
      code?: string;
      message?: string;
      when?: 'before' | 'after';
    }
  /** Any literal response: an HTML page, plain text, malformed JSON, a redirect. Default type: JSON. */
  | {
      type: 'answer';
      status: number;
      body: string;
      contentType?: string;
      headers?: Record<string, string>;
      when?: 'before' | 'after';
    }
  /** The connection is reset without a response. */
  | { type: 'reset'; when?: 'before' | 'after' }
  /** Never responds. The connection stays open. */
  | { type: 'silence'; when?: 'before' | 'after' }
  /** The response is delayed. */
  | { type: 'delay'; ms: number; when?: 'before' | 'after' }
  /** The connection breaks halfway through the body. Content-Length is that of the whole. */
  | { type: 'truncate' }
  /** A complete HTTP response whose JSON stops in the middle. */
  | { type: 'cutJson' }
  /** The response trickles in, spread over `ms`. */
  | { type: 'slow'; ms: number }
  /** Overwrites fields of the returned object, or of each object in a list. `null` removes a field. */
  | { type: 'rewrite'; fields: Record<string, unknown> }
  /** A list returns its first page for every `starting_after`, with `has_more: true`. */
  | { type: 'ignoreCursor' }
  /** Lists omit these videos. */
  | { type: 'hideVideos'; ids: string[] }
  /** The submitted video fails in the end, for this reason. */
  | ({ type: 'failVideo' } & FailureReason);

export type Fault = FaultMatch & FaultEffect;

/** An accepted POST that created an avatar, generated content or a video. */
export interface AcceptedSubmission {
  kind: string;
  id: string;
  body: Record<string, unknown>;
  idempotencyKey: string | null;
}

export interface SandboxStats {
  /** Requests by kind, refused ones included. */
  requests: Record<string, number>;
  /** Responses with status 400 and above, by kind. */
  refused: Record<string, number>;
  accepted: AcceptedSubmission[];
  acceptedCount: number;
  /** The accepted videos: their number and total seconds. */
  ordered: { videos: number; seconds: number };
  /**
   * The most requests in flight at once: `all` (to the API, without downloads), by method (`POST`) and by
   * kind (`POST /videos`, `GET file`).
   */
  maxInFlight: Record<string, number>;
  /** Webhooks registered now. */
  hooksRegistered: number;
  /** Deliveries of events started since the last reset. */
  deliveries: number;
  /** How often a fault of each type struck. */
  faulted: Record<string, number>;
  /** Requests, and responses of the sandbox, that violate openapi.yaml. */
  contractViolations: string[];
  /** Body fields that openapi.yaml does not know. Allowed, because the node has Additional Fields. */
  unknownFields: string[];
  /** URLs of files and pictures that were requested with an Authorization header. */
  keyLeaks: string[];
}

/** One HTTP request of a delivery. */
export interface DeliveryAttempt {
  /** HTTP status, or `null` without a response. */
  status: number | null;
  body: string;
}

export interface Delivery {
  eventId: string;
  type: string;
  videoId: string;
  hookId: string;
  url: string;
  attempts: DeliveryAttempt[];
  /** `pending` while retries are left; `delivered` after a 2xx. */
  state: 'pending' | 'delivered' | 'given up';
}

/** An event that a test sends: repeated, forged, unsigned, malformed. It is not retried. */
export interface ManualEvent {
  /** The webhook to send to. Default: all. */
  hookId?: string;
  /** Send to this address instead of the webhook's own. */
  url?: string;
  /** The event's video. Needed unless `body` is given. */
  videoId?: string;
  /** Default: by the video's status. */
  type?: string;
  /** Default: a new one. */
  eventId?: string;
  /** A raw body to send instead of an event. */
  body?: string;
  /** `valid` (default): with the webhook's secret, if it has one; `wrong`: with another secret. */
  signature?: 'valid' | 'wrong' | 'none';
  /** Unix seconds for the signature. Default: now. */
  timestamp?: number;
  headers?: Record<string, string>;
  /** Send it this many times at once. Default: 1. */
  times?: number;
}
