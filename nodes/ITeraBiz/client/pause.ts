import { sleep } from 'n8n-workflow';

/** The longest pause that Node.js knows, in milliseconds: it takes a longer one for none at all. */
const LONGEST_PAUSE = 2 ** 31 - 1;

/**
 * Waits, but not for longer than the execution lives.
 *
 * @param milliseconds more than 24 days count as 24 days
 * @throws the signal's reason at once when the execution is cancelled
 */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await unlessCancelled(sleep(possible(milliseconds)), signal);
}

/**
 * A signal for what has to end by itself.
 *
 * @param milliseconds as for {@link pause}; a fraction counts as a whole one
 */
export function signalAfter(milliseconds: number): AbortSignal {
  return AbortSignal.timeout(Math.ceil(possible(milliseconds)));
}

function possible(milliseconds: number): number {
  return Math.min(atLeast(0, milliseconds), LONGEST_PAUSE);
}

/**
 * What a task comes to, without waiting for it any longer than the execution lives.
 *
 * @throws what the task throws, and the signal's reason as soon as the execution is cancelled
 */
export async function unlessCancelled<T>(task: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await task;
  let cancel = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => reject(signal.reason);
    signal.addEventListener('abort', cancel);
  });
  try {
    return await Promise.race([task, cancelled]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** A number as it should be, or the floor where it is less, or none. */
export function atLeast(floor: number, value: unknown): number {
  return Math.max(floor, Number(value) || floor);
}
