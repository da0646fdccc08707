import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so. @throws when it is not in time */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  milliseconds = 10_000,
): Promise<void> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; ) {
    if (await isSo()) return;
    await sleep(20);
  }
  throw new Error(`Not so after ${milliseconds} ms: ${isSo}`);
}
