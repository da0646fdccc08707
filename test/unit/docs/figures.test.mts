/** docs/figures.md and its plots show what the bench measured, and nothing else. */
import { figures } from '../../bench/figures.mts';
import { read, table } from './markdown.mts';

const shown = table(read('docs/figures.md'), 'What');
const measured = table(read('test/bench/results.md'), '');

test('Some of the figures are shown', () => {
  expect(shown.length).toBeGreaterThan(5);
});

test.each(shown)('$What: as in the results of the bench', ({ What, ...figures }) => {
  expect(measured.find((row) => row[''] === What)).toMatchObject(figures);
});

test.each([...figures(read('test/bench/results.md'))])(
  '%s is drawn from the results of the bench (npm run bench -- --draw)',
  (file, svg) => expect(read(`docs/figures/${file}`)).toBe(svg),
);
