import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Throws the garbage of this process away, all of it and at once. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
