import { signalUntil, unlessAborted } from '../client/time';

/** Tasks that share a key run one after the other, in the order in which they came. */
export class Turns {
  /** The keys of each task that has come and not ended, by the promise of its end */
  private readonly tasks = new Map<Promise<void>, string[]>();

  /**
   * Runs a task once all earlier ones with one of the keys that it waits for have ended, or at `giveUpAt`: a tool then
   * has no time left to read the list, and says so.
   *
   * @param keys of the task
   * @param waitsFor by default, all of them
   * @param giveUpAt by `now()` of client/time
   * @throws the signal's reason, and what the task throws
   */
  async run<T>(
    { keys, waitsFor = keys }: { keys: string[]; waitsFor?: string[] },
    { giveUpAt, signal }: { giveUpAt: number; signal?: AbortSignal },
    task: () => Promise<T>,
  ): Promise<T> {
    const wanted = new Set(waitsFor);
    const earlier = [...this.tasks].filter(([, theirs]) => theirs.some((key) => wanted.has(key)));
    const ends = earlier.map(([end]) => end);
    let resolve = () => {};
    const end = new Promise<void>((settle) => (resolve = settle));
    this.tasks.set(end, keys);
    try {
      if (ends.length > 0) {
        const turn = unlessAborted(Promise.all(ends), signalUntil(giveUpAt, signal));
        await turn.catch(() => signal?.throwIfAborted());
      }
      return await task();
    } finally {
      this.tasks.delete(end);
      resolve();
    }
  }
}
