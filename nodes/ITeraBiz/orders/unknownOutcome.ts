import type { LookupResult } from '../account/reconciler';
import { listOf, type Order, textFieldOf } from '../account/sameOrder';
import { errorTextOf } from '../api/errorText';
import { isObject } from '../api/json';
import { NetworkError, type Outcome } from '../api/response';
import { statusClassOf } from '../api/status';
import { saysError } from '../api/video';
import { resubmitUnknown } from '../fields/options';
import { formatTime, type Message, SUPPORT, withoutPeriod } from '../messages/message';

/** What to tell the user of a request whose outcome is unknown, after its job was looked for. */
export function describeUnknownOutcome(
  doing: string,
  outcome: Outcome,
  order: Order,
  lookup: LookupResult,
): Message {
  const next = nextSteps(order, lookup);
  const describeUnclear = (cause: string, quote = '') => ({
    message: `Check this one: it is unclear whether iTeraBiz accepted the request to ${doing}`,
    description: `${cause}, so, to avoid paying twice, the request was not sent again${quote}. ${next}.`,
  });
  if (outcome instanceof NetworkError) {
    return describeUnclear('The connection to iTeraBiz was lost before it answered');
  }
  const { status, body } = outcome;
  const text = errorTextOf(body);
  const quote = text ? `. iTeraBiz says: ${withoutPeriod(text)}` : '';
  if (statusClassOf(outcome) !== 'done') {
    const isFault = statusClassOf(outcome) === 'fault';
    const answer = isFault ? 'a fault on its side' : 'neither a yes nor a no';
    const advice = isFault ? 'write' : 'check the Base URL of the credential, or write';
    const more = `status ${status}; if it keeps happening, ${advice} to ${SUPPORT}`;
    return describeUnclear(`iTeraBiz answered with ${answer} (${more})`, quote);
  }
  if (isObject(body) && saysError(body)) {
    return describeUnclear(
      `iTeraBiz answered with an error, but not with a clear no (status ${status})`,
      quote,
    );
  }
  if (typeof body === 'string' && /^\s*</.test(body)) {
    return {
      message: `Check this one: a web page answered the request to ${doing}, not iTeraBiz`,
      description: `Check the Base URL of the credential: it should be the address of the API, such as https://api.iterabiz.com/v1. The page came with status ${status}${text ? ` and is called: ${text}` : ''}. If the Base URL is right, the request may have been accepted all the same, so, to avoid paying twice, it was not sent again. ${next}.`,
    };
  }
  return {
    message: `Check this one: iTeraBiz accepted the request to ${doing}, but its answer cannot be read`,
    description: `The answer (status ${status}) was cut off or is not in the expected form, so the ID is unknown; to avoid paying twice, the request was not sent again${isObject(body) ? quote : ''}. ${next}. If this keeps happening, check the Base URL of the credential, or write to ${SUPPORT}.`,
  };
}

/** The same for an earlier try. @param lookup missing if nobody knows when it was sent */
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
  const again = `use its ID; if not, run only this item again. To retry this execution instead, first turn on "${resubmitUnknown.displayName}" in the options`;
  const list = listOf(order) === '/avatars' ? 'Avatar: Get Many' : 'Video: Get Many';
  if (!lookup) {
    return `Check your iTeraBiz dashboard, or run ${list}: if there is one made at the time of that try with these values, ${again}`;
  }
  const wanted = `one made since ${formatTime(lookup.since)} with the same ${textFieldOf(order)} and values`;
  const times = lookup.polls === 1 ? 'once' : `${lookup.polls} times`;
  const result = lookup.trouble
    ? `This node could not search your account for ${wanted} (${lookup.trouble})`
    : `This node searched your account ${times} for ${wanted}, most recently at ${formatTime(lookup.at)}, and found none`;
  return `${result}. Check your iTeraBiz dashboard, or run ${list} in a few minutes: if it is there, ${again}`;
}
