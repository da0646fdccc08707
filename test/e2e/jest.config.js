const base = require('../../jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  globalSetup: '<rootDir>/test/e2e/globalSetup.mjs',
  testMatch: ['**/test/e2e/**/*.test.mts'],
  // Looks that come once a minute take half an hour: `npm run test:polls`.
  testPathIgnorePatterns: process.env.npm_lifecycle_event === 'test:polls' ? [] : ['pollKills'],
  // Most of the time they wait for n8n.
  maxWorkers: 2,
  testTimeout: 300_000,
};
