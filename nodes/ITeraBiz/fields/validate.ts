import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isId, isObject, readSwitch } from '../api/json';
import { visibleText } from '../api/text';
import { outcomeOf } from '../api/video';
import { LONGEST_DURATION } from './fields';
import { codeOfLanguage, isLanguage, languageCode, likelyLanguage } from './languages';
import { lookBack, previewOnly, resubmitUnknown, waitingOptions, whenVideoExists } from './options';
import { LABELS, type Message } from '../messages/message';

/** Longest part of a bad value that a message quotes, in characters. */
const LONGEST_QUOTE = 60;

/** An invalid value, found before anything was sent. */
export class BadInput extends Error {
  /** @param said what to show the user */
  constructor(readonly said: Message) {
    super(said.message);
  }
}

type Check = (value: unknown, label: string) => string | number;

const CHECKS: Record<string, Check> = {
  avatar_id: checkId,
  duration: checkDuration,
  image_url: checkUrl,
  language: checkLanguage,
  name: textOf,
  prompt: textOf,
  script: textOf,
  voice_id: textOf,
};

/**
 * The body to send, from what the user gave: texts trimmed, the duration a number, the language
 * code in its usual spelling. Fields that this package does not know stay as they are.
 *
 * @param body by field of the API; a known field that is there has to have a value
 * @throws {BadInput} for the first field that is invalid
 */
export function checkBody(body: IDataObject): IDataObject {
  return Object.fromEntries(
    Object.entries(body).map(([field, value]) => {
      const check = Object.prototype.hasOwnProperty.call(CHECKS, field) && CHECKS[field];
      return [field, check ? check(value, LABELS[field]) : value];
    }),
  );
}

/** What a user chose under Options, checked; what is not said is missing. */
export interface Options {
  failedVideos?: 'stop' | 'output';
  fileName?: string;
  holdWhileWaiting?: boolean;
  /** Days */
  lookBack?: number;
  maxConcurrency?: number;
  /** Seconds of video */
  maxSeconds?: number;
  maxVideos?: number;
  /** Minutes */
  maxWait?: number;
  /** Seconds */
  pollInterval?: number;
  previewOnly?: boolean;
  resubmitUnknown?: boolean;
  whenVideoExists?: 'order' | 'reuse';
}

/** A number above zero among the options or the fields that are not sent, and how to say what it may be. */
interface NumberRule {
  label: string;
  /** To follow the quoted value, as in `is not a number of videos` */
  is: string;
  advice: string;
  isWhole?: boolean;
}

const NUMBERS: Record<string, NumberRule> = {
  limit: {
    label: 'Limit',
    is: 'is not a number of results',
    advice: 'Enter a whole number of at least 1, such as 50',
    isWhole: true,
  },
  lookBack: {
    label: lookBack.displayName,
    is: 'is not a number of days',
    advice: 'Enter a number of days, without a unit, such as 30',
  },
  maxConcurrency: {
    label: 'Max Concurrency',
    is: 'is not a number of requests',
    advice: 'Enter a whole number of at least 1, such as 5',
    isWhole: true,
  },
  maxSeconds: {
    label: 'Max Seconds',
    is: 'is not a number of seconds',
    advice: 'Enter a whole number of seconds of at least 1, without a unit, such as 600',
    isWhole: true,
  },
  maxVideos: {
    label: 'Max Videos',
    is: 'is not a number of videos',
    advice: 'Enter a whole number of at least 1, such as 10',
    isWhole: true,
  },
  maxWait: {
    label: 'Max Wait (Minutes)',
    is: 'is not a time to wait',
    advice: 'Enter a number of minutes, without a unit, such as 60',
  },
  pollInterval: {
    label: 'Poll Interval (Seconds)',
    is: 'is not a time between two checks',
    advice: 'Enter a number of seconds of at least 2, without a unit, such as 10',
  },
};

const properties = [previewOnly, resubmitUnknown, whenVideoExists, ...waitingOptions];

/**
 * The options as they count from here on: numbers as numbers, switches as booleans, choices by their
 * value. One that is there has to have a value, but for a switch, which is then off: a limit that an
 * empty cell took away would be no limit.
 *
 * @throws {BadInput} for the first that is invalid
 */
