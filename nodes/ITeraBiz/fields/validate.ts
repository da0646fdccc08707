import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { trimPasted } from '../api/address';
import { isId, isObject, readSwitch } from '../api/json';
import { visibleText } from '../api/text';
import { outcomeOf } from '../api/video';
import { LABELS, quoted } from '../messages/message';
import { limit, MAX_DURATION } from './fields';
import { codeOfLanguage, isLanguage, languageCode, likelyLanguage } from './languages';
import { orderOptions } from './options';

/** An invalid value, found before anything was sent. */
export class BadInput extends Error {
  constructor(
    message: string,
    readonly description: string,
  ) {
    super(message);
  }
}

/**
 * The user's options, checked; those not added are missing. `lookBack` is in days, `maxWait` in minutes,
 * `pollInterval` and `maxSeconds` (of video) in seconds.
 */
export interface Options {
  failedVideos?: 'stop' | 'output';
  fileName?: string;
  holdWhileWaiting?: boolean;
  lookBack?: number;
  maxConcurrency?: number;
  maxSeconds?: number;
  maxVideos?: number;
  maxWait?: number;
  pollInterval?: number;
  previewOnly?: boolean;
  resubmitUnknown?: boolean;
  whenVideoExists?: 'order' | 'reuse';
}

const CHECKS = new Map<string, (value: unknown, label: string) => string | number>([
  ['avatar_id', checkId],
  ['duration', checkDuration],
  ['image_url', checkUrl],
  ['language', checkLanguage],
  ['name', textOf],
  ['prompt', textOf],
  ['script', textOf],
  ['voice_id', idText],
]);

/**
 * The body to send: texts trimmed, the duration a number, the language code in its usual spelling.
 * Fields that this package does not know are left unchanged.
 *
 * @throws {BadInput} for the first field that is invalid or has no value
 */
export function checkBody(body: IDataObject): IDataObject {
  const fields = Object.entries(body);
  return Object.fromEntries(
    fields.map(([field, value]) => {
      const check = CHECKS.get(field) ?? checkOther;
      return [field, check(value, LABELS[field] ?? field)];
    }),
  );
}

/** A field that this package does not know may be empty, also with invisible characters, or "none". */
function checkOther(value: IDataObject[string], label: string): IDataObject[string] {
  const isText = typeof value === 'number' || typeof value === 'string';
  const mayStay = ['', 'none'].includes(visibleText(String(value)).toLowerCase());
  if (isText && !mayStay) textOf(value, label);
  return value;
}

const PROPERTIES = new Map([limit, ...orderOptions].map((property) => [property.name, property]));

/**
 * The options, with numbers as numbers, switches as booleans, and choices by their value. An option must
 * have a value, or an empty cell would remove a limit; only a switch may be without one, and is then off.
 *
 * @throws {BadInput} for the first one that is invalid
 */
export function checkOptions(options: object): Options {
  const checked = Object.entries(options).map(([name, value]) => [name, checkOption(name, value)]);
  return Object.fromEntries(checked);
}

function checkOption(name: string, value: unknown): unknown {
  const property = PROPERTIES.get(name);
  if (property?.type === 'number') return checkNumber(value, name);
  if (property?.type === 'boolean') return isOn(value, property.displayName);
  return property?.type === 'options' ? checkChoice(value, property) : value;
}

/** A number above zero that is not sent, e.g. `limit`. @throws {BadInput} if it is invalid */
export function checkNumber(value: unknown, name: string): number {
  const { displayName, typeOptions = {}, default: example } = PROPERTIES.get(name)!;
  const { minValue, numberPrecision } = typeOptions;
  const kind = numberPrecision === 0 ? 'whole number' : 'number';
  const number = numberIn(value, displayName);
  const isOfKind = kind === 'number' || Number.isInteger(number);
  if (isOfKind && number > 0 && number < Infinity) return number;
  const advice = `Enter one without a unit, such as ${example}`;
  const least = kind === 'number' ? 'above 0' : `of at least ${minValue}`;
  throw refusal(displayName, value, `is not a ${kind} ${least}`, advice);
}

/**
 * A credential's Max Videos per Day; `undefined` (no limit) if it is empty or 0.
 *
 * @throws {BadInput} if it is not a whole number of at least 0: a mistyped limit must not mean no limit
 */
export function checkDailyLimit(value: unknown): number | undefined {
  if ((value ?? '') === '') return undefined;
  const isNumber = typeof value !== 'object' && /^\s*\d+\s*$/.test(String(value));
  if (isNumber) return Number(value) || undefined;
  const advice = 'Enter a whole number such as 50 in the credential, or 0 for no limit';
  throw refusal('Max Videos per Day', value, 'is not a number of videos', advice);
}

/** Whether a switch is on; without a value, it is off. @throws {BadInput} if it is neither */
export function isOn(value: unknown, label: string): boolean {
  const on = readSwitch(value);
  if (on !== 'unclear') return on ?? false;
  throw refusal(label, value, 'is neither on nor off', 'Use true or false');
}

/** Accepts a choice's value, or its name in the editor. */
function checkChoice(value: unknown, { displayName, options }: INodeProperties): string {
  const choices = options as Array<{ name: string; value: string }>;
  const text = wordOf(value, displayName).toLowerCase();
  const chosen = choices.find((choice) => [choice.value, choice.name.toLowerCase()].includes(text));
  if (chosen) return chosen.value;
  const values = choices.map((choice) => choice.value).join(' or ');
  const advice = `Choose one from the list, or have the expression return ${values}`;
  throw refusal(displayName, value, 'is not one of the choices', advice);
}

const STATUSES = ['queued', 'processing', 'completed', 'failed'];

