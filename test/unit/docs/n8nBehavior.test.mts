/** Where the code rests on n8n's inner workings is listed, with a test that would notice. */
import { files, read, table } from './markdown.mts';

const rows = table(read('docs/n8n-behavior.md'), 'What n8n does');
const named = (cell: string) =>
  [...cell.matchAll(/`([^`]+\.tsx?|[^`]+\.mts)`/g)].map(([, name]) => name);

const resting = files
  .filter((path) => /^(nodes|credentials)\/.*\.ts$/.test(path))
  .filter((path) => /n8n\s+(?:\*\s+)?behavior/.test(read(path)))
  .map((path) => path.replace('nodes/ITeraBiz/', '').replace('credentials/', ''));

test('There is something to check', () => {
  expect(resting.length).toBeGreaterThan(20);
});

test('docs/n8n-behavior.md has every file that rests on n8n behavior, and no other', () => {
  const listed = new Set(rows.flatMap(({ Files }) => named(Files)));
  expect([...listed].sort()).toEqual(resting.sort());
});

test('It is a list that can be gone through before an upgrade', () => {
  expect(rows.length).toBeLessThanOrEqual(15);
});

test('Each is held by a test that is there', () => {
  const tests = rows.map((row) => named(row['Held by']));
  expect(tests.filter(({ length }) => length === 0)).toEqual([]);
  expect(tests.flat().filter((path) => !files.includes(`test/${path}`))).toEqual([]);
});
