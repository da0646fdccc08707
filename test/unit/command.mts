import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/**
 * What `npm run NAME` hands to Node.js, without the set-up and build before it: other tests use what
 * was built at that moment.
 */
export function argumentsOf(name: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [, file] = /&& tsx (\S+\.mts)$/.exec(scripts[name])!;
  return ['--import', 'tsx', file];
}
