/**
 * The words that the sandbox's server and its client share. Shapes of the API itself (Avatar, Video)
 * follow openapi.yaml, where each field says whether it is documented or assumed.
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

/** A video job as the API answers it. One made by POST /content/generate has `prompt` for `script`. */
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
  /** Missing when the setting `webhookSecrets` is off. */
  secret?: string;
  created_at: string;
}

/** What can be set at the start and changed while the sandbox runs. Times in milliseconds. */
export interface SandboxSettings {
  /** How long a video is `queued`. Default 300. */
  queuedMs: number;
  /** How long it is `processing` after that. Default 1,500. */
  processingMs: number;
  /** On: new videos stay `queued` until `finish` or `fail` is ordered. Default off. */
  hold: boolean;
  /** Largest `limit` of a list. A larger one is refused, as the contract says. Default 100. */
  pageSizeMax: number;
  /** Which end of a list comes first. Default `newest`. */
  listsBegin: 'newest' | 'oldest';
  /** How long a list leaves out what was submitted; it can be read by its ID at once. Default 0. */
  listLagMs: number;
  /** Fields that `GET /videos` leaves out, though openapi.yaml demands some of them. Default none. */
  listOmits: (keyof Video)[];
  /** Whether an empty list of videos is `{"data": null}`. Default off. */
  nullLists: boolean;
  /** Whether the list of videos says if there is more. Default on. */
  hasMore: boolean;
  /** Whether a finished video states its real length, which is not quite the ordered one. Default off. */
  realLengths: boolean;
  /** The object in which a single video is answered, as `data`. Default: none. */
  nestedIn: string;
  /** The words for a job's status, where they are others. Default: as openapi.yaml has them. */
  statusWords: Partial<Record<VideoStatus, string>>;
  /** The field in which a finished video has its link. Default `video_url`. */
  linkField: string;
  /** How a refusal is told: `{"error": {"code", "message"}}` (default), `{"detail"}`, text, a page. */
  errorBodies: 'contract' | 'detail' | 'text' | 'html';
  /** How far the service's clock is ahead (or, below 0, behind): its times and its `Date`. Default 0. */
  clockAheadMs: number;
  /** Videos that can still be ordered; each accepted one takes one. `null`, the default: no limit. */
  credits: number | null;
  /** How an order is refused when the credits are used up. Default: 402, with words. */
  creditsRefusal: { status: 402 | 403 | 429; code: string; message: string };
  /** Avatars of other accounts: an order with one is refused with 403. Default `avatar_other01`. */
  foreignAvatars: string[];
  /** Bytes of a video's file. `null`, the default, is the sample MP4 as it is. */
  fileBytes: number | null;
  /**
   * Where `video_url` points: the API's own host, the second one, or the API's own, which sends on to
   * the second. Default `cdn`.
   */
  filesOn: 'api' | 'cdn' | 'redirect';
  /** How long a download link lives. Default one hour. */
  linkTtlMs: number;
  /** What an expired download link answers. Default 403. */
  expiredLinkStatus: number;
  /** Whether registering a webhook returns a signing secret. Default on. */
  webhookSecrets: boolean;
  /** Whether a repeated Idempotency-Key is answered with the first job. Default off. */
  honourIdempotencyKeys: boolean;
  /** How often each event is delivered. Default 1. */
  deliveriesPerEvent: number;
  /** Each delivery waits a random time up to this, so that events overtake each other. Default 0. */
  deliveryJitterMs: number;
  /** Pauses before a delivery that was not answered with 2xx is tried again. Default 200, 600, 1800. */
  deliveryRetriesMs: number[];
}

/**
 * Which requests a fault is for. Kinds are method and path as in openapi.yaml (`POST /videos`,
 * `GET /videos/{id}`, …), `GET file` for downloads, `*` for every request to the API.
 */
export interface FaultMatch {
  on: string;
  /** How many requests it hits. Default 1. */
  times?: number | 'always';
  /** How many matching requests pass before the first hit. Default 0. */
  skip?: number;
  /** Hit each nth of the requests that match. Default 1. */
  every?: number;
  /** Hit with this probability (0 to 1), by a generator seeded with `seed`. Default 1. */
  probability?: number;
  seed?: number;
  /** Only requests whose path or body contains this text. */
  containing?: string;
}

