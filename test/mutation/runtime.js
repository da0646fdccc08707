const { default: Runtime } = require('jest-runtime');

/** Has all mutants share one n8n-workflow: to load it anew for each takes six times as long as its tests. */
module.exports = class extends Runtime {
  requireModuleOrMock(from, name) {
    if (name !== 'n8n-workflow') return super.requireModuleOrMock(from, name);
    const { global } = this._environment;
    // By the clock of the test, which may be a fake one.
    const sleep = async (ms, signal) =>
      await new Promise((resolve, reject) => {
        const abort = () => {
          global.clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = global.setTimeout(() => {
          signal?.removeEventListener('abort', abort);
          resolve();
        }, ms);
        signal?.addEventListener('abort', abort, { once: true });
      });
    return { ...require(name), sleep };
  }
};
