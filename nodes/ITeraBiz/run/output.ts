import type { IDataObject } from 'n8n-workflow';

import { inReadingOrder } from '../api/video';
import { type Message, withoutPeriod } from '../messages/message';

/** n8n's On Error setting of a node: it stops, or goes on with the message, on either output. */
export type OnError = 'stop' | 'continueRegularOutput' | 'continueErrorOutput';

/**
 * What a failure is about, for workflows that branch on it: the whole account (key, credits, reach), this
 * item, an item that was not sent because another one failed, or a job of unknown outcome.
 */
export type Reason = 'account' | 'item' | 'notSent' | 'unknown';

/** A message and its description as one text. */
export function inOneText({
  message,
  description,
}: Pick<Message, 'message'> & Partial<Message>): string {
  return [withoutPeriod(message), description].filter(Boolean).join('. ');
}

/** Longest script or prompt that a model gets back, in characters: a list contains all of them. */
const MAX_TEXT_LENGTH = 200;

/** A result for a model: without empty values, and with long texts cut. */
export function forModel(json: IDataObject): IDataObject {
  const short: IDataObject = {};
  for (const [name, value] of Object.entries(json)) {
    const isEmpty = typeof value === 'object' && Object.keys(value ?? {}).length === 0;
    if (value === '' || value === undefined || isEmpty) continue;
    const isLong = ['script', 'prompt'].includes(name) && String(value).length > MAX_TEXT_LENGTH;
    short[name] = isLong ? `${String(value).slice(0, MAX_TEXT_LENGTH)}…` : value;
  }
  return short;
}

/**
 * The item that goes on instead of a result, with the fields of its input. n8n behavior: for the error
 * output it adds these itself, and recognizes such an item by having only `error` and `details`.
 * @param videoId of the job that the failure is about, for the nodes that follow
 */
export function errorJson(
  { message, description, reason = 'item' }: Message & { reason?: Reason },
  onError: OnError,
  input: IDataObject,
  videoId?: string,
): IDataObject {
  const isErrorOutput = onError === 'continueErrorOutput';
  const details: IDataObject = {
    // n8n behavior: before 2.34 an item with `details` stays on the regular output.
    ...(!isErrorOutput && reason !== 'item' && { reason }),
    ...(videoId !== undefined && { videoId }),
  };
  return {
    ...(!isErrorOutput && input),
    error: inOneText({ message, description }),
    ...(Object.keys(details).length > 0 && { details }),
  };
}

/**
 * A result as the node outputs it, marked by whether its video existed already, if that is known. The mark has a
 * prefix of our own, which no field of the API has.
 */
export function withMark(json: IDataObject, reused?: boolean): IDataObject {
  return inReadingOrder(reused === undefined ? json : { ...json, _iteraBizReused: reused });
}
