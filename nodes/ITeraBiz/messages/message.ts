import { type INode, NodeApiError } from 'n8n-workflow';

/** Whom to write to when iTeraBiz itself is at fault (documented). */
export const SUPPORT = 'api@iterabiz.com';

/** What happened, in one line, and what to do next. */
export interface Message {
  message: string;
  description: string;
}

export function withoutPeriod(text: string): string {
  return text.replace(/(?<!\.)\.\s*$/, '');
}

/** A value for a message, cut after some characters. */
export function quoted(value: unknown, length = 60): string {
  const text = (typeof value === 'object' ? JSON.stringify(value) : String(value)).trim();
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** As in `1 video` or `3 videos`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time (milliseconds since 1970) as text, as in `2026-01-31 14:03:09 UTC`. */
export function formatTime(at: number): string {
  return `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

/**
 * A message as an error of this node, made only from texts. n8n behavior: errors of its HTTP client carry
 * the request's headers, including the API key.
 */
export function toNodeError(
  node: INode,
  { message, description }: Message,
  itemIndex?: number,
  status?: number,
): NodeApiError {
  const httpCode = status?.toString();
  const options = { message, description, httpCode, itemIndex, level: 'warning' } as const;
  const error = new NodeApiError(node, { message }, options);
  // n8n behavior: it puts a text of its own in place of one with a network code in it, as in "VoiceNotFound".
  return Object.assign(error, { message });
}

/** The editor's label of each field of the API. A test compares them with the fields. */
export const LABELS: Record<string, string> = {
  avatar_id: 'Avatar',
  duration: 'Duration (Seconds)',
  events: 'Events',
  image_url: 'Image URL',
  language: 'Language',
  name: 'Name',
  prompt: 'Prompt',
  script: 'Script',
  voice_id: 'Voice ID',
};
