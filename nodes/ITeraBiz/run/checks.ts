import type { IDataObject } from 'n8n-workflow';

import { isId } from '../api/ids';
import { languageCode } from '../api/language';
import { LONGEST_DURATION } from '../fields/duration';
import { codeOfLanguage } from '../fields/languages';
import { LABELS } from '../messages/labels';
import type { Message } from '../messages/message';

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

/**
 * An ID as text, ready to be put into an address.
 *
 * @param label what the editor calls the field, as in `Video`
 * @throws {BadInput} when it cannot be one
 */
export function checkId(value: unknown, label: string): string {
  const id = textOf(value, label);
  if (isId(id)) return id;
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
  const text = textOf(value, label);
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
  if (!/^https?:\/\/\S+$/i.test(text)) return false;
  try {
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}

/** A value as trimmed text. An expression may well give a number where a text is wanted. */
function textOf(value: unknown, label: string): string {
  if (value === undefined || value === null || value === '') throw emptiness(label);
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw refusal(
      label,
      JSON.stringify(value),
      'is not a text',
      'If it comes from an expression, let it point to one single value',
    );
  }
  const text = String(value).trim();
  if (text === '') throw emptiness(label);
  return text;
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
