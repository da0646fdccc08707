const tsx = require('tsx/cjs/api');
const base = require('../../jest.config.js');

const { chromiumPath } = tsx.require('./browser/chromium.mts', __filename);

/** Tests that take many minutes, and the command that runs each. */
const LONG = { pollKills: 'test:polls', twoWebhookProcesses: 'test:balanced' };
const command = process.env.npm_lifecycle_event;
const others = Object.keys(LONG).filter((file) => LONG[file] !== command);

const hasChromium = chromiumPath() !== undefined;

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  // Here, n8n and the sandbox are programs that each file starts and ends.
  setupFiles: [],
  globalSetup: '<rootDir>/test/e2e/globalSetup.mjs',
  testMatch: ['**/test/e2e/**/*.test.mts'],
  testPathIgnorePatterns: [...others, ...(hasChromium ? [] : ['/test/e2e/browser/'])],
  reporters: ['default', ...(hasChromium ? [] : ['<rootDir>/test/e2e/withoutChromium.js'])],
  // Most of the time they wait for n8n.
  maxWorkers: 2,
  testTimeout: 300_000,
};
