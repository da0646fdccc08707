import type {
  IHookFunctions,
  INodeProperties,
  IPollFunctions,
  IWebhookFunctions,
} from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { pasted } from '../api/address';
import { EVENT_NAMES, type EventName, type VideoEvent } from '../api/events';
import { LABELS } from '../messages/message';
import { avatar, BY_NAME } from './fields';

/** What a trigger starts on. */
export const events: INodeProperties = {
  displayName: LABELS.events,
  name: 'events',
  type: 'multiOptions',
  required: true,
  options: [
    {
      name: 'Video Completed',
      value: 'video.completed',
      description: 'A video is finished and ready for download',
    },
    {
      name: 'Video Failed',
      value: 'video.failed',
      description: 'A video could not be made. The output says why.',
    },
  ],
  default: ['video.completed', 'video.failed'],
  description: 'The events that start the workflow',
};

/** Keeps to the videos of one avatar. */
export const avatarFilter: INodeProperties = {
  displayName: avatar.displayName,
  name: avatar.name,
  type: avatar.type,
  default: avatar.default,
  modes: avatar.modes?.filter(({ name }) => name !== BY_NAME),
  description: 'Start only for videos with this avatar',
};

type TriggerContext = IHookFunctions | IPollFunctions | IWebhookFunctions;

/** Longest part of a bad value that a message quotes, in characters. */
const LONGEST_QUOTE = 60;

/**
 * The events that a trigger is to start on. An expression may give them as text, too: with commas in
 * between, or as a JSON list.
 *
 * @throws {NodeOperationError} where one is unknown, or none is there
 */
export function chosenEvents(context: TriggerContext): EventName[] {
  const value = context.getNodeParameter('events', []) as unknown;
  const names = namesIn(value);
  const known = EVENT_NAMES.filter((name) => names.includes(name));
  if (known.length > 0 && names.every((name) => known.some((one) => one === name))) return known;
  throw new NodeOperationError(
    context.getNode(),
    names.length === 0
      ? `"${LABELS.events}" is empty, so nothing would ever start this workflow`
      : `"${LABELS.events}": "${quoted(value)}" is not what this trigger can start on`,
    {
      description: `Choose from the list. An expression has to give one or both of these, with a comma in between: ${EVENT_NAMES.join(', ')}`,
    },
  );
}

/**
 * Why a trigger is not to start on an event, for the log, or `undefined` where it is to.
 *
 * @throws {NodeOperationError} where what the user chose is invalid
 */
export function whyUnwanted(
  { event, video }: VideoEvent,
  context: IPollFunctions | IWebhookFunctions,
): string | undefined {
  if (!chosenEvents(context).includes(event)) return `this trigger does not listen for ${event}`;
  const avatarId = chosenAvatar(context);
  return avatarId && String(video.avatar_id) !== avatarId
    ? 'its video is of another avatar'
    : undefined;
}

/** The ID of the avatar that the user keeps to, empty for all. An expression may give a number. */
function chosenAvatar(context: IPollFunctions | IWebhookFunctions): string {
  const value = context.getNodeParameter('options.avatarId', '', { extractValue: true }) as unknown;
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' || Number.isFinite(value)) return pasted(value);
  throw new NodeOperationError(
    context.getNode(),
    `"${LABELS.avatar_id}": "${quoted(value)}" is not an ID`,
    { description: 'Choose an avatar from the list, or enter its ID, as in avatar_abc123' },
  );
}

function namesIn(value: unknown): string[] {
  const parts: unknown[] =
    typeof value === 'string' ? value.split(/[\s,;[\]]+/) : [value ?? []].flat();
  const names = parts.map((part) => (typeof part === 'string' ? pasted(part) : String(part)));
  return names.filter((name) => name !== '').map((name) => name.toLowerCase());
}

function quoted(value: unknown): string {
  const word = (one: unknown) => (typeof one === 'string' ? one : JSON.stringify(one));
  const text = Array.isArray(value) ? value.map(word).join(', ') : word(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
