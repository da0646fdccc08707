const asyncHooks = require('node:async_hooks');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

const { now } = Date;

// Jest makes one for each test file and never disables it; each makes every promise of the worker slower.
const storages = [];
asyncHooks.AsyncLocalStorage = class extends asyncHooks.AsyncLocalStorage {
  constructor(...args) {
    super(...args);
    storages.push(this);
  }
};

// Where n8n keeps its files. By default, in the user's home.
const folder = mkdtempSync(join(tmpdir(), 'n8n-tests-'));
process.env.N8N_USER_FOLDER = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What each test file runs in. The files of a worker share what takes long to load ({@link ./loadedOnce.js}). */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    // What is shared is outside, and asks of what comes from in here whether it is an error, and what time it is.
    Object.assign(this.global, { Error, TypeError, Date, requireOutside: require });
  }

  async teardown() {
    for (const storage of storages.splice(0)) storage.disable();
    Date.now = now;
    await super.teardown();
  }
};
