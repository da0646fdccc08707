import * as n8nWorkflow from 'n8n-workflow';

/** The longest timer of Node.js, in milliseconds. It takes a longer one for none at all. */
export const MAX_TIMER = 2 ** 31 - 1;

/** n8n behavior: the one that can be canceled has this name in n8n 1, and is `sleep` in n8n 2. */
const { sleepWithAbort = n8nWorkflow.sleep } = n8nWorkflow as {
  sleepWithAbort?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
};

/** Milliseconds on a clock that is never set. What the API's times are compared with is `Date.now()`. */
export function now(): number {
  return performance.now();
}

/** Waits so many milliseconds, 24 days at the most. @throws the signal's reason as soon as it aborts */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const bounded = Math.min(atLeast(0, milliseconds), MAX_TIMER);
  await unlessAborted(sleepWithAbort(bounded, signal), signal);
}

/**
 * What a task returns.
 *
 * @throws what the task throws, and the signal's reason as soon as it aborts
 */
export async function unlessAborted<T>(task: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await task;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A signal that aborts with the given one, or at a moment of {@link now}. */
export function signalUntil(deadline: number, signal?: AbortSignal): AbortSignal | undefined {
  if (deadline === Infinity) return signal;
  const left = Math.min(Math.ceil(atLeast(0, deadline - now())), MAX_TIMER);
  // A timer of no time would still let a request go out first.
  const timeUp = left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort();
  return signal ? AbortSignal.any([signal, timeUp]) : timeUp;
}

/** A number, or the floor where it is less or no number. */
export function atLeast(floor: number, value: unknown): number {
  return Math.max(floor, Number(value) || floor);
}
