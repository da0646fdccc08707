import { FIRST_BYTES } from '../api/file';
import { networkErrorFrom } from './http';
import { now, pause } from './time';

/** The part of a Node.js stream that matters here. */
interface FileStream {
  iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Buffer>;
  unshift(bytes: Buffer): void;
  push(...bytes: unknown[]): boolean;
  destroy(): void;
}

/**
 * The first bytes of a stream, and all of it to go on with: the stream, or its bytes where that is all
 * there is.
 *
 * @throws {NetworkError} where it breaks off before
 */
export async function firstBytesOf(body: unknown): Promise<{ first: Buffer; rest: unknown }> {
  const stream = body as FileStream;
  let first = Buffer.alloc(0);
  try {
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
      first = Buffer.concat([first, bytes]);
      if (first.length >= FIRST_BYTES) break;
    }
  } catch (error) {
    throw networkErrorFrom(error as Error) ?? error;
  }
  if (first.length < FIRST_BYTES) return { first, rest: first };
  stream.unshift(first);
  return { first, rest: stream };
}

/**
 * Lets go of what came for a file, so that its connection ends. n8n behavior: a body of which nothing was
 * read keeps its connection open for good, also once it is destroyed.
 */
export async function discard(body: unknown): Promise<void> {
  await firstBytesOf(body).catch(() => {});
  (body as FileStream).destroy();
}

/**
 * What a task makes of a stream, as long as something comes of it from time to time. n8n behavior: its
 * timeout is for the answer alone, and a file that stalls would never end.
 *
 * @param patience between two pieces, in milliseconds
 * @param stop ends the stream. n8n behavior: it may be one whose `destroy` waits for the next piece
 */
export async function unlessStalled<T>(
  body: unknown,
  patience: number,
  stop: () => void,
  task: () => Promise<T>,
): Promise<T> {
  const stream = body as FileStream;
  let last = now();
  // Listening for data would take it away from whoever comes to read it.
  const push = stream.push.bind(stream);
  stream.push = (...bytes) => {
    last = now();
    return push(...bytes);
  };
  const end = new AbortController();
  const watch = async () => {
    for (let left = patience; left > 0; left = last + patience - now()) {
      await pause(left, end.signal);
    }
    stop();
  };
  watch().catch(() => {});
  try {
    return await task();
  } finally {
    end.abort();
  }
}
