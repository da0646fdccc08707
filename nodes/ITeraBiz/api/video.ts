import type { IDataObject } from 'n8n-workflow';

import { isObject } from './json';

/**
 * A video job as iTeraBiz returns it. Only that there is such a job is documented; the shape
 * (`id`, `status`, `avatar_id`, `script` or `prompt`, `language`, `duration`, `video_url`,
 * `thumbnail_url`, `error`, `created_at`, `completed_at`) is an assumption, so every field is
 * read through the functions of this file.
 */
export type Video = IDataObject;

/** What a job's status means to us, whatever word the API uses for it. */
export type Outcome = 'completed' | 'failed' | 'running';

const COMPLETED = ['completed', 'complete', 'succeeded', 'success', 'done', 'ready'];
const FAILED = ['failed', 'error', 'errored', 'canceled', 'cancelled', 'expired', 'rejected'];

/**
 * Whether a job is finished, failed or still running.
 *
 * Assumption: the API says `queued`, `processing`, `completed` or `failed`. Usual synonyms count
 * too, in any case, and an unknown word counts as still running, so that it ends at the deadline
 * and not in a wrong result.
 */
export function outcomeOf(video: Video): Outcome {
  const status = statusOf(video).toLowerCase();
  if (COMPLETED.includes(status)) return 'completed';
  return FAILED.includes(status) ? 'failed' : 'running';
}

/** The status in the API's own word, `unknown` where the job has none. */
export function statusOf(video: Video): string {
  return typeof video.status === 'string' && video.status.trim() ? video.status.trim() : 'unknown';
}

/** The job's ID, or `undefined` where the answer has none. A number counts as an ID too. */
export function videoIdOf(video: unknown): string | undefined {
  if (!isObject(video)) return undefined;
  if (typeof video.id === 'number') return String(video.id);
  return typeof video.id === 'string' && video.id ? video.id : undefined;
}

/**
 * Whether an answer is the video that was asked for by its ID: an object, with that ID. Whatever an API
 * or a proxy before it answers instead is not, however much it looks like a video.
 */
export function isVideoOf(id: string, body: unknown): body is Video {
  return videoIdOf(body) === id;
}

/** Where {@link downloadUrlOf} looks, in this order. For the message when nothing is there. */
export const DOWNLOAD_URL_FIELDS = [
  'video_url',
  'download_url',
  'url',
  'result.url',
  'output.url',
] as const;

/** The address of the finished file, or `undefined` where the job names none (an assumption: see {@link DOWNLOAD_URL_FIELDS}). */
export function downloadUrlOf(video: Video): string | undefined {
  for (const field of DOWNLOAD_URL_FIELDS) {
    const [outer, inner] = field.split('.');
    const parent = video[outer];
    const value = inner && isObject(parent) ? parent[inner] : inner ? undefined : parent;
    if (typeof value === 'string' && value) return value;
  }
  return undefined;
}

/** Why a job failed, in the API's words, or `undefined` where it does not say. */
export function failureReasonOf(video: Video): string | undefined {
  const { error } = video;
  const reason = isObject(error) ? (error.message ?? error.code) : error;
  return typeof reason === 'string' && reason.trim() ? reason.trim() : undefined;
}

/** When a video was made, in milliseconds since 1970; `NaN` where it does not say (assumption: `created_at`). */
export function createdAt({ created_at }: Video): number {
  return typeof created_at === 'string' ? Date.parse(created_at) : NaN;
}

/** What people look for first in a video. */
const FIRST_FIELDS = ['id', 'status', 'video_url'];

/** The same video, with what people look for first at its beginning. */
export function inReadingOrder(video: Video): Video {
  const first = FIRST_FIELDS.filter((field) => field in video);
  return { ...Object.fromEntries(first.map((field) => [field, video[field]])), ...video };
}
