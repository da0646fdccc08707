import type { LookupResult } from '../account/reconciler';
import { errorTextOf } from '../api/errorText';
import { isObject } from '../api/json';
import { type ApiResponse, NetworkError } from '../api/response';
import { listOf, type Order, textFieldOf } from '../account/sameOrder';
import { statusClassOf } from '../api/status';
import { resubmitUnknown } from '../fields/options';
import { formatTime, type Message, SUPPORT, withoutPeriod } from '../messages/message';

/** The message for a request that was just sent and whose outcome is unknown. */
export function describeUnknownOutcome(
  doing: string,
  outcome: ApiResponse | NetworkError,
  order: Order,
  lookup: LookupResult,
): Message {
  const next = nextSteps(order, lookup);
  const describeUnclear = (cause: string) => ({
    message: `Check this one: it is unclear whether iTeraBiz accepted the request to ${doing}`,
    description: `${cause}. The request may have been accepted, so it was not sent again: that could charge you twice. ${next}.`,
  });
  if (outcome instanceof NetworkError) {
    return describeUnclear('The connection broke off before iTeraBiz answered');
  }
  const { status, body } = outcome;
  const text = errorTextOf(body);
  const quote = text ? `. iTeraBiz says: ${withoutPeriod(text)}` : '';
  if (statusClassOf(outcome) !== 'done') {
    const isFault = statusClassOf(outcome) === 'fault';
    const answer = isFault ? 'a fault on its side' : 'neither a yes nor a no';
    const advice = isFault ? 'write' : 'check the Base URL of the credential, or write';
    const more = `status ${status}; if it keeps happening, ${advice} to ${SUPPORT}`;
    return describeUnclear(`iTeraBiz answered with ${answer} (${more})${quote}`);
  }
  if (typeof body === 'string' && /^\s*</.test(body)) {
    return {
      message: `Check this one: a web page answered the request to ${doing}, not iTeraBiz`,
      description: `Check the Base URL of the credential: it should be the address of the API, as in https://api.iterabiz.com/v1. The page came with status ${status}${text ? ` and is called: ${text}` : ''}. If the Base URL is right, the request may have been accepted all the same, so it was not sent again: that could charge you twice. ${next}.`,
    };
  }
  return {
    message: `Check this one: iTeraBiz accepted the request to ${doing}, but its answer cannot be read`,
    description: `The answer (status ${status}) was cut off or is not in the expected form, so the ID is not known${isObject(body) ? quote : ''}. The request was not sent again: that could charge you twice. ${next}. If this keeps happening, check the Base URL of the credential, or write to ${SUPPORT}.`,
  };
}

/** The message for a request sent in an earlier try of this execution. */
export function describeEarlierUnknown(
  doing: string,
  order: Order,
  lookup?: LookupResult,
): Message {
  return {
    message: `Check this one: an earlier try may have been accepted already, so the request to ${doing} was not sent again`,
    description: `Sending it again could charge you twice. ${nextSteps(order, lookup)}.`,
  };
}

/** How the node looked for the job, and how the user can: a list may be late, or show less than the dashboard. */
function nextSteps(order: Order, lookup?: LookupResult): string {
  const again = `If it is there, use its ID; if not, turn on "${resubmitUnknown.displayName}" in the options and run this item again`;
  const list = listOf(order) === '/avatars' ? 'Avatar: Get Many' : 'Video: Get Many';
  if (!lookup) {
    return `Look in your iTeraBiz dashboard, or run ${list}, for one made at the time of that try with these values. ${again}`;
  }
  const wanted = `one made since ${formatTime(lookup.since)} with the same ${textFieldOf(order)} and values`;
  const times = lookup.polls === 1 ? 'once' : `${lookup.polls} times`;
  const result = lookup.trouble
    ? `This node could not look for ${wanted} (${lookup.trouble})`
    : `This node looked ${times} through the list of your account for ${wanted}, the last time at ${formatTime(lookup.at)}, and found none`;
  return `${result}. Look in your iTeraBiz dashboard, or run ${list} in a few minutes. ${again}`;
}
