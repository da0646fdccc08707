import { now, signalUntil, unlessAborted } from '../client/time';

/** Tasks that share a key run one after the other. */
export class Turns {
  /** The keys of each task that runs, and whether it waited for none, by the promise of its end */
  private readonly running = new Map<Promise<void>, { keys: string[]; isFree: boolean }>();

  /**
   * Runs a task as soon as none with one of the keys that it waits for is running, or its time is up: a tool has none
   * left to read the list then, and says so.
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
    const timeUp = signalUntil(giveUpAt, signal);
    const earlier = new Set(this.running.keys());
    for (;;) {
      const others = this.sharing(waitsFor, earlier);
      if (others.length === 0 || now() >= giveUpAt) break;
      await unlessAborted(Promise.all(others), timeUp).catch(() => signal?.throwIfAborted());
    }
    let resolve = () => {};
    const over = new Promise<void>((settle) => (resolve = settle));
    this.running.set(over, { keys, isFree: waitsFor.length === 0 });
    return await task().finally(() => {
      this.running.delete(over);
      resolve();
    });
  }

  /** The ends of the tasks that have one of these keys. Later ones that wait for none could go on forever. */
  private sharing(wanted: string[], earlier: Set<Promise<void>>): Array<Promise<void>> {
    const isWanted = new Set(wanted);
    const entries = [...this.running].filter(([over, { keys, isFree }]) => {
      return (!isFree || earlier.has(over)) && keys.some((key) => isWanted.has(key));
    });
    return entries.map(([over]) => over);
  }
}
