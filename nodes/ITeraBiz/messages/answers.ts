import { errorTextOf, fieldsNamedIn } from '../api/errorText';
import { type ApiResponse, isNotSecure, type NetworkError } from '../api/response';
import { retryAfterOf, type StatusClass, statusClassOf } from '../api/status';
import { counted, LABELS, type Message, SUPPORT, withoutPeriod } from './message';

/** What a message says about the request itself. */
export interface Subject {
  /** To follow "iTeraBiz could not …", as in `create the video` */
  doing: string;
  /** The ID that the request is about, for the message of a 404 */
  id?: string;
  /** What may be wrong if it cannot be reached. Default: the Base URL */
  toCheck?: string;
  /** How often it was tried (0: not at all, because of the answer to another request), and over how many seconds */
  tries?: number;
  seconds?: number;
}

/** Says what an answer without a result means, and what to do about it. A success comes here only if it lacks what was requested. */
export function describeRefusal(
  answer: ApiResponse,
  { doing, id, tries = 1, seconds = 0 }: Subject,
): Message {
  const { status, body, headers } = answer;
  const apiText = withoutPeriod(errorTextOf(body) ?? '');
  const quote = apiText ? `iTeraBiz says: ${apiText}` : 'iTeraBiz gave no reason';
  const because = apiText ? `: ${apiText}` : '';
  const tried = howOften(tries, seconds);
  const location = String(headers.location ?? '').split('?')[0];
  const statusClass = statusClassOf(answer);
  if (tries === 0 && statusClass !== 'busy') {
    return {
      message: `The request to ${doing} was not sent, because such requests are paused`,
      description: `The answer to another request is why (status ${status}). Run this again ${inHowLong(retryAfterOf(headers))}.`,
    };
  }
  if (statusClass === 'badValues') return describeBadValues(answer, doing, apiText);
  const begins = apiText.slice(0, 100);
  const texts: Partial<Record<StatusClass, [message: string, description: string]>> = {
    done: [
      `The answer to the request to ${doing} does not look like one from iTeraBiz`,
      `Check the Base URL of the credential: it should be the address of the API, not of a web page. The answer had status ${status}${begins && ` and begins: ${begins}`}.`,
    ],
    badKey: [
      'iTeraBiz does not accept the API key of this credential',
      `Compare the key with the one in your iTeraBiz dashboard, or create a new key there, and save it in the credential. ${quote} (status ${status}).`,
    ],
    noCredits: [
      `iTeraBiz says your account has no credits left${because}`,
      `Top up the credits in your iTeraBiz dashboard, or ask the owner of the account to, and run this item again. Nothing was made or charged for this request (status ${status}).`,
    ],
    notAllowed: [
      `iTeraBiz does not allow this API key to ${doing}${because}`,
      `Check that what this item names, such as the avatar, belongs to the account of this credential, and ask the owner of the account what this key may do. Nothing was made or charged for this request (status ${status}).`,
    ],
    misrouted: [
      `Something other than iTeraBiz answered the request to ${doing}${because}`,
      `Check the Base URL of the credential, which is usually https://api.iterabiz.com/v1. If it is right, a proxy or firewall answers in place of the API: ask your n8n or network administrator to let n8n reach iTeraBiz. If it keeps happening, write to ${SUPPORT} (status ${status}).`,
    ],
    intercepted: [
      `Something between n8n and iTeraBiz blocked the request to ${doing}${because}`,
      `${status === 407 ? 'A proxy requires its own user name and password' : 'A firewall, a proxy or a bot check answered in place of the API'}, so nothing was made or charged; your API key and this item are fine. Ask your n8n or network administrator to let n8n reach iTeraBiz; if it keeps happening, write to ${SUPPORT} (status ${status}).`,
    ],
    notFound: id
      ? [
          `iTeraBiz has nothing with the ID "${id}"`,
          `Check the ID, and that it belongs to the account of this credential. ${quote} (status ${status}).`,
        ]
      : [
          `iTeraBiz could not ${doing}: ${apiText || 'there is nothing at this address'}`,
          `Check the values of this item, and the Base URL of the credential, which is usually https://api.iterabiz.com/v1 (status ${status}).`,
        ],
    busy: [
      `iTeraBiz is too busy to ${doing}${tried}`,
      `${quote} (status ${status}). It refused the request, so nothing was made or charged for it. Run it again ${inHowLong(retryAfterOf(headers))}. If it keeps happening, lower Max Concurrency in the nodes that use this account.`,
    ],
    moved: [
      `iTeraBiz could not ${doing}: its address has moved`,
      `Check the Base URL of the credential${location && `; the answer points to ${location}`} (status ${status}).`,
    ],
    fault: [
      `iTeraBiz could not ${doing} because of a fault on its side${tried}`,
      `${quote} (status ${status}). Try again later; if it keeps happening, write to ${SUPPORT} and say when it happened.`,
    ],
  };
  const [message, description] = texts[statusClass] ?? [
    `iTeraBiz could not ${doing}${because || ` (status ${status})`}`,
    `${apiText ? `It answered with status ${status}` : quote}. If you cannot tell why, write to ${SUPPORT}.`,
  ];
  return { message, description };
}