export function checkOptions(options: object): Options {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]: [string, unknown]) => {
      if (Object.prototype.hasOwnProperty.call(NUMBERS, name)) {
        return [name, checkNumber(value, name)];
      }
      const property = properties.find((one) => one.name === name);
      if (property?.type === 'boolean') return [name, isOn(value, property.displayName)];
      return [name, property?.type === 'options' ? checkChoice(value, property) : value];
    }),
  );
}

/**
 * Max Videos per Day of a credential: nothing, and 0, is no limit.
 *
 * @throws {BadInput} when it is no whole number of at least 0: a limit that is misspelled is none
 */
export function checkDailyLimit(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  if (/^\d+$/.test(text)) return Number(text) || undefined;
  throw refusal(
    'Max Videos per Day',
    quoted(value),
    'is not a number of videos',
    'Enter a whole number such as 50 in the credential, or 0 for no limit',
  );
}

/**
 * One of the numbers that are not sent, as in `limit`.
 *
 * @throws {BadInput} when it is invalid
 */
export function checkNumber(value: unknown, name: string): number {
  const { label, is, advice, isWhole } = NUMBERS[name];
  const text = typeof value === 'number' ? String(value) : textOf(value, label);
  const number = numberIn(value, label);
  if (number > 0 && number < Infinity && (!isWhole || Number.isInteger(number))) return number;
  throw refusal(label, text, is, advice);
}

/**
 * Whether a switch is on. One of which nothing is said is off.
 *
 * @throws {BadInput} when it is neither on nor off
 */
export function isOn(value: unknown, label: string): boolean {
  const on = readSwitch(value);
  if (on !== 'unclear') return on ?? false;
  throw refusal(label, quoted(value), 'is neither on nor off', 'Use true or false');
}

/** By its value or by its name in the editor. */
function checkChoice(value: unknown, { displayName, options = [] }: INodeProperties): string {
  const choices = options as Array<{ name: string; value: string }>;
  const text = textOf(value, displayName).toLowerCase();
  const chosen = choices.find((one) => [one.value, one.name.toLowerCase()].includes(text));
  if (chosen) return chosen.value;
  const values = choices.map((one) => one.value).join(' or ');
  const advice = `Choose one from the list, or let the expression give ${values}`;
  throw refusal(displayName, quoted(value), 'is not one of the choices', advice);
}

const STATUSES = ['queued', 'processing', 'completed', 'failed'];

/**
 * The status that a list of videos is filtered by, in our word for it, or `undefined` where all are
 * wanted.
 *
 * @throws {BadInput} when it cannot be one: nothing would ever be found
 */
export function checkStatus(value: unknown): string | undefined {
  if ([undefined, null, ''].includes(value as string)) return undefined;
  const label = 'Status';
  const status = textOf(value, label).toLowerCase();
  const outcome = outcomeOf({ status });
  if (outcome !== 'running' || status === 'running') return outcome;
  if (STATUSES.includes(status)) return status;
  throw refusal(label, quoted(value), 'is not a status', `Use one of ${STATUSES.join(', ')}`);
}

/**
 * An ID as text, ready to be put into an address. An object that an expression gives counts by its ID.
 *
 * @param label what the editor calls the field, as in `Video`
 * @throws {BadInput} when it cannot be one
 */
export function checkId(value: unknown, label: string): string {
  const given = isObject(value) ? (value.id ?? value) : value;
  const id = textOf(given, label);
  if (typeof given === 'number' && !Number.isSafeInteger(given)) {
    const advice = 'Give it as text: a number this long loses its last digits';
    throw refusal(label, id, 'is not an exact ID', advice);
  }
  if (isId(id)) return id;
  throw refusal(
    label,
    id,
    'is not an ID',
    'Choose one from the list, or enter its ID, which has no spaces and no slashes, such as abc_123',
  );
}

const SECONDS = /\s*(s|secs?|seconds?)\.?$/i;

