import { isId, isObject } from './json';
import type { Outcome, Video } from './video';
import { outcomeOf, timeOf, videoIdOf } from './video';

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

/** What an event says. It is a hint until the API or a signature confirms it. */
export interface UnverifiedEvent {
  event: EventName;
  videoId: string;
  /** The video as the event has it */
  video: Video;
  eventId?: string;
  occurredAt?: string;
}

/** What was found in a body: an event, one of a kind that we do not know, or none at all. */
export type Reading =
  | { unverified: UnverifiedEvent }
  | { unknownEvent: string }
  | { malformed: string };

/** Longest event ID or name that is taken for one, in characters. */
const LONGEST_NAME = 200;

/** An event is flat. What is nested deeper was made to do harm. */
const DEEPEST = 20;

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
  if (isHarmful(body, DEEPEST)) return { malformed: 'the body was made to do harm' };

  const name = nameIn(body.type) ?? nameIn(body.event);
  if (name === undefined) return { malformed: 'the body names no event' };
  if (!isEventName(name)) return { unknownEvent: name };

  const video = videoIn(body);
  const videoId = videoIdOf(video);
  if (video === undefined || videoId === undefined) return { malformed: 'there is no video in it' };
  // The ID goes into the address of a request.
  if (!isId(videoId)) return { malformed: 'its video has no proper ID' };
  const contradicts = typeof video.status === 'string' && eventNameOf(outcomeOf(video)) !== name;
  if (contradicts) return { malformed: 'its video has another status than its name says' };

  const eventId = video === body ? undefined : nameIn(body.id);
  const occurredAt = timeIn(body.created_at);
  return { unverified: { event: name, videoId, video, eventId, occurredAt } };
}

/**
 * The event that a video's status stands for, or `undefined` while it is still running.
 *
 * @param from what is known of the event; where nothing is, its ID is made of the video's
 */
export function eventOf(
  video: Video,
  from: { eventId?: string; occurredAt?: string } = {},
): VideoEvent | undefined {
  const event = eventNameOf(outcomeOf(video));
  return event && toEvent(event, video, from);
}

/** An event that is believed as it is. */
export function eventFrom({ event, video, ...from }: UnverifiedEvent): VideoEvent {
  return toEvent(event, video, from);
}

function toEvent(
  event: EventName,
  video: Video,
  from: { eventId?: string; occurredAt?: string },
): VideoEvent {
  return {
    event,
    eventId: from.eventId ?? `${videoIdOf(video)}:${event}`,
    occurredAt: from.occurredAt ?? timeIn(video.completed_at) ?? new Date().toISOString(),
    video,
  };
}

function eventNameOf(outcome: Outcome): EventName | undefined {
  return outcome === 'running' ? undefined : `video.${outcome}`;
}

function isEventName(name: string): name is EventName {
  return EVENT_NAMES.some((known) => known === name);
}

function videoIn(body: Video): Video | undefined {
  const inData = isObject(body.data) ? body.data.video : undefined;
  const inside = [inData, body.data, body.video].find((place) => videoIdOf(place) !== undefined);
  if (isObject(inside)) return inside;
  // At the top level the ID may be the event's, so it takes a status to make it a video.
  return typeof body.status === 'string' ? body : undefined;
}

function nameIn(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text && text.length <= LONGEST_NAME ? text : undefined;
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
