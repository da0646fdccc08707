/** `npm run dev`: a running n8n picks up changes to our package's sources. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeOf } from './community.mts';

const projectRoot = join(import.meta.dirname, '..');

/** Debounces changes, in milliseconds: an editor may write several files, or one in several steps. */
const SETTLE_MS = 200;

/** With these settings, n8n watches the folders of community packages and reloads them. */
export const reloadSettings = { N8N_DEV_RELOAD: 'true' };

/**
 * Builds the package after each change to its sources, and copies the result to n8n. A failed build prints
 * why and leaves n8n unchanged.
 *
 * @param userFolder of an n8n that runs with `reloadSettings`
 * @param source the package's folder
 */
export function rebuildOnChange(
  userFolder: string,
  source = projectRoot,
): { stop(): Promise<void> } {
  let isBuilding = false;
  let hasChangedSince = false;

  const onChange = async () => {
    hasChangedSince = true;
    if (isBuilding) return;
    isBuilding = true;
    while (hasChangedSince) {
      await sleep(SETTLE_MS);
      hasChangedSince = false;
      if (await build(source)) copyToN8n(source, userFolder);
    }
    isBuilding = false;
  };

  const watchers = ['nodes', 'credentials'].map((folder) =>
    watch(join(source, folder), { recursive: true }, () => void onChange()),
  );
  return {
    async stop() {
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** @returns whether the build succeeded */
async function build(source: string): Promise<boolean> {
  const time = new Date().toLocaleTimeString();
  console.log(`${time} Files have changed: building …`);
  const windows = process.platform === 'win32';
  const child = spawn(windows ? 'npm.cmd' : 'npm', ['run', '--silent', 'build'], {
    cwd: source,
    shell: windows,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  console.log(
    status === 0
      ? 'Built, and loaded into n8n. Reload the page in your browser.'
      : 'The build failed, so n8n keeps the previous one.',
  );
  return status === 0;
}

/** Overwrites files in place: n8n would not notice changes in a folder that was deleted and recreated. */
function copyToN8n(source: string, userFolder: string): void {
  cpSync(join(source, 'dist'), join(placeOf(userFolder), 'dist'), { recursive: true });
}
