import * as n8nWorkflow from 'n8n-workflow';

/** The longest timer of Node.js, in milliseconds. A longer one would fire at once. */
export const MAX_TIMER = 2 ** 31 - 1;

/** n8n behavior: n8n 1 has an abortable sleep under this name, n8n 2 under `sleep`. */
const { sleepWithAbort = n8nWorkflow.sleep } = n8nWorkflow as {
  sleepWithAbort?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
};

/** Milliseconds on a monotonic clock. To compare with the API's times, use `Date.now()`. */
export function now(): number {
  return performance.now();
}

/** Waits, 24 days at the most. @throws the signal's reason as soon as it aborts */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const bounded = Math.min(atLeast(0, milliseconds), MAX_TIMER);
  await unlessAborted(sleepWithAbort(bounded, signal), signal);
}

/** Awaits a task. @throws what it throws, and the signal's reason as soon as it aborts */
export async function unlessAborted<T>(task: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await task;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A signal that aborts with the given one, or at a deadline by {@link now}. */
export function signalUntil(deadline: number, signal?: AbortSignal): AbortSignal | undefined {
  if (deadline === Infinity) return signal;
  const left = Math.min(Math.ceil(atLeast(0, deadline - now())), MAX_TIMER);
  // A timer of 0 ms would still let a request out first.
  const timeUp = left > 0 ? AbortSignal.timeout(left) : AbortSignal.abort();
  return eitherSignal(timeUp, signal);
}

/** A signal that aborts with the first of both. */
export function eitherSignal(own: AbortSignal, other?: AbortSignal): AbortSignal {
  return other ? AbortSignal.any([other, own]) : own;
}

/** A number, or the floor if it is less or not a number. */
export function atLeast(floor: number, value: unknown): number {
  return Math.max(floor, Number(value) || floor);
}

/** How long a loop computes before it yields, in milliseconds. */
const MAX_BLOCK = 25;

/** Returns a function to call once per turn of a loop: it yields to n8n's other work when that is due. */
export function yielder(): () => Promise<void> {
  let last = now();
  return async () => {
    if (now() - last < MAX_BLOCK) return;
    await pause(0);
    last = now();
  };
}
