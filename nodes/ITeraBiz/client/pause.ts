import { sleep } from 'n8n-workflow';

/**
 * Waits, but not for longer than the execution lives.
 *
 * @throws the signal's reason at once when the execution is cancelled
 */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (!signal) return await sleep(milliseconds);
  signal.throwIfAborted();
  let cancel = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => reject(signal.reason);
    signal.addEventListener('abort', cancel);
  });
  try {
    await Promise.race([sleep(milliseconds), cancelled]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
