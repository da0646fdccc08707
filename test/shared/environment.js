const { TestEnvironment } = require('jest-environment-node');

const { now } = Date;

/**
 * What each test file runs in. All files of a worker share one n8n ({@link ./loadedOnce.js}): Jest would load it
 * anew for each, which takes longer than most tests.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    // That n8n is outside, and asks of what comes from in here whether it is an error, and what time it is.
    Object.assign(this.global, { Error, TypeError, Date, requireOutside: require });
  }

  async teardown() {
    Date.now = now;
    await super.teardown();
  }
};
