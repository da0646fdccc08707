import { type INodeProperties, type IPollFunctions, NodeOperationError } from 'n8n-workflow';

import { trimPasted } from '../api/address';
import { EVENT_NAMES, type EventName, type VideoEvent } from '../api/events';
import { isObject } from '../api/json';
import { idOf } from '../api/video';
import { quoted } from '../messages/message';
import { avatar, BY_NAME } from './fields';
import { checkId } from './validate';

export const events: INodeProperties = {
  displayName: 'Events',
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

/** Limits a trigger to the videos of one avatar. */
export const avatarFilter: INodeProperties = {
  displayName: avatar.displayName,
  name: avatar.name,
  type: avatar.type,
  default: avatar.default,
  modes: avatar.modes?.filter(({ name }) => name !== BY_NAME),
  description: 'Start only for videos with this avatar',
};

type TriggerContext = Pick<IPollFunctions, 'getNode' | 'getNodeParameter' | 'logger'>;

/**
 * The events that the user chose. An expression may also return them as text: separated by commas, or as
 * a JSON list.
 *
 * @throws {NodeOperationError} if one is unknown, or there is none
 */
export function chosenEvents(context: TriggerContext): EventName[] {
  const value: unknown = context.getNodeParameter('events', []);
  const names = namesIn(value);
  const known = EVENT_NAMES.filter((name) => names.includes(name));
  if (known.length > 0 && known.length === new Set(names).size) return known;
  const given = Array.isArray(value) ? value.map((name) => quoted(name)).join(', ') : value;
  const message =
    names.length === 0
      ? `"${events.displayName}" is empty, so nothing would ever start this workflow`
      : `"${events.displayName}": "${quoted(given)}" is not an event of this trigger`;
  const description = `Choose from the list. An expression must return one or both of these, separated by a comma: ${EVENT_NAMES.join(', ')}`;
  throw new NodeOperationError(context.getNode(), message, { description });
}

function namesIn(value: unknown): string[] {
  const parts: unknown[] =
    typeof value === 'string' ? value.split(/[\s,;[\]]+/) : [value ?? []].flat();
  const names = parts.map((part) => (typeof part === 'string' ? trimPasted(part) : String(part)));
  return names.filter((name) => name !== '').map((name) => name.toLowerCase());
}

/**
 * Why a trigger skips an event, for the log, or `undefined` if it starts on it.
 *
 * @throws {NodeOperationError} if the user's choices are invalid
 */
export function skipReason(
  { event, video }: VideoEvent,
  context: TriggerContext,
): string | undefined {
  if (!chosenEvents(context).includes(event)) return `this trigger does not listen for ${event}`;
  const avatarId = chosenAvatar(context);
  const stated = isObject(video.avatar_id) ? video.avatar_id.id : video.avatar_id;
  const text = String(stated ?? '');
  // E.g. `avatars/avatar_1`
  if (avatarId === '' || text.split('/').at(-1) === avatarId) return undefined;
  if (text !== '') return 'its video is of another avatar';
  const id = idOf(video) ?? '';
  context.logger.warn(`iTeraBiz does not say the avatar of video ${id}, so it counts as chosen`);
  return undefined;
}

/**
 * The ID of the avatar that the user chose, empty for all.
 *
 * @throws {NodeOperationError} if it cannot be one
 */
export function chosenAvatar(context: TriggerContext): string {
  const value: unknown =
    context.getNodeParameter('options.avatarId', '', { extractValue: true }) ?? '';
  if (typeof value === 'string' && trimPasted(value) === '') return '';
  try {
    return checkId(value, avatar.displayName);
  } catch (error) {
    const description = 'Choose an avatar from the list, or enter its ID, such as avatar_abc123';
    throw new NodeOperationError(context.getNode(), (error as Error).message, { description });
  }
}
