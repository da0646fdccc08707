const base = require('../../jest.config.js');

/**
 * The tests that a mutant has to survive: the unit tests of the mutated folders.
 *
 * The tests on n8n's engine are left out. Each file of them starts a sandbox and loads n8n, five seconds
 * of work, and thousands of mutants times several files is more than a night. `npm test` runs them.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: [
    '**/test/unit/(account|actions|api|client|fields|messages|orders|pickers|polling|resources|run|waiting|webhook)/**/*.test.mts',
  ],
  runtime: require.resolve('./runtime.js'),
  testEnvironment: require.resolve('./environment.js'),
  testSequencer: require.resolve('./sequencer.js'),
};
