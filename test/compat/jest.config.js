const { join } = require('node:path');
const base = require('../../jest.config.js');

// n8n 1 keeps files in memory unless it is told otherwise; n8n 2 does not.
process.env.N8N_DEFAULT_BINARY_DATA_MODE = 'filesystem';

/**
 * The built package, and the engine tests, on the engine of n8n 1. Left out are the engine tests of what
 * differs there: n8n 1 does not note a file's bytes, has no agents that let the engine run their tools,
 * and takes an item with `details` for a good one.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: [
    '**/test/compat/*.test.mts',
    '**/test/engine/runs/(once|partialFailure|refusals).test.mts',
    '**/test/engine/operations/(avatar|content|video|videoList).test.mts',
    '**/test/engine/triggers/*.test.mts',
  ],
  // That of n8n 1 is not the one that is shared.
  setupFiles: [],
  // The engine of n8n 1 keeps the process from ending for minutes.
  forceExit: true,
  moduleNameMapper: {
    '^(n8n-core|n8n-workflow|@n8n/di)$': join(__dirname, 'node_modules/$1'),
  },
};
