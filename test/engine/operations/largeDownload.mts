/**
 * Downloads a file of 300 MB from a sandbox through n8n's engine, in a process of its own, and
 * reports to its parent by how much the memory of the process grew.
 */
import { rmSync } from 'node:fs';

import { startSandbox } from '../../../sandbox/client.mts';
import { errorOf, itemsOf, runNode } from '../support.mts';
import { byId } from './byId.mts';

const MEGABYTE = 1024 ** 2;
const FILE_BYTES = 300 * MEGABYTE;

const sandbox = await startSandbox();
try {
  const [{ id }] = await sandbox.addVideos(1);
  const parameters = { resource: 'video', operation: 'download', videoId: byId(id) };

  // A small one first, so that what is loaded once does not count.
  await runNode(sandbox, parameters);
  await sandbox.fileSize(FILE_BYTES);

  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10);
  const run = await runNode(sandbox, parameters);
  clearInterval(watch);

  process.send?.({
    error: errorOf(run).message,
    bytes: itemsOf(run)[0]?.binary?.data.bytes,
    growthInMegabytes: Math.round((most - before) / MEGABYTE),
  });
} finally {
  await sandbox.stop();
  rmSync(process.env.N8N_USER_FOLDER ?? '', { recursive: true, force: true });
  process.disconnect?.();
}
