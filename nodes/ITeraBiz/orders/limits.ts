import { CannotCount, type Usage } from '../account/dailyBudget';
import { refusalOnly } from '../client/apiClient';
import { BadInput } from '../fields/validate';
import { maxSeconds, maxVideos } from '../fields/options';
import { itemOf } from '../messages/items';
import { counted, formatTime, type Message } from '../messages/message';
import type { Failure, Refusal } from '../run/results';
import type { Run } from '../run/run';
import { needsSubmission, type Row, type Rows } from './rows';

function secondsIn(rows: Row[]): number {
  return rows.reduce((sum, { order }) => sum + Number(order.body.duration ?? 0), 0);
}

/** E.g. `1 video, 30 seconds` or `20 videos, 600 seconds in all`. */
export function describeAmount(rows: Row[]): string {
  const seconds = counted(secondsIn(rows), 'second');
  return `${counted(rows.length, 'video')}, ${seconds}${rows.length > 1 ? ' in all' : ''}`;
}

function describeRunLimit(rows: Row[], limits: Rows): Message | undefined {
  const isTooMany = rows.length > limits.maxVideos;
  if (!isTooMany && secondsIn(rows) <= limits.maxSeconds) return undefined;
  const label = isTooMany ? maxVideos.displayName : maxSeconds.displayName;
  const limit = isTooMany ? limits.maxVideos : limits.maxSeconds;
  return {
    message: `This would order ${describeAmount(rows)}, but "${label}" allows only ${limit}`,
    description: `Nothing was sent to iTeraBiz. If you want all of them, raise "${label}"; if not, give this node fewer items.`,
  };
}

/** Why valid items are not sent when the node stops on error: others are invalid. */
export function describeOtherInvalid({ good, bad }: Rows): Message {
  const [first] = bad.keys();
  return {
    message: `Not sent, because ${itemOf(first, good.length + bad.size)}${bad.size > 1 ? ` and ${bad.size - 1} more are` : ' is'} invalid`,
    description:
      'Because On Error is "Stop Workflow" (see Settings), nothing is sent until every item is valid',
  };
}

/** Which rows of a run may be sent, in item order. */
export interface Allowance {
  allowed: Row[];
  refused: Row[];
  /** Why the refused rows are refused */
  refusal?: Refusal;
  /** Max Videos per Day; `undefined` if there is no limit */
  limit?: number;
  /** Videos of the last 24 hours, before this run */
  used?: number;
}

/** E.g. `Last 24 hours: 37 of 100 videos.`; empty without a limit. */
export function describeDay({ limit, used = 0 }: Allowance, ordered: number): string {
  return limit === undefined ? '' : `Last 24 hours: ${used + ordered} of ${limit} videos.`;
}

/**
 * Applies the limits of the run and, for videos, Max Videos per Day of the credential. Unless it is a preview, the
 * latter gives each allowed row a `slot`.
 * @param refusal why nothing may be sent, if already known
 * @throws the signal's reason
 */
export async function enforceLimits(
  run: Run,
  rows: Rows,
  isVideo: boolean,
  refusal?: Refusal,
): Promise<Allowance> {
  const toSend = rows.good.filter(needsSubmission);
  const reason = refusal ?? describeRunLimit(toSend, rows);
  if (reason) return { allowed: [], refused: toSend, refusal: reason };
  const all = { allowed: toSend, refused: [] };
  if (!isVideo || toSend.length === 0) return all;
  try {
    const limit = await run.maxVideosPerDay();
    if (limit === undefined) return all;
    const { budget } = await run.account();
    const isAllOrNothing = run.onError === 'stop';
    const client = await run.client();
    const { isPreview } = rows;
    const taken = await budget.take(client, limit, toSend.length, isAllOrNothing, isPreview);
    const { used, slots } = taken;
    const allowed = toSend.slice(0, slots.length);
    const refused = toSend.slice(slots.length);
    if (!isPreview) allowed.forEach((row, n) => (row.slot = slots[n]));
    const why = describeDailyLimit(limit, taken, toSend.length, isAllOrNothing);
    return { allowed, refused, refusal: why, limit, used };
  } catch (error) {
    const why =
      error instanceof BadInput
        ? { message: error.message, description: error.description }
        : describeCountFailure(error, 'Nothing was sent');
    return { allowed: [], refused: toSend, refusal: why };
  }
}

function describeDailyLimit(
  limit: number,
  { used, freeAt }: Usage,
  wanted: number,
  isAllOrNothing: boolean,
): Message {
  const firstFreeAt = freeAt.at(Math.max(0, used - limit));
  const allFreeAt = freeAt[used + wanted - limit - 1] as number | undefined;
  const left = isAllOrNothing ? limit - used : 0;
  const isSame = left <= 0 && allFreeAt === firstFreeAt;
  const forAll =
    allFreeAt === undefined || isSame ? '' : `, and for all of them at ${formatTime(allFreeAt)}`;
  const first =
    left > 0 ? `for ${left} now` : firstFreeAt && `again from ${formatTime(firstFreeAt)}`;
  const when = first ? `There is room ${first}${forAll}. ` : '';
  const isFull = left <= 0 && firstFreeAt !== undefined;
  const early = isFull ? "Trying again earlier won't help. " : '';
  const fewer = left > 0 ? ', or give this node fewer items' : '';
  return {
    message: `This would order ${counted(wanted, 'video')}, but "Max Videos per Day" in the credential allows ${limit} in 24 hours, and ${used} ${used === 1 ? 'has' : 'have'} been used`,
    description: `${isAllOrNothing ? 'Nothing was' : 'This item was not'} sent to iTeraBiz. ${when}${early}To order now, raise the limit in the credential${fewer}.`,
  };
}

/**
 * The videos of the last 24 hours could not be counted.
 *
 * @param consequence as in `Nothing was sent`
 * @throws errors that are not about the list, e.g. a cancellation
 */
export function describeCountFailure(error: unknown, consequence: string): Failure {
  const cause =
    error instanceof CannotCount
      ? error.message
      : refusalOnly(error).describe({ doing: 'list the videos' }).message;
  return {
    message: `${consequence}, because the videos of the last 24 hours could not be counted: ${cause}`,
    description:
      'The credential has a limit, "Max Videos per Day", and needs this count. Try again later, or set the limit to 0 in the credential.',
    reason: 'account',
  };
}

/** Other processes have used up the daily limit since the slots were taken. */
export function describeUsedUp(limit: number): Failure {
  return {
    message: `"Max Videos per Day" (${limit}) in the credential was used up by other orders from this account in the meantime`,
    description: 'Wait until older videos no longer count, or raise the limit in the credential.',
    reason: 'account',
  };
}
