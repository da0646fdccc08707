/** `npm run dev`: a running n8n picks up changes to our package's sources. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PACKAGE_NAME, placeOf } from './community.mts';
import type { N8n } from './server.mts';

const projectRoot = join(import.meta.dirname, '..');

/** Debounces changes, in milliseconds: an editor may write several files, or one in several steps. */
const SETTLE_MS = 200;

/** How long n8n takes to notice copied files, at most, in milliseconds. Seen: half a second. */
const NOTICE_MS = 3_000;

/** After so many milliseconds without a reload by n8n, its user is told to restart it. */
const GIVE_UP_MS = 60_000;

/** With these settings, n8n watches the folders of community packages and reloads them. */
export const reloadSettings = { N8N_DEV_RELOAD: 'true' };

/**
 * Builds the package after each change to its sources, and loads the result into n8n. A failed build prints
 * why and leaves n8n unchanged.
 *
 * @param n8n runs with `reloadSettings`
 * @param source the package's folder
 */
export function rebuildOnChange(
  n8n: Pick<N8n, 'folder' | 'log'>,
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
      if (!(await build(source))) console.log('The build failed, so n8n keeps the previous one.');
      else if (await load(source, n8n))
        console.log('Loaded into n8n. Reload the page in your browser.');
      else
        console.log('n8n did not notice the new build. Stop it with Ctrl-C, and start it again.');
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
  return status === 0;
}

/**
 * Copies the build to n8n until n8n has reloaded it: n8n starts to watch its folders some seconds after it is
 * ready, and does not see what was copied before.
 *
 * @returns whether n8n has reloaded it
 */
async function load(
  source: string,
  { folder, log }: Pick<N8n, 'folder' | 'log'>,
): Promise<boolean> {
  const reloads = () =>
    readFileSync(log, 'utf8').split(`Hot reload triggered for ${PACKAGE_NAME}`).length;
  const before = reloads();
  for (const end = Date.now() + GIVE_UP_MS; Date.now() < end;) {
    // Overwritten in place: n8n would not notice changes in a folder that was deleted and recreated.
    cpSync(join(source, 'dist'), join(placeOf(folder), 'dist'), { recursive: true });
    for (const next = Date.now() + NOTICE_MS; Date.now() < next; await sleep(100)) {
      if (reloads() > before) return true;
    }
  }
  return false;
}
