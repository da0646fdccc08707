import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

test('downloading 300 MB takes less than 60 MB of memory', async () => {
  const child = fork(join(import.meta.dirname, 'largeDownload.mts'), {
    cwd: join(import.meta.dirname, '../../..'),
    execArgv: ['--import', 'tsx'],
  });
  const ended = once(child, 'exit');
  const [report] = await Promise.race([once(child, 'message'), ended]);
  expect(report).toMatchObject({ error: '', bytes: 300 * 1024 ** 2 });
  expect(report.growthInMegabytes).toBeLessThan(60);
  expect(await ended).toEqual([0, null]);
}, 120_000);
