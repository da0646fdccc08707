import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

test('downloading 300 MB takes a third of that in memory at most', async () => {
  const child = fork(join(import.meta.dirname, 'largeDownload.mts'), {
    cwd: join(import.meta.dirname, '../../..'),
    execArgv: ['--import', 'tsx'],
    // It removes its folder at the end.
    env: { ...process.env, N8N_USER_FOLDER: undefined },
  });
  const ended = once(child, 'exit');
  const [report] = await Promise.race([once(child, 'message'), ended]);
  expect(report).toMatchObject({ error: '', bytes: 300 * 1024 ** 2 });
  // Some 35 MB on a quiet machine; on a busy one, garbage is collected later.
  expect(report.growthInMegabytes).toBeLessThan(100);
  expect(await ended).toEqual([0, null]);
}, 120_000);
