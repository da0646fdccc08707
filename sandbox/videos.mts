import { randomBytes } from 'node:crypto';
import { serviceTime } from './settings.mts';
import type { FailureReason, SandboxSettings, Video } from './types.mts';

/** A stored video. Its links are created per response, because they expire. */
export type VideoRecord = Omit<Video, 'video_url' | 'thumbnail_url'>;
export type NewVideo = Pick<Video, 'avatar_id' | 'script' | 'prompt' | 'language' | 'duration'>;

const defaultReason: FailureReason = {
  code: 'render_failed',
  message: 'The video could not be rendered',
};

const newId = () => `video_${randomBytes(6).toString('hex')}`;
const isFinal = ({ status }: VideoRecord) => status === 'completed' || status === 'failed';

/** The account's video jobs, in memory. They progress on timers or on command. */
export class Videos {
  readonly #byId = new Map<string, VideoRecord>();
  readonly #settings: SandboxSettings;
  readonly #onFinished: (video: VideoRecord) => void;

  /** @param onFinished called once for each video that completes or fails */
  constructor(settings: SandboxSettings, onFinished: (video: VideoRecord) => void) {
    this.#settings = settings;
    this.#onFinished = onFinished;
  }

  /** Oldest first. */
  get all(): VideoRecord[] {
    return [...this.#byId.values()];
  }

  get(id: string): VideoRecord | undefined {
    return this.#byId.get(id);
  }

  /**
   * Accepts a submission and starts its timers, unless `hold` is set.
   * @param failure why it fails in the end; completes if omitted
   */
  submit(fields: NewVideo, failure?: FailureReason): VideoRecord {
    const video = this.#keep({
      status: 'queued',
      ...fields,
      created_at: serviceTime(this.#settings),
    });
    if (!this.#settings.hold) {
      const { queuedMs, processingMs } = this.#settings;
      setTimeout(() => this.#process(video), queuedMs);
      setTimeout(() => this.#end(video, failure), queuedMs + processingMs);
    }
    return video;
  }

  /** Adds videos without a submission, one second apart, the last one now. They send no events. */
  seed(count: number, fields: Partial<Video>): VideoRecord[] {
    const now = serviceTime(this.#settings).getTime();
    return Array.from({ length: count }, (_, index) =>
      this.#keep({
        status: 'completed',
        avatar_id: 'avatar_maria01',
        script: `Seeded video ${index + 1}`,
        language: 'en-US',
        duration: 30,
        created_at: new Date(now - (count - 1 - index) * 1_000),
        completed_at: new Date(now).toISOString(),
        ...fields,
      }),
    );
  }

  /** Completes these videos, or all. Ones that have ended already don't change. */
  finish(ids?: string[]): void {
    this.#chosen(ids).forEach((video) => this.#end(video));
  }

  /** Fails these videos. Ones that have ended already don't change. */
  fail(ids: string[], reason = defaultReason): void {
    this.#chosen(ids).forEach((video) => this.#end(video, reason));
  }

  #chosen(ids?: string[]): VideoRecord[] {
    return ids ? ids.flatMap((id) => this.#byId.get(id) ?? []) : this.all;
  }

  #keep(fields: Omit<Partial<Video>, 'created_at'> & { created_at: Date | string }): VideoRecord {
    const video = {
      id: newId(),
      ...fields,
      error: fields.error ?? null,
      created_at: new Date(fields.created_at).toISOString(),
      completed_at: fields.completed_at ?? null,
    } as VideoRecord;
    this.#byId.set(video.id, video);
    return video;
  }

  #process(video: VideoRecord): void {
    if (!isFinal(video)) video.status = 'processing';
  }

  #end(video: VideoRecord, reason?: FailureReason): void {
    if (isFinal(video)) return;
    video.status = reason ? 'failed' : 'completed';
    video.error = reason ?? null;
    video.completed_at = serviceTime(this.#settings).toISOString();
    this.#onFinished(video);
  }
}
