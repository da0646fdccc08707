import type { IDataObject } from 'n8n-workflow';

import { errorTextOf } from './errorText';
import { isObject, readSwitch } from './json';

/**
 * A video job; read it through the functions of this file. Assumption: it has `id`, `status`,
 * `avatar_id`, `script` or `prompt`, `language`, `duration`, `video_url`, `thumbnail_url`, `error`,
 * `created_at` and `completed_at`.
 */
export type Video = IDataObject;

const COMPLETED = ['completed', 'complete', 'succeeded', 'success', 'done', 'ready'];
const FAILED = ['failed', 'error', 'errored', 'canceled', 'cancelled', 'expired', 'rejected'];

/**
 * How far a job is. Assumption: the API says `queued`, `processing`, `completed` or `failed`. An unknown
 * word counts as running, so that the wait ends at its deadline and not with a wrong result.
 */
export function outcomeOf(video: Video): 'completed' | 'failed' | 'running' {
  const status = statusOf(video).toLowerCase();
  if (COMPLETED.includes(status)) return 'completed';
  return FAILED.includes(status) ? 'failed' : 'running';
}

/** The status in the API's own word; `unknown` if the job has none. */
export function statusOf({ status }: Video): string {
  return (typeof status === 'string' && status.trim()) || 'unknown';
}

/**
 * The ID of a job or an avatar, as text. A number counts too, unless JavaScript has rounded it (19 digits):
 * that would be another job's ID.
 */
export function idOf(video: unknown): string | undefined {
  if (!isObject(video)) return undefined;
  const id = Number.isSafeInteger(video.id) ? String(video.id) : video.id;
  return typeof id === 'string' && id ? id : undefined;
}

/** Where a response may have its object, besides the top level (assumption: at the top level). */
const WRAPPER_KEYS = ['data', 'job', 'video', 'result', 'content', 'response', 'output', 'item'];

function objectsIn(body: unknown, levels = 3): IDataObject[] {
  if (!isObject(body) || levels === 0) return [];
  return [body, ...WRAPPER_KEYS.flatMap((key) => objectsIn(body[key], levels - 1))];
}

/**
 * The created object in a response's body, whose envelope may have an ID of its own. Without an ID, or in a
 * body that says no, there is no accepted job. Nor is there one for certain if the ID is all there is, and may
 * be that of an error or of an envelope.
 */
export function jobIn(body: unknown): IDataObject | undefined {
  if (!isObject(body) || isDenied(body)) return undefined;
  const withId = objectsIn(body).filter((object) => idOf(object) !== undefined);
  const isLive = (object: IDataObject) =>
    !lacksStatus(object) && !ENVELOPE_STATUS.test(statusOf(object));
  // A queue's envelope may have a status like that of a job. An `output` is not the job, but its file.
  const inner = ['data', 'job', 'video'].flatMap((key) => objectsIn(body[key], 2));
  const signs: Array<(object: IDataObject) => boolean> = [
    (object) => 'avatar_id' in object,
    (object) => inner.includes(object) && isLive(object),
    isLive,
    (object) => 'created_at' in object || 'name' in object,
    (object) => object !== body && object.status !== undefined,
    () => !saysError(body) && (withId.length === 1 || body.status === undefined),
  ];
  return signs.map((sign) => withId.find(sign)).find((object) => object !== undefined);
}

/** What an envelope says of the request, not of a job. */
const ENVELOPE_STATUS = /^(ok|success\w*|accepted|created|\d+)$/i;

/** The video with this ID, anywhere in the body; not another, nor an object that only looks like one. */
export function videoIn(body: unknown, id: string): Video | undefined {
  return objectsIn(body).find((object) => idOf(object) === id);
}

/** Some APIs count success from 1000. */
const SUCCESS = /^(ok|success\w*|accepted|created|done|queued)\b/i;

/** What some APIs write as error if there is none. */
const NO_ERROR = /^(ok|success\w*|none|null|false|0|no errors?)\W*$/i;

/**
 * Whether a body says that nothing was done, regardless of the response's status. A body that names a job or
 * says yes all the same does not say so for certain.
 */
export function saysNo(body: unknown): boolean {
  if (!isObject(body) || objectsIn(body).some(namesJob)) return false;
  if (isDenied(body)) return true;
  if (objectsIn(body).some(saysYes)) return false;
  if (isFailure(body)) return true;
  if (Array.isArray(body.data) && body.data.length > 0) return false;
  return saysError(body);
}

/** The same, or an error code with words that are not those of a success. */
export function saysError(body: IDataObject): boolean {
  if (hasErrorField(body)) return true;
  const text = errorTextOf(body);
  return errorCodesIn(body).length > 0 && text !== undefined && !SUCCESS.test(text);
}

/** Whether a body has an error in its `error` or `errors` field, whatever else it says. */
export function hasErrorField({ error, errors }: IDataObject): boolean {
  const text = errorTextOf({ error, errors });
  return error === true || (text !== undefined && !NO_ERROR.test(text));
}

const JOB_KEY = /^((job|video|task|generation|render|content)_?)?id$/i;

