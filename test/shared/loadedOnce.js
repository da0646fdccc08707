/* global jest, requireOutside */

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

jest.mock('../../sandbox/client.mts', () => requireOutside('./sandboxes.js'));
