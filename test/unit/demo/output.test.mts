import { join } from 'node:path';

import { fileNameOf, report } from '../../../demo/output.mts';
import { countsOf } from '../../../demo/progress.mts';
import { shortPath, table } from '../../../demo/text.mts';

const row = { title: 'Spring Sale', language: 'en-US', duration: '20', script: 'Hi', prompt: '' };

test('a table has columns as wide as their widest cell, and no blanks at line ends', () => {
  expect(
    table([
      { Row: 1, Status: 'completed' },
      { Row: 'ten', Status: 'failed' },
    ]),
  ).toBe(['Row  Status', '───  ─────────', '1    completed', 'ten  failed'].join('\n'));
});

test.each([
  [{ number: 3, title: 'Weekend Brunch' }, '03-weekend-brunch.mp4'],
  [{ number: 120, title: '  Été à 50 %! ' }, '120-ete-a-50.mp4'],
  [{ number: 1, title: '../../etc/passwd' }, '01-etc-passwd.mp4'],
  [{ number: 5, title: '新しい' }, '05.mp4'],
  [{ number: 6, title: 'x'.repeat(300) }, `06-${'x'.repeat(60)}.mp4`],
])('a file name that every computer takes: %j', (of, name) => {
  expect(fileNameOf(of, '.mp4')).toBe(name);
});

test('the report shows finished rows with their file, failed ones with their reason', () => {
  const text = report(
    [
      { row: { number: 1, ...row }, videoId: 'video_1', seconds: 4, file: { id: 'f', name: 'n' } },
      { row: { number: 2, ...row }, reason: 'The script promises too much' },
    ],
    new Map([[1, 'videos/01-spring-sale.mp4']]),
  );
  expect(text).toMatch(/1 Spring Sale +video_1 +completed +4 +videos.01-spring-sale\.mp4\n/);
  expect(text).toMatch(/2 Spring Sale +– +failed +– +–\n/);
  expect(text).toContain('Row 2 failed. The script promises too much');
});

test('progress counts an unknown status as still rendering', () => {
  const statuses = ['completed', 'failed', 'queued', 'processing', 'baking', 'completed'];
  expect(countsOf(statuses.map((status) => ({ status })))).toEqual({
    completed: 2,
    failed: 1,
    running: 3,
  });
});

test.each([
  [join(process.cwd(), 'demo', 'output'), join('demo', 'output')],
  [process.cwd(), '.'],
  [join(process.cwd(), '..', 'videos'), join(process.cwd(), '..', 'videos')],
])('the path %s is shown as %s', (path, shown) => {
  expect(shortPath(path)).toBe(shown);
});
