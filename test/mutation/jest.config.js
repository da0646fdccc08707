const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const base = require('../../jest.config.js');

/** The layers of the shipped code; the unit tests mirror them. With `LAYER=client`, only that one. */
const layers = process.env.LAYER
  ? [process.env.LAYER]
  : readdirSync(join(__dirname, '../../nodes/ITeraBiz'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);

/**
 * The tests that a mutant has to survive: the unit tests of the mutated layers.
 *
 * The tests on n8n's engine are left out. Each file of them starts a sandbox and loads n8n, five seconds
 * of work, and thousands of mutants times several files is more than a night. `npm test` runs them.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: [`**/test/unit/(${layers.join('|')})/**/*.test.mts`],
  testEnvironment: require.resolve('./environment.js'),
  testSequencer: require.resolve('./sequencer.js'),
};
