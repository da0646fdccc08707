import { isObject, jsonOrText } from './json';

/** Longest text that is quoted from an answer, in characters. */
const MAX_QUOTE_LENGTH = 300;

/** More than that nobody reads, and what is nested deeper is no message for people. */
const MAX_PARTS = 200;
const MAX_DEPTH = 7;

/** One thing that an answer says went wrong. */
interface ErrorPart {
  text: string;
  /** Of the request, as in `script` */
  field?: string;
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
  ...['field', 'param', 'property', 'propertyName', 'attribute', 'path', 'loc', 'pointer'],
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
 * Assumption: `{"error":{"code","message"}}`. The other usual shapes are read too, and all that they say is
 * collected; of an HTML page its title, never its markup. Where it is too long, the longest sentence comes
 * first.
 */
export function errorTextOf(body: unknown): string | undefined {
  const parts = tellingParts(body);
  const all = joined(parts);
  if (all.length <= MAX_QUOTE_LENGTH) return all || undefined;
  const longestFirst = parts.sort((a, b) => b.text.length - a.text.length);
  return `${joined(longestFirst).slice(0, MAX_QUOTE_LENGTH)}…`;
}

function joined(parts: ErrorPart[]): string {
  const texts = parts.map(({ field, text }) =>
    field && !text.startsWith(field) ? `${field}: ${text}` : text,
  );
  return texts.join('; ');
}

/**
 * What the API says of single fields of the request: by its structure, or, in plain sentences, where
 * a text begins with the name of a field, quotes it, or uses a name that is no ordinary word.
 *
 * @param names the fields of the request
 */
export function fieldErrorsOf(body: unknown, names: string[]) {
  return tellingParts(body).flatMap(({ field = '', text }) => {
    const named = names.includes(field) ? field : names.find((name) => isNamedIn(text, name));
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
  const parts = partsOf(typeof body === 'string' ? textOfMarkup(body) : body).slice(0, MAX_PARTS);
  const telling = parts.filter(({ text, isCode }) => !isCode && !STATUS_NAME.test(text));
  const told = telling.length > 0 ? telling : parts.slice(0, 1);
  const unique = [...new Map(told.map((part) => [`${part.field} ${part.text}`, part])).values()];
  return unique.filter((one) => !unique.some((other) => other !== one && covers(other, one)));
}

/** Whether a part says all that another one does. */
function covers({ text, field }: ErrorPart, other: ErrorPart): boolean {
  return text.includes(other.text) && (other.field ?? field) === field;
}

function partsOf(value: unknown, field?: string, levels = MAX_DEPTH): ErrorPart[] {
  if (levels === 0) return [];
  const within = (inner: unknown, of = field) => partsOf(inner, of, levels - 1);
  if (typeof value === 'string') {
    // Some APIs give a list of errors as text.
    const json = /^\s*[[{]/.test(value) ? jsonOrText(value) : value;
    if (json !== value) return within(json);
    const text = value.replace(/\s+/g, ' ').trim();
    return text ? [{ text, field }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((one) => within(one));
  if (!isObject(value)) return [];
  const own = fieldNamedIn(value) ?? field;
  const others = Object.entries(value).flatMap(([name, inner]) => {
    if ([...TEXTS, ...FIELDS, ...NOT_ABOUT_IT].includes(name)) return [];
    const word = typeof inner === 'string' ? inner.trim() : undefined;
    if (word && CODES.includes(name)) return [{ text: word, isCode: true }];
    if (word !== undefined && !/\s/.test(word)) return [];
    return within(inner, own ?? (isName(name) ? name : undefined));
  });
  return [...TEXTS.flatMap((name) => within(value[name], own)), ...others];
}

/** As in `{"loc":["body","script"]}`, `{"field":"script"}` or `{"source":{"pointer":"/data/script"}}`. */
function fieldNamedIn(json: Record<string, unknown>): string | undefined {
  const source = isObject(json.source) ? json.source : {};
  const given = FIELDS.map((name) => json[name] ?? source[name]).find((one) => one !== undefined);
  return [given].flat().join('.').split(/[./]/).filter(isName).at(-1);
}

function isName(word: string): boolean {
  return /^[a-z][a-z0-9_]*$/i.test(word);
}

/** Of a document its title or message, of other markup its words. */
function textOfMarkup(text: string): string | undefined {
  const isDocument = /^\s*<(!doctype|html|\?xml|head|body)/i.test(text);
  if (isDocument) return /<(title|message)[^>]*>([^<]*)</i.exec(text)?.[2];
  return /^\s*<[a-z]/i.test(text) ? text.replace(/<[^>]*>/g, ' ') : text;
}
