import type { IDataObject, IExecuteSingleFunctions } from 'n8n-workflow';

import { type Message, withoutStop } from '../messages/message';

/** Longest list of accepted jobs in one message; nobody reads more, and n8n stores every one. */
const MOST_LINES = 2_000;

/**
 * The message of a node that stops although other items went well. n8n behaviour: it throws their results
 * away, so the message names them.
 *
 * @param own what went wrong with the item that n8n reports
 * @param failures what went wrong, by item, this item included
 * @param accepted IDs of the jobs that the API accepted, by item
 * @param next what the user can do about these
 */
export function describeStop(
  own: Message,
  item: number,
  failures: Map<number, Message>,
  accepted: Map<number, string>,
  next: string,
): Message {
  const others = [...failures].filter(([other]) => other !== item).sort(byItem);
  const jobs = [...accepted].sort(byItem);
  const parts = [own.description];
  if (others.length > 0) {
    parts.push(
      `${others.length} more ${others.length === 1 ? 'item' : 'items'} did not go well:`,
      ...lines(others.map(([other, { message }]) => `Item ${other}: ${message}`)),
    );
  }
  if (jobs.length > 0) {
    parts.push(
      `iTeraBiz accepted these, and goes on with them. ${next}:`,
      ...lines(jobs.map(([other, id]) => `Item ${other}: ${id}`)),
    );
  }
  return { message: own.message, description: parts.join('\n') };
}

/** n8n's On Error setting of a node: it stops, or goes on with the message, on either output. */
export type OnError = 'stop' | 'continueRegularOutput' | 'continueErrorOutput';

export function onErrorOf(context: IExecuteSingleFunctions): OnError {
  if (!context.continueOnFail()) return 'stop';
  const { onError } = context.getNode();
  return onError === 'continueErrorOutput' ? onError : 'continueRegularOutput';
}

/**
 * The item that goes on in place of a result. It keeps the fields of its input. n8n behaviour: for the
 * error output it adds these itself, and knows such an item by having nothing but `error` and `details`.
 *
 * @param videoId of the job that the failure is about, for the nodes that follow
 */
export function errorJson(
  { message, description }: Message,
  onError: OnError,
  input: IDataObject,
  videoId?: string,
): IDataObject {
  const failure: IDataObject = {
    error: [withoutStop(message), description].filter(Boolean).join('. '),
  };
  if (videoId !== undefined) failure.details = { videoId };
  return onError === 'continueErrorOutput' ? failure : { ...input, ...failure };
}

function byItem([one]: [number, unknown], [other]: [number, unknown]): number {
  return one - other;
}

function lines(all: string[]): string[] {
  const shown = all.slice(0, MOST_LINES);
  return all.length > shown.length ? [...shown, `… and ${all.length - shown.length} more`] : shown;
}