/**
 * What happens. With `when: 'after'` the request has been carried out (a submission is accepted and
 * paid for) before the client gets to feel the fault; default `before`.
 */
export type FaultEffect =
  /** A refusal in the API's own error shape. `retryAfter`: seconds, or a text sent as it is. */
  | {
      type: 'refuse';
      status: number;
      retryAfter?: number | string;
      code?: string;
      message?: string;
      when?: 'before' | 'after';
    }
  /** Any answer, literally: HTML pages, plain text, malformed JSON, redirects. Default type: JSON. */
  | {
      type: 'answer';
      status: number;
      body: string;
      contentType?: string;
      headers?: Record<string, string>;
      when?: 'before' | 'after';
    }
  /** The connection is reset without an answer. */
  | { type: 'reset'; when?: 'before' | 'after' }
  /** No answer, ever. The connection stays open. */
  | { type: 'silence'; when?: 'before' | 'after' }
  /** The answer comes late. */
  | { type: 'delay'; ms: number; when?: 'before' | 'after' }
  /** Content-Length names the whole answer, half of it comes, then the connection breaks. */
  | { type: 'truncate' }
  /** A complete HTTP answer whose JSON stops in the middle. */
  | { type: 'cutJson' }
  /** The answer trickles in, spread over `ms`. */
  | { type: 'slow'; ms: number }
  /** These fields replace those of the answered object, or of each object of a list; `null` removes. */
  | { type: 'rewrite'; fields: Record<string, unknown> }
  /** A list answers its first page whatever `starting_after` says, with `has_more` on. */
  | { type: 'ignoreCursor' }
  /** A list leaves these videos out. */
  | { type: 'hideVideos'; ids: string[] }
  /** The video that is submitted fails in the end, for this reason. */
  | ({ type: 'failVideo' } & FailureReason);

export type Fault = FaultMatch & FaultEffect;

/** A POST that made something: an avatar, generated content or a video. */
export interface AcceptedSubmission {
  kind: string;
  id: string;
  body: Record<string, unknown>;
  idempotencyKey: string | null;
}

export interface SandboxStats {
  /** Requests by kind, refused ones included. */
  requests: Record<string, number>;
  /** Answers with status 400 and above, by kind. */
  refused: Record<string, number>;
  accepted: AcceptedSubmission[];
  acceptedCount: number;
  /** What the accepted videos cost: how many they are, and their seconds in all. */
  ordered: { videos: number; seconds: number };
  /**
   * The most requests that were in flight at once: `all` (those to the API, downloads left out), by
   * method (`POST`) and by kind (`POST /videos`, `GET file`).
   */
  maxInFlight: Record<string, number>;
  /** Webhooks registered at the moment. */
  hooksRegistered: number;
  /** Deliveries of events started since the start or the last reset. */
  deliveries: number;
  /** How often a fault of each type struck. */
  faulted: Record<string, number>;
  /** Requests that openapi.yaml forbids, and answers of the sandbox's own that it forbids. */
  contractViolations: string[];
  /** Body fields that openapi.yaml does not know. Allowed, since the node has Additional Fields. */
  unknownFields: string[];
  /** Downloads and pictures that were asked for with an Authorization header: their addresses. */
  keyLeaks: string[];
}

/** One HTTP request of a delivery. */
export interface DeliveryAttempt {
  /** HTTP status, or `null` when the receiver gave no answer. */
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
  /** `pending` while tries are left; `delivered` after a 2xx. */
  state: 'pending' | 'delivered' | 'given up';
}

/** An event sent by hand: repeated, forged, unsigned, malformed. Nothing is retried. */
export interface ManualEvent {
  /** The webhook to send to. Default: all that are registered. */
  hookId?: string;
  /** Send to this address instead of the webhook's own. */
  url?: string;
  /** The event's video. Needed unless `body` is given. */
  videoId?: string;
  /** Default: what the video's status says. */
  type?: string;
  /** Default: a new one. */
  eventId?: string;
  /** The raw body, in place of an event. */
  body?: string;
  /** `valid` (default; with the webhook's secret, if it has one), `wrong` (another secret), `none`. */
  signature?: 'valid' | 'wrong' | 'none';
  /** Unix seconds that go into the signature. Default: now. */
  timestamp?: number;
  headers?: Record<string, string>;
  /** Send it this many times, at once. Default 1. */
  times?: number;
}
