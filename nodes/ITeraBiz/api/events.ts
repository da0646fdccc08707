import { isId, isObject } from './json';
import { outcomeOf, timeOf, type Video, videoIdOf } from './video';

/** What the triggers can start on (documented). */
export const EVENT_NAMES = ['video.completed', 'video.failed'] as const;

export type EventName = (typeof EVENT_NAMES)[number];

/** What both triggers hand to the workflow. */
export interface VideoEvent {
  event: EventName;
  /** Same for every delivery of the same event */
  eventId: string;
  /** ISO 8601 */
  occurredAt: string;
  video: Video;
}

/** What is known of an event besides its video. */
type Known = Partial<Pick<VideoEvent, 'eventId' | 'occurredAt'>>;

/** What an event says. It is a hint until the API or a signature confirms it. */
export interface UnverifiedEvent extends Known {
  event: EventName;
  videoId: string;
  /** As the event has it */
  video: Video;
}

/** What was found in a body: an event, one of a kind that we do not know, or none at all. */
export type Reading =
  | { unverified: UnverifiedEvent }
  | { unknownEvent: string }
  | { malformed: string };

/** Longest event ID or name that is taken for one, in characters. */
const MAX_NAME_LENGTH = 200;

/** An event is flat. What is nested deeper was made to do harm. */
const MAX_DEPTH = 20;

/** Names that no event has, but that change every object in a program that copies them carelessly. */
const HARMFUL_KEYS = ['__proto__', 'constructor'];

/**
 * Reads the body of a delivery, whatever it is. Never throws.
 *
 * Assumption: `{"id","type","created_at","data":{video job}}`. The name is also read from `event`,
 * and the job also from `data.video`, `video` and the top level.
 */
export function readEvent(body: unknown): Reading {
  if (!isObject(body)) return { malformed: 'the body is not a JSON object' };
  if (isHarmful(body, MAX_DEPTH)) return { malformed: 'the body was made to do harm' };

  const name = nameIn(body.type) ?? nameIn(body.event);
  if (name === undefined) return { malformed: 'the body names no event' };
  const event = EVENT_NAMES.find((known) => known === name);
  if (!event) return { unknownEvent: name };

  const video = jobOf(body);
  const videoId = videoIdOf(video);
  if (video === undefined || videoId === undefined) return { malformed: 'there is no video in it' };
  // The ID goes into the address of a request.
  if (!isId(videoId)) return { malformed: 'its video has no proper ID' };
  if (typeof video.status === 'string' && eventNameOf(video) !== event) {
    return { malformed: 'its video has another status than its name says' };
  }
  const eventId = video === body ? undefined : nameIn(body.id);
  return { unverified: { event, videoId, video, eventId, occurredAt: timeIn(body.created_at) } };
}

/** The event that a video's status stands for, or `undefined` while it is still running. */
export function eventOf(video: Video, known: Known = {}): VideoEvent | undefined {
  const event = eventNameOf(video);
  return event && eventFrom({ event, video, ...known });
}

/** An event that is believed as it is. One without an ID gets it from its video. */
export function eventFrom(said: Omit<UnverifiedEvent, 'videoId'>): VideoEvent {
  const { event, video, eventId = `${videoIdOf(video)}:${event}` } = said;
  const occurredAt = said.occurredAt ?? timeIn(video.completed_at) ?? new Date().toISOString();
  return { event, eventId, occurredAt, video };
}

function eventNameOf(video: Video): EventName | undefined {
  const outcome = outcomeOf(video);
  return outcome === 'running' ? undefined : `video.${outcome}`;
}

function jobOf(body: Video): Video | undefined {
  const inData = isObject(body.data) ? body.data.video : undefined;
  const inside = [inData, body.data, body.video].find((place) => videoIdOf(place) !== undefined);
  if (isObject(inside)) return inside;
  // At the top level the ID may be the event's, so it takes a status to make it a video.
  return typeof body.status === 'string' ? body : undefined;
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
