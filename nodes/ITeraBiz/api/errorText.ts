import { isObject } from './json';

/** Longest text that is quoted from an answer, in characters. */
const LONGEST_QUOTE = 300;

/** More than that nobody reads. */
const MOST_PARTS = 200;

/** What is nested deeper is no message for people. */
const DEEPEST = 6;

/** What an answer says of one field of the request, as in `script`. */
export interface FieldError {
  field: string;
  text: string;
}

/** One thing that an answer says went wrong. */
interface ErrorPart extends Partial<FieldError> {
  text: string;
  /** A code or a name of a status, which tells less than a sentence */
  isCode?: boolean;
}

/** Where APIs put what went wrong, the most telling first. */
const TEXTS = [
  ...['error', 'errors', 'issues', 'violations', 'fieldErrors', 'formErrors', 'constraints'],
  ...['message', 'messages', 'msg', 'detail', 'details', 'title', 'reason', 'description'],
  ...['error_description', 'error_message', 'errorMessage', 'cause', 'data'],
];
const CODES = ['code', 'error_code', 'errorCode', 'type', 'name', 'status', 'statusText'];

/** Where they name the field. */
const FIELDS = [
  'field',
  'param',
  'property',
  'propertyName',
  'attribute',
  'path',
  'loc',
  'pointer',
];

/** What they send along that is not about what went wrong: the request itself, links, traces. */
const NOT_ABOUT_IT = [
  ...['body', 'ctx', 'docs', 'documentation_url', 'exception', 'file', 'headers', 'help'],
  ...['input', 'instance', 'received', 'request', 'stack', 'timestamp', 'trace', 'url', 'value'],
];

/** Names of a status, which say nothing that the status does not. */
const STATUS_NAME =
  /^(bad request|unauthorized|forbidden|not found|conflict|unprocessable (entity|content)|too many requests|internal server error|service unavailable|validation (failed|error)|error|fail(ed|ure)?|ok|success)$/i;

/**
 * What the API says went wrong, as plain text for a message, or `undefined` where it says nothing.
 *
 * Assumption: `{"error":{"code","message"}}`. The other usual shapes are read too, and all that they
 * say is collected: `{"message"}`, `{"detail":[{"loc","msg"}]}`, `{"errors":{"script":["…"]}}`, plain
 * text, and of an HTML page its title, never its markup. Where it is too long, the longest sentence
 * comes first.
 */
export function errorTextOf(body: unknown): string | undefined {
  const texts = tellingParts(body).map(({ field, text }) =>
    field && !text.startsWith(field) ? `${field}: ${text}` : text,
  );
  const all = texts.join('; ');
  if (all.length <= LONGEST_QUOTE) return all || undefined;
  const longestFirst = texts.sort((one, other) => other.length - one.length).join('; ');
  return `${longestFirst.slice(0, LONGEST_QUOTE)}…`;
}

/**
 * What the API says of single fields of the request: by its structure, or, in plain sentences, where
 * a text begins with the name of a field, quotes it, or uses a name that is no ordinary word.
 *
 * @param names the fields of the request
 */
export function fieldErrorsOf(body: unknown, names: string[]): FieldError[] {
  return tellingParts(body).flatMap(({ field, text }) => {
    const named = names.includes(field ?? '') ? field : names.find((name) => isNamedIn(text, name));
    return named === undefined ? [] : [{ field: named, text }];
  });
}

function isNamedIn(text: string, name: string): boolean {
  const anywhere = name.includes('_') ? `|\\b${name}\\b` : '';
  return new RegExp(
    `^(body[./])?${name}\\b|["'\`]${name}["'\`]|\\b${name} field\\b${anywhere}`,
  ).test(text);
}

/** All parts, each once; codes and names of a status only where nothing else is said. */
function tellingParts(body: unknown): ErrorPart[] {
  const whole = typeof body === 'string' ? textOfMarkup(body) : body;
  const parts = [...partsOf(whole)].slice(0, MOST_PARTS);
  const isTelling = ({ text, isCode }: ErrorPart) => !isCode && !STATUS_NAME.test(text);
  const told = parts.some(isTelling) ? parts.filter(isTelling) : parts.slice(0, 1);
  return told.filter((one, index) => !told.some((other, at) => covers(other, one, at < index)));
}

/** Whether a part says all that another one does. */
function covers(part: ErrorPart, other: ErrorPart, isEarlier: boolean): boolean {
  const isSame = part.text === other.text && part.field === other.field;
  if (part === other || isSame) return part !== other && isEarlier;
  return part.text.includes(other.text) && (other.field ?? part.field) === part.field;
}

function* partsOf(value: unknown, field?: string, levels = DEEPEST): Generator<ErrorPart> {
  if (typeof value === 'string') {
    const inner = jsonIn(value);
    if (inner !== undefined) return yield* partsOf(inner, field, levels - 1);
    const text = value.replace(/\s+/g, ' ').trim();
    if (text) yield { text, field };
  }
  if (typeof value !== 'object' || value === null || levels === 0) return;
  if (Array.isArray(value)) {
    for (const one of value) yield* partsOf(one, field, levels - 1);
    return;
  }
  const json = value as Record<string, unknown>;
  const own = fieldNamedIn(json) ?? field;
  for (const name of TEXTS) yield* partsOf(json[name], own, levels - 1);
  for (const [name, inner] of Object.entries(json)) {
    if ([...TEXTS, ...FIELDS, ...NOT_ABOUT_IT].includes(name)) continue;
    if (CODES.includes(name) && typeof inner === 'string') {
      if (inner.trim()) yield { text: inner.trim(), isCode: true };
    } else if (typeof inner !== 'string' || /\s/.test(inner.trim())) {
      yield* partsOf(inner, own ?? (isName(name) ? name : undefined), levels - 1);
    }
  }
}

/** As in `{"loc":["body","script"]}`, `{"field":"script"}` or `{"source":{"pointer":"/data/script"}}`. */
function fieldNamedIn(json: Record<string, unknown>): string | undefined {
  const source = isObject(json.source) ? json.source : {};
  const given = FIELDS.map((name) => json[name] ?? source[name]).find((one) => one !== undefined);
  const path = Array.isArray(given) ? given : typeof given === 'string' ? given.split(/[./]/) : [];
  const name: unknown = path.filter((one) => typeof one === 'string' && isName(one)).at(-1);
  return name as string | undefined;
}

function isName(word: string): boolean {
  return /^[a-z][a-z0-9_]*$/i.test(word);
}

/** Some APIs give a list of errors as text. */
function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Of a document its title or message, of other markup its words. */
function textOfMarkup(text: string): string | undefined {
  if (isPage(text)) return /<(title|message)[^>]*>([^<]*)</i.exec(text)?.[2];
  return /^\s*<[a-z]/i.test(text) ? text.replace(/<[^>]*>/g, ' ') : text;
}

/** Whether a body is a web page or an XML document, and not the API's own JSON. */
export function isPage(body: unknown): boolean {
  return typeof body === 'string' && /^\s*<(!doctype|html|\?xml|head|body)/i.test(body);
}