/** The status to filter by, in our own word. @throws {BadInput} if it could never match */
export function checkStatus(value: unknown): string | undefined {
  if ((value ?? '') === '') return undefined;
  const status = wordOf(value, 'Status').toLowerCase();
  const outcome = outcomeOf({ status });
  if (outcome !== 'running' || status === 'running') return outcome;
  if (STATUSES.includes(status)) return status;
  throw refusal('Status', value, 'is not a status', `Use one of ${STATUSES.join(', ')}`);
}

/** An ID that can be part of a URL; of an object, its `id`. @throws {BadInput} if it cannot be one */
export function checkId(value: unknown, label: string): string {
  const given = isObject(value) ? (value.id ?? value) : value;
  const id = idText(given, label);
  if (isId(id)) return id;
  const advice =
    'Choose one from the list, or enter its ID, which has no spaces and no slashes, such as abc_123';
  throw refusal(label, id, 'is not an ID', advice);
}

/** In seconds. Also reads `45 s`, `45 sec` and `0:45`, as found in spreadsheets. */
function checkDuration(value: unknown, label: string): number {
  const text = typeof value === 'number' ? '' : wordOf(value, label);
  const clock = /^(\d{1,2}):([0-5]\d)$/.exec(text);
  const seconds = clock
    ? Number(clock[1]) * 60 + Number(clock[2])
    : numberIn(value, label, SECONDS);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_DURATION) return seconds;
  const advice = `Enter a whole number of seconds from 1 to ${MAX_DURATION}, such as 45`;
  throw refusal(label, value, 'is not a valid duration', advice);
}

/** iTeraBiz decides which languages it supports; one that does not exist is a typo. */
function checkLanguage(value: unknown, label: string): string {
  const text = wordOf(value, label);
  const code = languageCode(text) ?? codeOfLanguage(text);
  if (code && isLanguage(code)) return code;
  const likely = likelyLanguage(text);
  const advice = likely
    ? `Did you mean ${likely}? A language's code is not always that of its country`
    : 'Choose a language from the list, or enter its English name, such as German, or its BCP-47 code, such as de-DE';
  throw refusal(label, text, 'is not a language', advice);
}

function checkUrl(value: unknown, label: string): string {
  const text = pastedText(value, label);
  if (/^https?:\/\/\S+$/i.test(text) && URL.canParse(text)) return text;
  const advice =
    'Enter the address of a picture that iTeraBiz can open from the internet. It begins with https://, for example https://example.com/photo.jpg';
  throw refusal(label, text, 'is not a web address', advice);
}

const SECONDS = /(s|secs?|seconds?)\.?$/i;

/**
 * A number as people and spreadsheets write it: `45`, `45.0` or `45,0`; `NaN` if it is not a number.
 *
 * @throws {BadInput} if it is ambiguous, e.g. `1.000`
 */
function numberIn(value: unknown, label: string, unit = /$/): number {
  if (typeof value === 'number') return value;
  const text = wordOf(value, label);
  const digits = text.replace(unit, '').trim();
  if (/^\d+[.,]\d{3}$/.test(digits)) {
    const advice = 'Write it without periods or commas, such as 1000';
    throw refusal(label, text, 'can be read as two different numbers', advice);
  }
  return /^\d+([.,]\d+)?$/.test(digits) ? Number(digits.replace(',', '.')) : NaN;
}

/** What programs and spreadsheets write as text for a missing value. */
const PLACEHOLDER =
  /^(undefined|null|none|NaN|n\/a|\[object \w+\](, ?\[object \w+\])*|#(N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|ERROR!|SPILL!|CALC!|GETTING_DATA)|Loading(\.{3}|…))$/i;

/** Nothing but an expression that n8n did not evaluate. */
const EXPRESSION = /^=?\s*\{\{.*\}\}$/s;

/**
 * A value as trimmed text. An expression may return a number for a text field.
 *
 * @throws {BadInput} if it is empty, no text, or stands for a missing value
 */
export function textOf(value: unknown, label: string): string {
  const given = value ?? '';
  if (typeof given !== 'string' && !Number.isFinite(given)) {
    const advice = 'If it comes from an expression, make it point to a single value';
    throw refusal(label, given, 'is not text', advice);
  }
  const text = String(given).trim();
  const visible = visibleText(text);
  if (visible === '') {
    throw new BadInput(
      `"${label}" is empty`,
      `Fill in "${label}" for this item. If it comes from an expression, check that the item has that field. Nothing was sent for this item.`,
    );
  }
  if (EXPRESSION.test(visible)) {
    const advice = `Switch "${label}" from Fixed to Expression`;
    throw refusal(label, visible, 'is an expression that n8n did not fill in', advice);
  }
  // Nan is a name, too. Programs write NaN or nan.
  if (PLACEHOLDER.test(visible) && visible !== 'Nan') {
    const advice = 'Check the step or the spreadsheet that this item comes from';
    throw refusal(label, visible, 'stands for a missing value', advice);
  }
  return text;
}

/** The text of a value that is not spoken: without invisible characters. @throws {BadInput} as above */
function wordOf(value: unknown, label: string): string {
  return visibleText(textOf(value, label));
}

/** The text of a value that people copy, without what gets copied along with it. @throws {BadInput} as above */
function pastedText(value: unknown, label: string): string {
  return textOf(trimPasted(textOf(value, label)), label);
}

/** The same for an ID. @throws {BadInput} also for a number that JavaScript has rounded */
function idText(value: unknown, label: string): string {
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) return pastedText(value, label);
  const advice = 'Enter it as text: as a number, it may have lost digits';
  throw refusal(label, value, 'is not an exact ID', advice);
}

function refusal(label: string, value: unknown, problem: string, advice: string): BadInput {
  return new BadInput(
    `"${label}": "${quoted(value)}" ${problem}`,
    `${advice}. Nothing was sent for this item.`,
  );
}
