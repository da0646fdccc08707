const base = require('../../jest.config.js');

/** Tests that take many minutes, and the command that runs each. */
const LONG = { pollKills: 'test:polls', twoWebhookProcesses: 'test:balanced' };
const command = process.env.npm_lifecycle_event;

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  globalSetup: '<rootDir>/test/e2e/globalSetup.mjs',
  testMatch: ['**/test/e2e/**/*.test.mts'],
  testPathIgnorePatterns: Object.keys(LONG).filter((file) => LONG[file] !== command),
  // Most of the time they wait for n8n.
  maxWorkers: 2,
  testTimeout: 300_000,
};
