import type { IDataObject } from 'n8n-workflow';

import { isId } from '../api/ids';
import { languageCode } from '../api/language';
import { LONGEST_DURATION } from './duration';
import { codeOfLanguage } from './languages';
import { LABELS } from '../messages/labels';
import type { Message } from '../messages/message';

/** What a user chose under Options; what is not shown for an operation is missing. */
export interface Options {
  maxConcurrency?: number;
  maxSeconds?: number;
  maxVideos?: number;
  previewOnly?: boolean;
  resubmitUnknown?: boolean;
  whenVideoExists?: 'order' | 'reuse';
  lookBack?: number;
  maxWait?: number;
  pollInterval?: number;
  failedVideos?: 'stop' | 'output';
  holdWhileWaiting?: boolean;
  fileName?: string;
}

/** Longest part of a bad value that a message quotes, in characters. */
const LONGEST_QUOTE = 60;

/** A value that cannot be right, found before anything was sent. */
export class BadInput extends Error {
  /** @param said what to show the user */
  constructor(readonly said: Message) {
    super(said.message);
  }
}

type Check = (value: IDataObject[string], label: string) => string | number;

const CHECKS: Record<string, Check> = {
  avatar_id: checkId,
  duration: checkDuration,
  image_url: checkUrl,
  language: checkLanguage,
  name: checkText,
  prompt: checkText,
  script: checkText,
  voice_id: checkText,
};

/**
 * The body to send, from what the user gave: texts trimmed, the duration a number, the language
 * code in its usual spelling. Fields that this package does not know stay as they are.
 *
 * @param body by field of the API; a known field that is there has to have a value
 * @throws {BadInput} for the first field that cannot be right
 */
export function checkBody(body: IDataObject): IDataObject {
  return Object.fromEntries(
    Object.entries(body).map(([field, value]) => {
      const check = Object.prototype.hasOwnProperty.call(CHECKS, field) && CHECKS[field];
      return [field, check ? check(value, LABELS[field]) : value];
    }),
  );
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
    advice: 'Enter a whole number from 1 on, as in 50',
    isWhole: true,
  },
  maxConcurrency: {
    label: 'Max Concurrency',
    is: 'is not a number of requests',
    advice: 'Enter a whole number from 1 on, as in 5',
    isWhole: true,
  },
  maxSeconds: {
    label: 'Max Seconds',
    is: 'is not a length of videos',
    advice: 'Enter a whole number of seconds from 1 on, without a unit, as in 600',
    isWhole: true,
  },
  maxVideos: {
    label: 'Max Videos',
    is: 'is not a number of videos',
    advice: 'Enter a whole number from 1 on, as in 10',
    isWhole: true,
  },
  maxWait: {
    label: 'Max Wait (Minutes)',
    is: 'is not a time to wait',
    advice: 'Enter a number of minutes, without a unit, as in 60',
  },
  pollInterval: {
    label: 'Poll Interval (Seconds)',
    is: 'is not a time between two looks',
    advice: 'Enter a number of seconds from 2 on, without a unit, as in 10',
  },
};

/**
 * The options, their numbers as such. One that is there has to have a value: a bound that an empty
 * cell took away would be no bound.
 *
 * @throws {BadInput} for the first that cannot be right
 */
export function checkOptions(options: Options): Options {
  const checked = Object.entries(options).map(([name, value]) => [
    name,
    Object.prototype.hasOwnProperty.call(NUMBERS, name) ? checkNumber(value, name) : value,
  ]);
  return Object.fromEntries(checked) as Options;
}

/**
 * One of the numbers that are not sent, as in `limit`.
 *
 * @throws {BadInput} when it cannot be right
 */
export function checkNumber(value: unknown, name: string): number {
  const { label, is, advice, isWhole } = NUMBERS[name];
  const text = typeof value === 'number' ? String(value) : textOf(value, label);
  const number = Number(text);
  const isRight = Number.isFinite(number) && number > 0;
  if (isRight && (!isWhole || Number.isInteger(number))) return number;
  throw refusal(label, text, is, advice);
}

/**
 * Whether a switch is on. An expression may well give its text.
 *
 * @throws {BadInput} when it is neither on nor off
 */
export function isOn(value: unknown, label: string): boolean {
  if ([undefined, null, '', false, 'false'].includes(value as string)) return false;
  if (value === true || value === 'true') return true;
  throw refusal(label, quoted(value), 'is neither on nor off', 'Let it be true or false');
}

/**
 * An ID as text, ready to be put into an address.
 *
 * @param label what the editor calls the field, as in `Video`
 * @throws {BadInput} when it cannot be one
 */
export function checkId(value: unknown, label: string): string {
  const id = textOf(value, label);
  // What a template makes of a value that is not there.
  if (isId(id) && !/^(nan|null|undefined)$/i.test(id)) return id;
  throw refusal(
    label,
    id,
    'is not an ID',
    'Choose one from the list, or enter its ID, which has no spaces and no slashes, as in abc_123',
  );
}

function checkText(value: unknown, label: string): string {
  return textOf(value, label);
}

function checkDuration(value: unknown, label: string): number {
  const text = typeof value === 'number' ? String(value) : textOf(value, label);
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_DURATION) return seconds;
  throw refusal(
    label,
    text,
    'is not a length for a video',
    `Enter a whole number of seconds from 1 to ${LONGEST_DURATION}, without a unit, as in 45`,
  );
}

/** Well-formed codes pass even if we do not know them: what iTeraBiz speaks is for it to say. */
function checkLanguage(value: unknown, label: string): string {
  const text = textOf(value, label);
  const code = codeOfLanguage(text) ?? languageCode(text);
  if (code) return code;
  throw refusal(
    label,
    text,
    'is not a language',
    'Choose a language from the list, or enter its English name, as in German, or its BCP-47 code, as in de-DE',
  );
}

function checkUrl(value: unknown, label: string): string {
  const text = textOf(value, label);
  if (isWebAddress(text)) return text;
  throw refusal(
    label,
    text,
    'is not a web address',
    'Enter the address of a picture that iTeraBiz can open from the internet. It begins with https://, as in https://example.com/photo.jpg',
  );
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text);
}

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
  if (text === '') throw emptiness(label);
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
