/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/test/(unit|engine)/**/*.test.mts'],
  transform: { '\\.m?ts$': ['@swc/jest', { module: { type: 'commonjs' } }] },
  testTimeout: 60_000,
};
