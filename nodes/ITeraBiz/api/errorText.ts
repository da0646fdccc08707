import { isObject } from './json';

/** Longest text that is quoted from an answer, in characters. */
const LONGEST_QUOTE = 300;

/**
 * What the API says went wrong, as plain text for a message, or `undefined` where it says nothing.
 *
 * Assumption: `{"error":{"code","message"}}`. The other usual shapes are read too: `{"message"}`,
 * `{"error":"text"}`, `{"detail"}`, `{"errors":[…]}`, plain text, and of an HTML page its title,
 * never its markup.
 */
export function errorTextOf(body: unknown): string | undefined {
  const text = typeof body === 'string' ? textOfPage(body) : textOfJson(body);
  const tidy = text?.replace(/\s+/g, ' ').trim();
  if (!tidy) return undefined;
  return tidy.length > LONGEST_QUOTE ? `${tidy.slice(0, LONGEST_QUOTE)}…` : tidy;
}

function textOfJson(body: unknown): string | undefined {
  if (Array.isArray(body)) return body.map(textOfJson).filter(Boolean).join('; ');
  if (typeof body === 'string') return body;
  if (!isObject(body)) return undefined;
  return (
    textOfJson(body.error) ??
    textOfJson(body.errors) ??
    textOfJson(body.message) ??
    textOfJson(body.detail) ??
    textOfJson(body.code)
  );
}

function textOfPage(text: string): string | undefined {
  if (!/^\s*<(!doctype|html|\?xml|head|body)/i.test(text)) return text;
  return /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1];
}
