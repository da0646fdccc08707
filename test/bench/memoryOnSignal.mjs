// Loaded into an n8n that is measured. On SIGUSR2 it throws its garbage away, and writes what memory it
// holds then into the file that BENCH_MEMORY_FILE names.
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

import { collectGarbage } from '../shared/collectGarbage.mts';

const file = process.env.BENCH_MEMORY_FILE;
if (file && isMainThread) {
  process.on('SIGUSR2', async () => {
    // What n8n's engine for expressions lets go of becomes garbage only in the turns that follow.
    for (let time = 0; time < 3; time++) {
      collectGarbage();
      await sleep(1_000);
    }
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  });
}
