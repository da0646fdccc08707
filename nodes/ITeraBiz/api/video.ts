import type { IDataObject } from 'n8n-workflow';

import { errorTextOf } from './errorText';
import { isObject, readSwitch } from './json';

/**
 * A video job, to be read through the functions of this file. Assumption: it has `id`, `status`,
 * `avatar_id`, `script` or `prompt`, `language`, `duration`, `video_url`, `thumbnail_url`, `error`,
 * `created_at` and `completed_at`.
 */
export type Video = IDataObject;

const COMPLETED = ['completed', 'complete', 'succeeded', 'success', 'done', 'ready'];
const FAILED = ['failed', 'error', 'errored', 'canceled', 'cancelled', 'expired', 'rejected'];

/**
 * How far a job is. Assumption: the API says `queued`, `processing`, `completed` or `failed`. An unknown
 * word counts as still running, so that it ends at the deadline and not in a wrong result.
 */
export function outcomeOf(video: Video): 'completed' | 'failed' | 'running' {
  const status = statusOf(video).toLowerCase();
  if (COMPLETED.includes(status)) return 'completed';
  return FAILED.includes(status) ? 'failed' : 'running';
}

/** The status in the API's own word, `unknown` where the job has none. */
export function statusOf({ status }: Video): string {
  return (typeof status === 'string' && status.trim()) || 'unknown';
}

/**
 * The ID of a job or an avatar as text. A number counts, too, but not one that JavaScript has rounded (19
 * digits): by that, another job would be meant.
 */
export function videoIdOf(video: unknown): string | undefined {
  if (!isObject(video)) return undefined;
  const id = Number.isSafeInteger(video.id) ? String(video.id) : video.id;
  return typeof id === 'string' && id ? id : undefined;
}

/** Where an answer may have its object, besides the top level (assumption: at the top level). */
const PLACES = ['data', 'job', 'video', 'result', 'content', 'response', 'output', 'item'];

function objectsIn(body: unknown, levels = 3): IDataObject[] {
  if (!isObject(body) || levels === 0) return [];
  return [body, ...PLACES.flatMap((place) => objectsIn(body[place], levels - 1))];
}

/**
 * The created object in an answer's body; an envelope may have an ID of its own. What has no ID is no
 * accepted job, nor is what says no.
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
 * Whether a body says that nothing was done, whatever the status that it came with. One that has an ID all
 * the same says no such thing for certain.
 */
export function saysNo(body: unknown): boolean {
  if (!isObject(body) || objectsIn(body).some(({ id }) => (id ?? '') !== '')) return false;
  const { data, error, errors, code, statusCode } = body;
  const isFailed = [...FAILED, 'fail', 'failure'].includes(statusOf(body).toLowerCase());
  if (isFailed || isDenied(body)) return true;
  if (Array.isArray(data) && data.length > 0) return false;
  if (error === true || errorTextOf({ error, errors }) !== undefined) return true;
  return Number(code ?? statusCode) >= 400 && errorTextOf(body) !== undefined;
}

function isDenied({ success, ok }: IDataObject): boolean {
  return [success, ok].some((one) => readSwitch(one) === false);
}

/** Where {@link downloadUrlOf} looks, in this order. */
export const DOWNLOAD_URL_FIELDS = ['video_url', 'download_url', 'url', 'result.url', 'output.url'];

/** The address of the finished file. Assumption: a completed job may have it a little later. */
export function downloadUrlOf(video: Video): string | undefined {
  const inside = (value: unknown, key: string) => (isObject(value) ? value[key] : undefined);
  const urls = DOWNLOAD_URL_FIELDS.map((field) => field.split('.').reduce<unknown>(inside, video));
  return urls.map((url) => (typeof url === 'string' ? url.trim() : '')).find(Boolean);
}

/** Whether a video is finished, but its link is not there: a list may leave it out, or it comes later. */
export function lacksLink(video: Video): boolean {
  return outcomeOf(video) === 'completed' && downloadUrlOf(video) === undefined;
}

/** Whether a video failed, or is finished and has its link. */
export function hasEnded(video: Video): boolean {
  return outcomeOf(video) !== 'running' && !lacksLink(video);
}

/** Why a job failed, in the API's words. */
export function failureReasonOf({ error, failure }: Video): string | undefined {
  return errorTextOf(error) ?? errorTextOf(failure);
}

/** In milliseconds since 1970; `NaN` where it does not say (assumption: `created_at`). */
export function createdAt({ created_at }: Video): number {
  return timeOf(created_at);
}

/** A time of this century in milliseconds is no smaller, and in seconds no larger (the year 5138). */
const FIRST_MILLISECONDS = 100_000_000_000;
const FIRST_SECONDS = 1_000_000_000;

/** As every sender of a `Date` header has to write it (RFC 9110). */
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

const ISO_DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(?:Z|UTC|GMT|([+-]\d\d):?(\d\d)?)?)?$/i;

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
  if (HTTP_DATE.test(text)) return Date.parse(text);
  const [, day, time = '00:00', hours = '+00', minutes = '00'] = ISO_DATE.exec(text) ?? [];
  return Date.parse(`${day}T${time.replace(',', '.')}${hours}:${minutes}`);
}

/** What people look for first in a video. */
const FIRST_FIELDS = ['id', 'status', 'video_url'];

/**
 * A video as it is given out, with what people look for first at its beginning.
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
