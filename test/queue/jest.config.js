const base = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  testMatch: ['**/test/queue/**/*.test.mts'],
  maxWorkers: 1,
  testTimeout: 300_000,
};