/** Also `45 s`, `45 sec` and `0:45`, as tables have it. */
function checkDuration(value: unknown, label: string): number {
  const text = typeof value === 'number' ? String(value) : textOf(value, label);
  const [, minutes, rest] = /^(\d{1,2}):([0-5]\d)$/.exec(text) ?? [];
  const seconds = rest ? Number(minutes) * 60 + Number(rest) : numberIn(value, label, SECONDS);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_DURATION) return seconds;
  throw refusal(
    label,
    text,
    'is not a valid duration',
    `Enter a whole number of seconds from 1 to ${LONGEST_DURATION}, such as 45`,
  );
}

/** What iTeraBiz speaks is for it to say; but a language that nobody knows is a slip. */
function checkLanguage(value: unknown, label: string): string {
  const text = textOf(value, label);
  const code = codeOfLanguage(text) ?? languageCode(text);
  if (code && isLanguage(code)) return code;
  const likely = likelyLanguage(text);
  throw refusal(
    label,
    text,
    'is not a language',
    likely
      ? `Did you mean ${likely}? The code of a language is not always that of its country`
      : 'Choose a language from the list, or enter its English name, such as German, or its BCP-47 code, such as de-DE',
  );
}

function checkUrl(value: unknown, label: string): string {
  const text = textOf(value, label);
  if (/^https?:\/\/\S+$/i.test(text) && URL.canParse(text)) return text;
  throw refusal(
    label,
    text,
    'is not a web address',
    'Enter the address of a picture that iTeraBiz can open from the internet. It begins with https://, as in https://example.com/photo.jpg',
  );
}

/**
 * A number as people and tables write it: `45`, `45.0`, or `45,0` with the comma that half the world
 * uses. `NaN` where it is none.
 *
 * @param unit what may follow it
 * @throws {BadInput} when it could be two, as `1.000`
 */
function numberIn(value: unknown, label: string, unit = /$/): number {
  if (typeof value === 'number') return value;
  const text = textOf(value, label);
  const [, whole, digits = '0'] = /^(\d+)(?:[.,](\d+))?$/.exec(text.replace(unit, '')) ?? [];
  if (digits.length !== 3) return whole ? Number(`${whole}.${digits}`) : NaN;
  const advice = 'Write it without dots and commas, such as 1000';
  throw refusal(label, text, 'can be read as two different numbers', advice);
}

/** What stands in place of a value that is missing, when a program or a spreadsheet writes it as text. */
const PLACEHOLDER =
  /^(undefined|null|none|NaN|n\/a|\[object \w+\](, ?\[object \w+\])*|#(N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|ERROR!|SPILL!|CALC!|GETTING_DATA)|Loading(\.{3}|…))$/i;

/** An expression that n8n did not work out, and nothing else. */
const EXPRESSION = /^=?\s*\{\{.*\}\}$/s;

/** A value as trimmed text. An expression may well give a number where a text is wanted. */
function textOf(value: unknown, label: string): string {
  if (value === undefined || value === null) throw emptiness(label);
  if (typeof value !== 'string' && !Number.isFinite(value)) {
    throw refusal(
      label,
      quoted(value),
      'is not a text',
      'If it comes from an expression, let it point to one single value',
    );
  }
  const text = String(value).trim();
  const visible = visibleText(text);
  if (visible === '') throw emptiness(label);
  if (EXPRESSION.test(visible)) {
    const advice = `Switch "${label}" from Fixed to Expression, so that n8n puts in the value`;
    throw refusal(label, visible, 'is an expression that was not evaluated', advice);
  }
  if (PLACEHOLDER.test(visible)) {
    const advice =
      'It stands for a value that is missing: check the step or the spreadsheet that this item comes from';
    throw refusal(label, visible, 'is not a value', advice);
  }
  return text;
}

/** A value that is no text, to be quoted in a message. */
function quoted(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function emptiness(label: string): BadInput {
  return new BadInput({
    message: `"${label}" is empty`,
    description: `Fill in "${label}" for this item. If it comes from an expression, check that the item has that field. Nothing was sent to iTeraBiz.`,
  });
}

function refusal(label: string, value: string, is: string, advice: string): BadInput {
  const quote = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value;
  return new BadInput({
    message: `"${label}": "${quote}" ${is}`,
    description: `${advice}. Nothing was sent to iTeraBiz.`,
  });
}
