import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGE_NAME = 'n8n-nodes-iterabiz';

const projectRoot = join(import.meta.dirname, '..');

interface PackResult {
  files: { path: string }[];
}

/**
 * Puts a package where n8n looks for community packages, with the files that npm would publish and no
 * others. Loaded from there, its node types carry the package's name, as in users' workflows. (The row
 * that n8n's own installer writes into its database matters for its settings page only.)
 *
 * @param userFolder what n8n gets as `N8N_USER_FOLDER`
 * @param source the folder of the package; it must have been built
 */
export async function placeCommunityPackage(
  userFolder: string,
  source = projectRoot,
): Promise<void> {
  const target = placeOf(userFolder);
  rmSync(target, { recursive: true, force: true });
  for (const file of await publishedFiles(source)) cpSync(join(source, file), join(target, file));
}

/** Where our package is in the user folder of an n8n. */
export function placeOf(userFolder: string): string {
  return join(userFolder, '.n8n/nodes/node_modules', PACKAGE_NAME);
}

async function publishedFiles(source: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'],
    { cwd: source, shell: process.platform === 'win32', maxBuffer: 10 * 2 ** 20 },
  );
  const [{ files }] = JSON.parse(stdout) as [PackResult];
  return files.map(({ path }) => path);
}
