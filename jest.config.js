const { availableParallelism } = require('node:os');

// n8n logs each error of a node, and those are what many tests are about.
process.env.N8N_LOG_LEVEL ??= 'silent';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: require.resolve('./test/shared/environment.js'),
  testSequencer: require.resolve('./test/shared/sequencer.js'),
  setupFiles: [require.resolve('./test/shared/loadedOnce.js')],
  roots: ['<rootDir>/test'],
  testMatch: ['**/test/(unit|engine)/**/*.test.mts'],
  transform: {
    '\\.m?ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Many tests wait, for processes and pauses: on a small computer, meanwhile others run.
  maxWorkers: Math.max(6, availableParallelism()),
  // On a busy computer a process takes a second to end.
  workerGracefulExitTimeout: 30_000,
  testTimeout: process.env.npm_lifecycle_event === 'test:long' ? 3_600_000 : 120_000,
};
