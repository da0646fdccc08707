/* global jest, requireOutside */

/**
 * n8n, the largest libraries and the sandboxes' process are the same for all test files of a worker: Jest
 * would load them anew for each file, and each would start a process of its own. Both take longer than most
 * tests.
 */

/** By the clock of the test, which may be a fake one. */
async function sleep(ms, signal) {
  await new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

jest.mock('n8n-workflow', () => ({ ...requireOutside('n8n-workflow'), sleep }));
jest.mock('n8n-core', () => requireOutside('n8n-core'));
jest.mock('@n8n/di', () => requireOutside('@n8n/di'));

jest.mock('axios', () => requireOutside('axios'));
jest.mock('fast-check', () => requireOutside('fast-check'));
jest.mock('../../sandbox/client.mts', () => requireOutside('./sandboxes.js'));
