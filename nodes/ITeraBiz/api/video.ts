import type { IDataObject } from 'n8n-workflow';

import { errorTextOf } from './errorText';
import { isObject, readSwitch } from './json';

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

/**
 * The ID of a job or an avatar as text, or `undefined` where there is none. A number counts as an ID
 * too, but not one that JavaScript has rounded (19 digits): by that, another job would be meant. See
 * {@link parseJson}.
 */
export function videoIdOf(video: unknown): string | undefined {
  if (!isObject(video)) return undefined;
  if (typeof video.id === 'number') {
    return Number.isSafeInteger(video.id) ? String(video.id) : undefined;
  }
  return typeof video.id === 'string' && video.id ? video.id : undefined;
}

/** Where an answer may have its object, besides the top level (assumption: at the top level). */
const PLACES = ['data', 'job', 'video', 'result', 'content', 'response', 'output', 'item'];

/**
 * The created or requested object in an answer's body: whatever has an ID, at the top level or inside
 * `data`, `job` and the like; an envelope may have an ID of its own. What has no ID is no accepted
 * job, nor is what says no.
 */
export function jobIn(body: unknown): IDataObject | undefined {
  if (isObject(body) && isDenied(body)) return undefined;
  const named = objectsIn(body).filter((one) => videoIdOf(one) !== undefined);
  const isMade = (one: IDataObject) =>
    ['avatar_id', 'created_at', 'name'].some((key) => key in one);
  return named.find(isMade) ?? named.find(({ status }) => status !== undefined) ?? named[0];
}

/**
 * The video that was asked for by its ID, in whatever place of the body; nothing where another one came,
 * or something that only looks like a video.
 */
export function videoIn(body: unknown, id: string): Video | undefined {
  return objectsIn(body).find((one) => videoIdOf(one) === id);
}

/**
 * Whether a body says that nothing was done, whatever the status that it came with, as in
 * `{"success":false,"error":"…"}` or `{"code":40119,"message":"…"}`. One that has an ID all the same
 * says no such thing for certain.
 */
export function saysNo(body: unknown): boolean {
  if (!isObject(body) || objectsIn(body).some(({ id }) => (id ?? '') !== '')) return false;
  if (isDenied(body) || FAILED.concat('fail', 'failure').includes(statusOf(body).toLowerCase())) {
    return true;
  }
  const { data, error, errors, code, statusCode } = body;
  if (Array.isArray(data) && data.length > 0) return false;
  if (error === true || errorTextOf({ error, errors }) !== undefined) return true;
  return Number(code ?? statusCode) >= 400 && errorTextOf(body) !== undefined;
}

function isDenied({ success, ok }: IDataObject): boolean {
  return [success, ok].some((one) => readSwitch(one) === false);
}

function objectsIn(body: unknown, levels = 3): IDataObject[] {
  if (!isObject(body) || levels === 0) return [];
  return [body, ...PLACES.flatMap((place) => objectsIn(body[place], levels - 1))];
}

/** Where {@link downloadUrlOf} looks, in this order. For the message when nothing is there. */
export const DOWNLOAD_URL_FIELDS = [
  'video_url',
  'download_url',
  'url',
  'result.url',
  'output.url',
] as const;

/**
 * The address of the finished file, or `undefined` where the job names none: a completed one may have
 * it a little later (an assumption: see {@link DOWNLOAD_URL_FIELDS}).
 */
export function downloadUrlOf(video: Video): string | undefined {
  for (const field of DOWNLOAD_URL_FIELDS) {
    const [outer, inner] = field.split('.');
    const parent = video[outer];
    const value = inner && isObject(parent) ? parent[inner] : inner ? undefined : parent;
    if (typeof value === 'string' && value.trim()) return value.trim();
  }
  return undefined;
}

/** Why a job failed, in the API's words, or `undefined` where it does not say. */
export function failureReasonOf({ error, failure }: Video): string | undefined {
  return errorTextOf(error) ?? errorTextOf(failure);
}

/** When a video was made, in milliseconds since 1970; `NaN` where it does not say (assumption: `created_at`). */
export function createdAt({ created_at }: Video): number {
  return timeOf(created_at);
}

/** A time of this century in milliseconds is no smaller, and in seconds no larger (the year 5138). */
const FIRST_MILLISECONDS = 100_000_000_000;
const FIRST_SECONDS = 1_000_000_000;

/** The form that every sender of a `Date` header has to use (RFC 9110). */
export const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * A time as an API writes it, in milliseconds since 1970; `NaN` where it is none.
 *
 * Assumption: as `2026-01-31T10:30:00Z`. Without a zone it is UTC, and a number counts seconds or
 * milliseconds since 1970.
 */
export function timeOf(value: unknown): number {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    if (number < FIRST_SECONDS || number >= FIRST_MILLISECONDS * 1_000) return NaN;
    return Math.round(number < FIRST_MILLISECONDS ? number * 1_000 : number);
  }
  const [, day, time = '00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      text,
    ) ?? [];
  if (!day) return HTTP_DATE.test(text) ? Date.parse(text) : NaN;
  const [, sign = '+', hours = '00', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return Date.parse(`${day}T${time.replace(',', '.')}${sign}${hours}:${minutes}`);
}

/** What people look for first in a video. */
const FIRST_FIELDS = ['id', 'status', 'video_url'];

/**
 * The same video as it is given out, with what people look for first at its beginning.
 *
 * n8n behavior: before 2.36 it takes a first item with the key `error`, even `null`, for a failure, and
 * with Retry On Fail runs the node again. So why a video failed is in `failure`, and no reason is no key.
 */
export function inReadingOrder({ error, ...video }: Video): Video {
  const isSaid = isObject(error) ? Object.keys(error).length > 0 : Boolean(error);
  const all = isSaid ? { ...video, failure: error } : video;
  const first = FIRST_FIELDS.filter((field) => field in all);
  return { ...Object.fromEntries(first.map((field) => [field, all[field]])), ...all };
}
