const base = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: ['**/test/e2e/**/*.test.mts'],
  // Most of the time they wait for n8n.
  maxWorkers: 2,
  testTimeout: 300_000,
};
