/** docs/figures.md shows what the bench measured, and nothing else. */
import { read, table } from './markdown.mts';

const shown = table(read('docs/figures.md'), 'What');
const measured = table(read('test/bench/results.md'), '');

test('Some of the figures are shown', () => {
  expect(shown.length).toBeGreaterThan(5);
});

test.each(shown)('$What: as in the results of the bench', ({ What, ...figures }) => {
  expect(measured.find((row) => row[''] === What)).toMatchObject(figures);
});
