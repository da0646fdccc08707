import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `npm run test:mutation` changes the shipped code, one spot at a time, and runs the unit tests that reach
 * the spot. A change that no test notices is listed as survived.
 *
 * One layer, by its own tests: `LAYER=client npm run test:mutation`
 * One file: `LAYER=api npm run test:mutation -- --mutate nodes/ITeraBiz/api/page.ts`
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: [`nodes/ITeraBiz/${process.env.LAYER ?? '**'}/**/*.ts`],
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  // Which test files a mutant needs, sequencer.js knows. What Stryker asks Jest for in its place leaves out
  // every test that reaches the changed file by way of another.
  jest: { configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  // A change in what a file sets up once, when it is loaded, would need every test to run.
  ignoreStatic: true,
  // For loops without an end. Generous, so that a busy machine does not pass for one.
  timeoutMS: 15_000,
  dryRunTimeoutMinutes: 20,
  ignorePatterns: ['dist', 'reports', 'demo', 'n8n/node_modules', 'test/mutation/node_modules'],
  // Not in the project, where the linters would read the changed copies.
  tempDirName: join(tmpdir(), 'iterabiz-mutation'),
  reporters: ['clear-text', 'progress', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/report.json' },
  clearTextReporter: { allowColor: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
  concurrency: 2,
};
