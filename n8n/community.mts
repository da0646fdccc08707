import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const PACKAGE_NAME = 'n8n-nodes-iterabiz';

const projectRoot = join(import.meta.dirname, '..');

interface PackResult {
  files: { path: string }[];
}

/**
 * Copies a package to where n8n looks for community packages, with only the files that npm would publish.
 * Loaded from there, its node types have the package's name, as in users' workflows. (n8n's own installer
 * also writes a row to the database, which only the settings page needs.)
 *
 * @param userFolder n8n's `N8N_USER_FOLDER`
 * @param source the package's folder; it must have been built
 */
export async function placeCommunityPackage(
  userFolder: string,
  source = projectRoot,
): Promise<void> {
  const target = placeOf(userFolder);
  rmSync(target, { recursive: true, force: true });
  for (const file of await publishedFiles(source)) cpSync(join(source, file), join(target, file));
}

/** The path of our package in n8n's user folder. */
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
