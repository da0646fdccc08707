import { isId, isObject } from './json';
import { idOf, outcomeOf, timeOf, type Video } from './video';

/** The events that the triggers can start on (documented). */
export const EVENT_NAMES = ['video.completed', 'video.failed'] as const;

export type EventName = (typeof EVENT_NAMES)[number];

/** What both triggers emit. */
export interface VideoEvent {
  event: EventName;
  /** The same for every delivery of the event */
  eventId: string;
  occurredAt: string;
  video: Video;
}

/** An event as received. It is only a hint until the API or a signature confirms it. */
export interface UnverifiedEvent extends Partial<Pick<VideoEvent, 'eventId' | 'occurredAt'>> {
  event: EventName;
  videoId: string;
  video: Video;
}

type Parsed = { unverified: UnverifiedEvent } | { unknownEvent: string } | { malformed: string };

/** Longest accepted event ID or name, in characters. */
const MAX_NAME_LENGTH = 200;

/** Events are flat: deeper nesting means an attack. */
const MAX_DEPTH = 20;

/** No event has these keys. Copied carelessly, they change all objects of a program (prototype pollution). */
const HARMFUL_KEYS = ['__proto__', 'constructor'];

/**
 * Reads the body of a delivery, whatever it contains. Never throws.
 *
 * Assumption: `{"id","type","created_at","data":{video job}}`. The name is also read from `event`,
 * and the job also from `data.video`, `video` and the top level.
 */
export function readEvent(body: unknown): Parsed {
  if (!isObject(body)) return { malformed: 'the body is not a JSON object' };
  if (isHarmful(body, MAX_DEPTH)) return { malformed: 'the body was made to do harm' };

  const names = [body.type, body.event].flatMap((value) => nameIn(value) ?? []);
  if (names.length === 0) return { malformed: 'the body names no event' };
  const event = names.flatMap((name) => EVENT_NAMES.find((known) => known === name) ?? []).at(0);
  if (!event) return { unknownEvent: names[0] };

  const video = jobOf(body);
  const videoId = idOf(video);
  if (videoId === undefined) return { malformed: 'there is no video in it' };
  // The ID becomes part of a request's URL.
  if (!isId(videoId)) return { malformed: 'its video has no proper ID' };
  if ((eventNameOf(video) ?? event) !== event) {
    return { malformed: 'its video has another status than its name says' };
  }
  const { id, created_at } = video === body ? {} : body;
  const details = { eventId: nameIn(id), occurredAt: timeIn(created_at) };
  return { unverified: { event, videoId, video, ...details } };
}

/** Whether the video in an event is not said to have ended: a copy that is a moment older than the event. */
export function saysRunning({ video }: UnverifiedEvent): boolean {
  return typeof video.status === 'string' && eventNameOf(video) === undefined;
}

/** The event that a video's status stands for, or `undefined` while the video is running. */
export function eventOf(video: Video, details: Partial<VideoEvent> = {}): VideoEvent | undefined {
  const event = eventNameOf(video);
  return event && eventFrom({ ...details, event, video });
}

/** An event taken at its word. If it has no ID, one is made from its video. */
export function eventFrom(received: Omit<UnverifiedEvent, 'videoId'>): VideoEvent {
  const { event, video, eventId = `${idOf(video)}:${event}` } = received;
  const occurredAt = received.occurredAt ?? timeIn(video.completed_at) ?? new Date().toISOString();
  return { event, eventId, occurredAt, video };
}

function eventNameOf(video: Video): EventName | undefined {
  const outcome = outcomeOf(video);
  return outcome === 'running' ? undefined : `video.${outcome}`;
}

function jobOf(body: Video): Video {
  const inData = isObject(body.data) ? body.data.video : undefined;
  const inside = [inData, body.data, body.video].find((value) => idOf(value) !== undefined);
  if (isObject(inside)) return inside;
  // At the top level, the ID may be the event's: only a status makes the body a video.
  return typeof body.status === 'string' ? body : {};
}

function nameIn(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text && text.length <= MAX_NAME_LENGTH ? text : undefined;
}

function timeIn(value: unknown): string | undefined {
  const milliseconds = timeOf(value);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}

function isHarmful(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0 || Object.keys(value).some((key) => HARMFUL_KEYS.includes(key))) return true;
  return Object.values(value).some((inner) => isHarmful(inner, levels - 1));
}
