import { CannotCount, type Place, type Usage } from '../account/dailyBudget';
import { type ApiClient, refusalOnly } from '../client/apiClient';
import { BadInput } from '../fields/validate';
import { maxSeconds, maxVideos } from '../fields/options';
import type { Message } from '../messages/message';
import { itemOf, type Refusal } from '../run/results';
import type { Run } from '../run/run';
import type { Row, Rows } from './rows';

/** Whether nothing is known of an item, or the user wants it sent again all the same. */
export function isToSend({ known, options }: Row): boolean {
  return !known || (known.state === 'sent' && options.resubmitUnknown === true);
}

function secondsIn(rows: Row[]): number {
  return rows.reduce((sum, { order }) => sum + Number(order.body.duration ?? 0), 0);
}

/** As in `1 video, 30 seconds` or `20 videos, 600 seconds in all`. */
export function amountOf(rows: Row[]): string {
  const seconds = secondsIn(rows);
  return `${videos(rows.length)}, ${seconds} ${seconds === 1 ? 'second' : 'seconds'}${rows.length > 1 ? ' in all' : ''}`;
}

function videos(count: number): string {
  return `${count} ${count === 1 ? 'video' : 'videos'}`;
}

/** Why so much may not be ordered in one run, or nothing where it may. */
export function whyTooMuch(rows: Row[], limits: Rows): Message | undefined {
  const passed = [
    { label: maxVideos.displayName, amount: rows.length, limit: limits.maxVideos },
    { label: maxSeconds.displayName, amount: secondsIn(rows), limit: limits.maxSeconds },
  ].find(({ amount, limit }) => amount > limit);
  if (!passed) return undefined;
  const { label, limit } = passed;
  return {
    message: `This would order ${amountOf(rows)}, but "${label}" allows only ${limit}`,
    description: `Nothing was sent to iTeraBiz. If you want all of them, raise "${label}"; if not, give this node fewer items.`,
  };
}

/** Why good items are not sent where the node is to stop: others are invalid. */
export function whyNotWith({ good, bad }: Rows): Message {
  const [first] = bad.keys();
  return {
    message: `Not sent, because ${itemOf(first, good.length + bad.size)}${bad.size > 1 ? ` and ${bad.size - 1} more are` : ' is'} invalid`,
    description:
      'This node stops when an item fails (On Error, in its Settings), so nothing is sent while one is invalid',
  };
}

/** What the account's limit leaves of what is to be sent. */
export interface Allowance {
  /** The rows that may be sent, in order */
  allowed: Row[];
  /** By item, a place in the day's count for each of these; none in a preview */
  places: Map<number, Place>;
  /** Max Videos per Day; nothing where there is no limit */
  limit?: number;
  /** Why the others may not */
  refusal?: Refusal;
  /** As in `Today: 37 of 100`, where there is a limit; with what was ordered since */
  today: (ordered: number) => string;
}

/**
 * Holds what is to be sent against Max Videos per Day of the credential.
 *
 * @param isPreview whether to look only, and take no places
 * @throws the signal's reason
 */
export async function allowanceOf(
  run: Run,
  client: ApiClient,
  rows: Row[],
  isPreview: boolean,
): Promise<Allowance> {
  const all: Allowance = { allowed: rows, places: new Map(), today: () => '' };
  try {
    const limit = await run.maxVideosPerDay();
    if (limit === undefined || rows.length === 0) return all;
    const { budget } = await run.account();
    const taken = await budget.take(client, limit, rows.length, run.onError === 'stop');
    const { used, places } = taken;
    const allowed = rows.slice(0, places.length);
    const refusal =
      allowed.length < rows.length ? whyNotToday(limit, taken, rows.length) : undefined;
    const today = (ordered: number) => `Last 24 hours: ${used + ordered} of ${limit} videos.`;
    if (isPreview) places.forEach((place) => budget.giveBack(place));
    else allowed.forEach(({ item }, n) => all.places.set(item, places[n]));
    return { ...all, allowed, limit, refusal, today };
  } catch (error) {
    return { ...all, allowed: [], refusal: whyNotCounted(error) };
  }
}

function whyNotToday(limit: number, { used, freeAt }: Usage, wanted: number): Refusal {
  const first = freeAt.at(0);
  const all = freeAt[used + wanted - limit - 1] as number | undefined;
  const when =
    first === undefined || limit === 0
      ? ''
      : `There is room again from ${momentOf(first)}${all === undefined ? '' : `, and for all of them at ${momentOf(all)}`}. `;
  return {
    message: `This would order ${videos(wanted)}, but "Max Videos per Day" of the credential allows ${limit} in 24 hours, and ${used} ${used === 1 ? 'has' : 'have'} been used`,
    description: `Nothing was sent to iTeraBiz. ${when}Trying again before that changes nothing. To order now, raise the limit in the credential.`,
    reason: 'account',
  };
}

/** A moment as people read it, as in `2026-01-31 14:03 UTC`, or with its seconds. */
export function momentOf(at: number, withSeconds = false): string {
  const text = new Date(at).toISOString().replace('T', ' ');
  return `${text.slice(0, withSeconds ? 19 : 16)} UTC`;
}

/** Why nothing may be ordered where it cannot be told how much was. */
function whyNotCounted(error: unknown): Refusal {
  if (error instanceof BadInput) return error.said;
  const { message, description } = describeUncounted(error);
  return { message: `Nothing was sent, because ${message}`, description, reason: 'account' };
}

/** @throws what says nothing of the list, as a cancellation */
function describeUncounted(error: unknown): Message {
  const why =
    error instanceof CannotCount
      ? error.message
      : refusalOnly(error).describe({ doing: 'list the videos' }).message;
  return {
    message: `the videos of the last 24 hours could not be counted: ${why}`,
    description:
      'The credential has a limit, "Max Videos per Day", and needs this count. Try again later, or take the limit off in the credential.',
  };
}

/** Why a row is not sent after all: how much was made can no longer be told. @throws as above */
export function describeUncheckable(error: unknown): Message {
  const { message, description } = describeUncounted(error);
  return { message: `"Max Videos per Day" cannot be checked, because ${message}`, description };
}

/** Why a row is not sent after all: other processes have ordered meanwhile. */
export function describeTaken(limit: number): Message {
  return {
    message: `"Max Videos per Day" (${limit}) of the credential was used up by other orders of this account in the meantime`,
    description: 'Wait until older videos no longer count, or raise the limit in the credential.',
  };
}
