const base = require('../../jest.config.js');

/**
 * The tests that a mutant has to survive: those of the mutated folders, and the trigger's life on n8n's
 * own contexts. The 10,000 random bodies are left out: they take longer than all others together.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: [
    '**/test/unit/(api|transport|webhook)/**/*.test.mts',
    '**/test/engine/(door|triggers)/**/*.test.mts',
  ],
  testPathIgnorePatterns: ['/node_modules/', 'fuzz'],
};
