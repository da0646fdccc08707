/** README shows what the bench measured, and nothing else. */
import { read, section, table } from './markdown.mts';

const shown = table(section(read('README.md'), 'Figures'), 'What');
const measured = table(read('test/bench/results.md'), '');

test('README shows some of the figures', () => {
  expect(shown.length).toBeGreaterThan(5);
});

test.each(shown)('$What: as in the results of the bench', ({ What, ...figures }) => {
  expect(measured.find((row) => row[''] === What)).toMatchObject(figures);
});
