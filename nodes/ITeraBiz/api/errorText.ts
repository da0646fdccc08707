import { isObject, jsonOrText } from './json';

/** How much of a text is quoted, and how much of it is read, in characters. */
const MAX_QUOTE_LENGTH = 300;
const MAX_TEXT_LENGTH = 20_000;

/** People read no more parts than this, nor longer ones, and deeper nesting holds no messages for them. */
const MAX_PARTS = 200;
const MAX_PART_LENGTH = 1_000;
const MAX_DEPTH = 7;

/** One problem that a response reports. */
interface ErrorPart {
  text: string;
  /** The request's field that it is about, e.g. `script` */
  field?: string;
  /** A code or a status name, which says less than a sentence */
  isCode?: boolean;
}

/** Where APIs put their error messages. */
const MESSAGE_KEYS = [
  ...['error', 'errors', 'issues', 'violations', 'fieldErrors', 'formErrors', 'constraints'],
  ...['message', 'messages', 'msg', 'detail', 'details', 'title', 'reason', 'description'],
  ...['error_description', 'error_message', 'errorMessage', 'cause', 'data'],
];
const CODE_KEYS = ['code', 'error_code', 'errorCode', 'type', 'name', 'status', 'statusText'];

/** Where they name the field at fault. */
const FIELD_KEYS = [
  ...['field', 'param', 'property', 'propertyName', 'attribute', 'path', 'loc', 'pointer'],
];

/** What does not describe the error, or is read by itself: the field, the request, links, traces. */
const IGNORED_KEYS = [
  ...['body', 'ctx', 'docs', 'documentation_url', 'exception', 'file', 'headers', 'help'],
  ...['input', 'instance', 'received', 'request', 'stack', 'timestamp', 'trace', 'url', 'value'],
  ...FIELD_KEYS,
];

/** Status names, which add nothing to the status. */
const STATUS_NAME =
  /^(bad request|unauthorized|forbidden|not found|conflict|unprocessable (entity|content)|too many requests|internal server error|service unavailable|validation (failed|error)|error|fail(ed|ure)?|ok|success)$/i;

/**
 * What the API says went wrong, as plain text for a message, or `undefined` if it says nothing.
 *
 * Assumption: `{"error":{"code","message"}}`. The other usual shapes are read too, and everything they say
 * is collected; of an HTML page only the title. If it is too long, the longest sentence comes first.
 */
export function errorTextOf(body: unknown): string | undefined {
  const parts = tellingParts(body);
  const all = withoutKeys(joined(parts));
  if (all.length <= MAX_QUOTE_LENGTH) return all || undefined;
  const longestFirst = parts.sort((a, b) => b.text.length - a.text.length);
  return `${withoutKeys(joined(longestFirst)).slice(0, MAX_QUOTE_LENGTH)}…`;
}

function joined(parts: ErrorPart[]): string {
  const texts = parts.map(({ field, text }) =>
    field && !text.startsWith(field) ? `${field}: ${text}` : text,
  );
  return texts.join('; ');
}

/**
 * The fields of the request that the API finds fault with: by structure, or in plain sentences that begin
 * with a field's name, quote it, or contain one that cannot be an ordinary word.
 */
export function fieldsNamedIn(body: unknown, names: string[]): string[] {
  const fields = tellingParts(body).flatMap(({ field = '', text }) => {
    return names.includes(field) ? field : (names.find((name) => isNamedIn(text, name)) ?? []);
  });
  return [...new Set(fields)];
}

function isNamedIn(text: string, name: string): boolean {
  const anywhere = name.includes('_') ? `|\\b${name}\\b` : '';
  return new RegExp(
    `^(body[./])?${name}\\b|["'\`]${name}["'\`]|\\b${name} field\\b${anywhere}`,
  ).test(text);
}