function namesJob(object: IDataObject): boolean {
  return Object.entries(object).some(([key, value]) => JOB_KEY.test(key) && (value ?? '') !== '');
}

/** Any status but a failure and a number is one of a job that was taken. */
function saysYes(object: IDataObject): boolean {
  const isTaken = !isFailure(object) && !lacksStatus(object) && !/^\d+$/.test(statusOf(object));
  return isTaken || [object.success, object.ok].some((value) => readSwitch(value) === true);
}

/** Words for a request that was refused; a job that failed has others. */
const REFUSED =
  /^(fail(ure)?$|invalid|unauthori[sz]ed|forbidden|denied|bad.?request|not.?found|rate.?limit|too.?many|insufficient)/i;

function isFailure(object: IDataObject): boolean {
  const status = statusOf(object);
  return FAILED.includes(status.toLowerCase()) || REFUSED.test(status);
}

/** The numbers from 400 up that a body, or its `error`, gives as code or status. */
export function errorCodesIn(body: IDataObject): number[] {
  const error = isObject(body.error) ? body.error : {};
  const codes = [body, error].flatMap(({ code, statusCode, status }) => [code, statusCode, status]);
  return codes.map(Number).filter((code) => code >= 400);
}

function isDenied({ success, ok }: IDataObject): boolean {
  return [success, ok].some((value) => readSwitch(value) === false);
}

/** The fields that {@link downloadUrlOf} reads, in this order. */
export const DOWNLOAD_URL_FIELDS = ['video_url', 'download_url', 'url', 'result.url', 'output.url'];

/** The URL of the finished file. Assumption: a completed job may get it a little later. */
export function downloadUrlOf(video: Video): string | undefined {
  const inside = (value: unknown, key: string) => (isObject(value) ? value[key] : undefined);
  const urls = DOWNLOAD_URL_FIELDS.map((field) => field.split('.').reduce<unknown>(inside, video));
  return urls.map((url) => (typeof url === 'string' ? url.trim() : '')).find(Boolean);
}

/** Whether a video is finished but has no link: a list may omit it, or it comes a little later. */
export function lacksLink(video: Video): boolean {
  return outcomeOf(video) === 'completed' && downloadUrlOf(video) === undefined;
}

/** Whether a video has no status: a list may omit it. */
export function lacksStatus(video: Video): boolean {
  return statusOf(video) === 'unknown';
}

/** Whether a list omitted what decides about a video: read by ID, the video has it. */
export function isPartial(video: Video): boolean {
  return lacksLink(video) || lacksStatus(video);
}

/** Whether a video failed, or is finished and has its link. */
export function hasEnded(video: Video): boolean {
  return outcomeOf(video) !== 'running' && !lacksLink(video);
}

export function failureReasonOf({ error, failure }: Video): string | undefined {
  return errorTextOf(error) ?? errorTextOf(failure);
}

/** In milliseconds since 1970; `NaN` if the video does not say (assumption: `created_at`). */
export function createdAt({ created_at }: Video): number {
  return timeOf(created_at);
}

/** Numbers from here on are milliseconds: as seconds, this would be the year 5138. */
const MIN_MILLISECONDS = 100_000_000_000;
const MIN_SECONDS = 1_000_000_000;

/** The format that RFC 9110 requires of senders, e.g. in a `Date` header. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

const ISO_DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ]+(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*(?:Z|UTC|GMT|([+-]\d\d):?(\d\d)?)?)?$/i;

/**
 * Parses a time as an API writes it, into milliseconds since 1970; `NaN` if it is not a time.
 *
 * Assumption: like `2026-01-31T10:30:00Z`. Without a zone it is UTC, and a number counts seconds or
 * milliseconds since 1970.
 */
export function timeOf(value: unknown): number {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (/^\d+(\.\d+)?$/.test(text)) {
    const number = Number(text);
    if (number < MIN_SECONDS || number >= MIN_MILLISECONDS * 1_000) return NaN;
    return Math.round(number < MIN_MILLISECONDS ? number * 1_000 : number);
  }
  if (HTTP_DATE.test(text)) return Date.parse(text);
  const match = ISO_DATE.exec(text);
  if (!match) return NaN;
  const [, day, time = '00:00', hours = '+00', minutes = '00'] = match;
  return Date.parse(`${day}T${time.replace(',', '.')}${hours}:${minutes}`);
}

/** The fields that people look for first. */
const FIRST_FIELDS = ['id', 'status', 'video_url'];

/**
 * A video as the node outputs it. n8n behavior: before 2.36, it takes a first item with the key `error`, even
 * `null`, for a failure, and Retry On Fail runs the node again. So the reason of a failure is in `failure`, and
 * absent if there is none.
 */
export function inReadingOrder({ error, ...video }: Video): Video {
  const hasReason = isObject(error) ? Object.keys(error).length > 0 : Boolean(error);
  const all = hasReason ? { ...video, failure: error } : video;
  const first = FIRST_FIELDS.filter((field) => field in all);
  return { ...Object.fromEntries(first.map((field) => [field, all[field]])), ...all };
}
