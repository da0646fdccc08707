import { readerOf } from '../account/videos';
import { Waits } from '../account/watch';
import type { Item } from '../run/item';

/** What the items of a run wait for, all of them together. */
export function waitsOf({ context, prepared, run }: Item): Waits {
  run.waits ??= new Waits(
    async () => (await run.account()).watch,
    readerOf(context, prepared, run.slots),
    context.getExecutionCancelSignal(),
  );
  return run.waits;
}
