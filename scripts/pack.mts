import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Makes the archive that npm would publish. The package must have been built.
 *
 * @param folder where to put it
 * @returns path of the archive
 * @throws when npm fails, with what it said
 */
export function pack(folder: string): string {
  const output = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' },
  );
  return join(folder, output.trim());
}

/** @returns folder with the files of the archive */
export function unpack(archive: string, folder: string): string {
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, 'package'); // npm puts everything into a folder of this name
}
