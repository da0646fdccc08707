import { type ApiResponse, NetworkError } from '../api/response';
import { errorTextOf } from '../api/errorText';
import { statusClassOf } from '../api/status';
import { LABELS } from './labels';
import { type Message, SUPPORT, withoutStop } from './message';

/** What a message says about the request, besides the answer to it. */
export interface Subject {
  /** What was asked for, to follow "iTeraBiz could not …", as in `create the video` */
  doing: string;
  /** The ID the request is about, as in `vid_123`, for the message of a 404 */
  id?: string;
  /** How often it was tried, and over how many seconds, where more than once */
  tries?: number;
  seconds?: number;
}

/**
 * Says what an answer with a status outside 2xx means and what to do about it.
 *
 * What each status means, `api/status` says; a status that is not known there has a message too,
 * with the status and the API's words.
 */
export function describeRefusal(
  answer: ApiResponse,
  { doing, id, tries = 1, seconds = 0 }: Subject,
): Message {
  const { status, body, headers } = answer;
  const meaning = statusClassOf(answer);
  const words = errorTextOf(body);
  const said = words && withoutStop(words);
  const quote = said ? `iTeraBiz says: ${said}` : 'iTeraBiz gave no reason';
  const tried = howOften(tries, seconds);

  if (meaning === 'badKey') {
    return {
      message: 'iTeraBiz does not accept the API key of this credential',
      description: `Compare the key with the one in your iTeraBiz dashboard, or make a new key there, and save it in the credential. ${quote} (status ${status}).`,
    };
  }
  if (meaning === 'noCredits') {
    return {
      message: `iTeraBiz has no credits left for this account${said ? `: ${said}` : ''}`,
      description: `Top up the credits in your iTeraBiz dashboard, or ask the owner of the account to, and run it again. Nothing was made or charged for this item (status ${status}).`,
    };
  }
  if (meaning === 'notAllowed') {
    return {
      message: `iTeraBiz does not allow this API key to ${doing}${said ? `: ${said}` : ''}`,
      description: `Check that what this item names, such as the avatar, belongs to the account of this credential, and ask the owner of the account what this key may do. Nothing was made or charged for this item (status ${status}).`,
    };
  }
  if (meaning === 'badValues') {
    const field = fieldIn(said);
    const label = field && LABELS[field];
    return {
      message: label
        ? `iTeraBiz refused the field "${label}": ${withoutField(String(said), field)}`
        : `iTeraBiz could not ${doing} with these values: ${said ?? 'it gave no reason'}`,
      description: `Correct ${label ? `"${label}"` : 'the values'} of this item and run it again; nothing was made or charged for it (status ${status}).`,
    };
  }
  if (meaning === 'notFound') {
    return {
      message: id
        ? `iTeraBiz has nothing with the ID "${id}"`
        : `iTeraBiz could not ${doing}: ${said ?? 'there is nothing at this address'}`,
      description: id
        ? `Check the ID, and that it belongs to the account of this credential. ${quote} (status 404).`
        : 'Check the values of this item, and the Base URL of the credential, which is usually https://api.iterabiz.com/v1 (status 404).',
    };
  }
  if (meaning === 'busy') {
    return {
      message: `iTeraBiz is too busy to ${doing}${tried}`,
      description: `${quote} (status ${status}). It refused the request, so nothing was made or charged for it. Run it again in a few minutes, or lower Max Concurrency in the options.`,
    };
  }
  if (meaning === 'moved') {
    return {
      message: `iTeraBiz could not ${doing}: its address has moved`,
      description: `Check the Base URL of the credential${typeof headers.location === 'string' ? `; the answer points to ${withoutQuery(headers.location)}` : ''} (status ${status}).`,
    };
  }
  if (meaning === 'fault' || meaning === 'unreachable') {
    return {
      message: `iTeraBiz could not ${doing} because of a fault on its side${tried}`,
      description: `${quote} (status ${status}). Try again later; if it stays, write to ${SUPPORT} and say when it happened.`,
    };
  }
  return {
    message: `iTeraBiz could not ${doing} (status ${status})`,
    description: `${quote}. If you cannot tell why, write to ${SUPPORT}.`,
  };
}

/** Says that no answer came, and whether the request may have arrived all the same. */
export function describeNetworkError(
  { code, maybeSent }: NetworkError,
  { doing, tries = 1, seconds = 0 }: Subject,
): Message {
  const tried = howOften(tries, seconds);
  if (!maybeSent) {
    return {
      message: `iTeraBiz could not be reached to ${doing}${tried}`,
      description: `No connection came about${network(code)}, so nothing was sent. Check the Base URL of the credential and that this n8n may reach the internet.`,
    };
  }
  return {
    message: `The connection to iTeraBiz broke off before it answered the request to ${doing}${tried}`,
    description: `Try again in a moment${network(code)}. If it stays, write to ${SUPPORT}.`,
  };
}

/** Says that a 2xx answer is not what the API sends, as from a web page at the base URL. */
export function describeStrangeAnswer({ status, body }: ApiResponse, { doing }: Subject): Message {
  const said = typeof body === 'string' ? errorTextOf(body) : undefined;
  return {
    message: `The answer to the request to ${doing} does not look like one from iTeraBiz`,
    description: `Check the Base URL of the credential: it should be the address of the API, not of a web page. The answer had status ${status}${said ? ` and begins: ${said.slice(0, 100)}` : ''}.`,
  };
}

/** An aside for a message, of how often and how long it was tried; nothing after a single try. */
function howOften(tries: number, seconds: number): string {
  if (tries <= 1) return '';
  const whole = Math.ceil(seconds);
  return ` (tried ${tries} times over ${whole === 1 ? '1 second' : `${whole} seconds`})`;
}

/** The first field of the API that a text names, of those that the editor has a name for. */
function fieldIn(text = ''): string | undefined {
  return Object.keys(LABELS).find((name) => new RegExp(`\\b${name}\\b`).test(text));
}

/** What is said of a field, without its name in front, as in `avatar_id: there is no …`. */
function withoutField(text: string, field: string): string {
  return text.replace(new RegExp(`^${field}\\s*:\\s*`), '');
}

/** The network's own word as an aside. Spaced out. n8n behaviour: it replaces a message that contains it. */
function network(code: string): string {
  return code ? ` (network code ${code})` : '';
}

/** An address without what may be secret in it. */
function withoutQuery(address: string): string {
  return address.split('?')[0];
}
