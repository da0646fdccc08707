const base = require('../jest.config.js');

/** What takes long and is run when its subject changes: `npm run test:proofs`. @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../../..',
  testMatch: ['**/test/e2e/proofs/*.test.mts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
};