/** All parts, each once, those about a field first; a code or a status name only if there is nothing else. */
function tellingParts(body: unknown): ErrorPart[] {
  const parts = partsOf(typeof body === 'string' ? textOfMarkup(body) : body).slice(0, MAX_PARTS);
  const telling = parts.filter(({ text, isCode }) => !isCode && !STATUS_NAME.test(text));
  const words = parts.filter(({ isCode }) => !isCode);
  const kept = telling.length > 0 ? telling : [...words, ...parts].slice(0, 1);
  const unique = [...new Map(kept.map((part) => [`${part.field} ${part.text}`, part])).values()];
  return unique
    .filter((part) => !unique.some((other) => other !== part && covers(other, part)))
    .sort((a, b) => Number(a.field === undefined) - Number(b.field === undefined));
}

/** Whether a part says everything that the other one says. */
function covers({ text, field }: ErrorPart, other: ErrorPart): boolean {
  return text.includes(other.text) && (other.field ?? field) === field;
}

function partsOf(value: unknown, field?: string, levels = MAX_DEPTH): ErrorPart[] {
  if (levels === 0) return [];
  const inside = (inner: unknown, innerField = field) => partsOf(inner, innerField, levels - 1);
  if (typeof value === 'string') {
    const start = value.slice(0, MAX_TEXT_LENGTH);
    // Some APIs send a list of errors as text.
    const json = /^\s*[[{]/.test(start) ? jsonOrText(start) : start;
    if (json !== start) return inside(json);
    const text = withoutKeys(start.replace(/\s+/g, ' ').trim());
    return text ? [{ text: text.slice(0, MAX_PART_LENGTH), field }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((element) => inside(element));
  if (!isObject(value)) return [];
  const ownField = fieldNamedIn(value) ?? field;
  return Object.entries(value).flatMap(([name, inner]) => {
    if (IGNORED_KEYS.includes(name)) return [];
    if (MESSAGE_KEYS.includes(name)) return inside(inner, ownField);
    const word = typeof inner === 'string' ? inner.trim() : undefined;
    if (word && CODE_KEYS.includes(name)) return [{ text: word, isCode: true }];
    if (word !== undefined && !/\s/.test(word)) return [];
    return inside(inner, ownField ?? (isName(name) ? name : undefined));
  });
}

/** E.g. in `{"loc":["body","script"]}`, `{"field":"script"}` or `{"source":{"pointer":"/data/script"}}`. */
function fieldNamedIn(json: Record<string, unknown>): string | undefined {
  const source = isObject(json.source) ? json.source : {};
  const values = FIELD_KEYS.map((key) => json[key] ?? source[key]);
  const given = values.find((value) => value !== undefined);
  return [given].flat().join('.').split(/[./]/).filter(isName).at(-1);
}

function isName(word: string): boolean {
  return /^[a-z][a-z0-9_]*$/i.test(word);
}

/** The title or message of a document, the words of other markup; other text as it is. */
function textOfMarkup(body: string): string | undefined {
  const text = body.slice(0, MAX_TEXT_LENGTH);
  const isDocument = /^\s*<(!doctype|html|\?xml|head|body)/i.test(text);
  if (isDocument) return /<(title|message)[^<>]*>([^<]*)</i.exec(text)?.[2];
  return /^\s*<[a-z]/i.test(text) ? text.replace(/<[^<>]*>/g, ' ') : text;
}

/** Some APIs repeat the API key or the address of a webhook, and messages are stored and shared. */
function withoutKeys(text: string): string {
  const masked = text
    .replace(/([?&]token=)[\w.~-]+/gi, '$1…')
    .replace(/\b(Bearer) (?=\S*[\d_]|\S{16})[^\s"',;)]+/gi, '$1 …')
    .replace(/\bsk_[\w-]{4,}/g, 'sk_…');
  const isAboutKey = /key|token|authori[sz]ation/i.test(text);
  return isAboutKey ? masked.replace(LIKE_A_KEY, '…') : masked;
}

/** A key may begin with anything. This is as long as one, of letters and digits, and not named as another ID. */
const LIKE_A_KEY =
  /(?<![\w.~-])(?!(avatar|video|voice|job|task|req)_|\d{4}-\d\d-\d\d)(?=[\w.~-]*\d)(?=[\w.~-]*[a-z])[\w.~-]{12,}/gi;