/** Names a field only if the API names exactly one. */
function describeBadValues({ status, body }: ApiResponse, doing: string, apiText: string): Message {
  const [field, ...others] = fieldsNamedIn(body, Object.keys(LABELS));
  const label = others.length === 0 && LABELS[field];
  const advice = label
    ? `Correct "${label}" of this item and run it again.`
    : `If a value of this item is wrong, correct it and run the item again. If not, write to ${SUPPORT}.`;
  return {
    message: label
      ? `iTeraBiz refused the field "${label}": ${apiText.replaceAll(`${field}: `, '')}`
      : `iTeraBiz could not ${doing} with these values: ${apiText || 'it gave no reason'}`,
    description: `${advice} Nothing was made or charged for this request (status ${status}).`,
  };
}

/** Says that no answer came, and whether the request may have arrived anyway. */
export function describeNetworkError(
  error: NetworkError,
  { doing, toCheck = 'the Base URL of the credential', tries = 1, seconds = 0 }: Subject,
): Message {
  const tried = howOften(tries, seconds);
  const network = error.code && ` (network code ${error.code})`;
  if (error.maybeSent) {
    return {
      message: `The connection to iTeraBiz was lost before it answered the request to ${doing}${tried}`,
      description: `Try again in a moment${network}. If it keeps happening, write to ${SUPPORT}.`,
    };
  }
  if (isNotSecure(error)) {
    return {
      message: `iTeraBiz could not be reached to ${doing}: the certificate of the connection was not accepted${tried}`,
      description: `Could not connect securely${network}, so nothing was sent. If a company proxy or antivirus inspects the traffic of this n8n instance, ask whoever runs n8n to set NODE_EXTRA_CA_CERTS to the file with its certificate; if not, check ${toCheck} and the clock of the computer that n8n runs on.`,
    };
  }
  return {
    message: `iTeraBiz could not be reached to ${doing}${tried}`,
    description: `Could not connect${network}, so nothing was sent. Check ${toCheck} and that this n8n instance can reach the internet.`,
  };
}

function howOften(tries: number, seconds: number): string {
  if (tries <= 1) return '';
  return ` (tried ${tries} times over ${counted(Math.ceil(seconds), 'second')})`;
}

/** When to try again, as in `in about an hour`, given the milliseconds that the API asks for. */
export function inHowLong(milliseconds?: number): string {
  if (milliseconds === undefined) return 'in a few minutes';
  const minutes = Math.ceil(milliseconds / 60_000);
  if (minutes <= 1) return 'in a minute';
  if (minutes < 55) return `in about ${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  if (hours <= 1) return 'in about an hour';
  return hours < 36 ? `in about ${hours} hours` : `in about ${Math.round(hours / 24)} days`;
}
