import { FIRST_BYTES } from '../api/file';
import { networkErrorFrom } from './http';
import { now, pause } from './time';

/** The members of a Node.js stream that are used here. */
interface FileStream {
  iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Buffer>;
  unshift(bytes: Buffer): void;
  push(...bytes: unknown[]): boolean;
  destroy(): void;
}

/**
 * The first bytes of a stream, and its whole content to go on with: the stream, or the bytes if there are
 * no more.
 *
 * @throws {NetworkError} if it breaks off before that
 */
export async function firstBytesOf(body: unknown): Promise<{ first: Buffer; rest: unknown }> {
  const stream = body as FileStream;
  let first = Buffer.alloc(0);
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      first = Buffer.concat([first, chunk]);
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
 * Destroys a response's body so that its connection closes. n8n behavior: a body of which nothing was read
 * keeps its connection open forever, even if it is destroyed.
 */
export async function discard(body: unknown): Promise<void> {
  await firstBytesOf(body).catch(() => {});
  (body as FileStream).destroy();
}

/**
 * Runs a task that reads a stream, and stops the stream if it stalls. n8n behavior: its timeout covers only
 * the response, so a stalled file would never end.
 * @param patience longest time between two chunks, in milliseconds
 * @param stop ends the stream. n8n behavior: the stream's own `destroy` may wait for the next chunk
 */
export async function unlessStalled<T>(
  body: unknown,
  patience: number,
  stop: () => void,
  task: () => Promise<T>,
): Promise<T> {
  const stream = body as FileStream;
  let lastChunkAt = now();
  // A `data` listener would take the data away from the task.
  const push = stream.push.bind(stream);
  stream.push = (...chunk) => {
    lastChunkAt = now();
    return push(...chunk);
  };
  const done = new AbortController();
  const stopOnceStalled = async () => {
    for (let left = patience; left > 0; left = lastChunkAt + patience - now()) {
      await pause(left, done.signal);
    }
    stop();
  };
  stopOnceStalled().catch(() => {});
  try {
    return await task();
  } finally {
    done.abort();
  }
}
