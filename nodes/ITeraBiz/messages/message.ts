import type { INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

/** Who to write to when iTeraBiz itself is at fault (documented). */
export const SUPPORT = 'api@iterabiz.com';

/** What happened, in one line, and what to do next. */
export interface Message {
  message: string;
  description: string;
}

/** A text that is to be followed by a full stop, without one of its own. */
export function withoutPeriod(text: string): string {
  return text.replace(/(?<!\.)\.\s*$/, '');
}

/** A time (milliseconds since 1970) for people, as in `2026-01-31 14:03 UTC`, or with its seconds. */
export function formatTime(at: number, withSeconds = false): string {
  const text = new Date(at).toISOString().replace('T', ' ');
  return `${text.slice(0, withSeconds ? 19 : 16)} UTC`;
}

/**
 * A message as an error of this node, made from texts alone. n8n behavior: what its HTTP client throws
 * carries the request's headers, and with them the API key.
 */
export function toNodeError(
  node: INode,
  { message, description }: Message,
  itemIndex?: number,
  status?: number,
): NodeApiError {
  const httpCode = status?.toString();
  const options = { message, description, httpCode, itemIndex, level: 'warning' } as const;
  return new NodeApiError(node, { message }, options);
}

/** What the editor calls each field of the API. A test holds it to the labels of the fields. */
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
