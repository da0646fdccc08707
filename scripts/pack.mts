import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Creates the archive that npm would publish. The package must have been built.
 *
 * @param folder to put it in
 * @returns the archive's path
 * @throws with npm's output, if npm fails
 */
export function pack(folder: string): string {
  const output = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' },
  );
  return join(folder, output.trim());
}

/** @returns the folder with the archive's files */
export function unpack(archive: string, folder: string): string {
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, 'package'); // npm's archives have this folder at the top
}
