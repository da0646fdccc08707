const { readdirSync } = require('node:fs');
const { join } = require('node:path');

const MISSING =
  'Chromium is not installed, so the tests in a browser are left out, and this run counts as failed. Install it ("apt-get install chromium", or as your system has it), or name another one in CHROMIUM_PATH.';

/** Says once at the start what is missing, and once at the end, and lets the run fail. */
module.exports = class WithoutChromium {
  constructor({ rootDir, testPathPatterns }) {
    const folder = join(__dirname, 'browser');
    const wanted = testPathPatterns.toExecutor({ rootDir });
    this.isWanted = readdirSync(folder).some(
      (file) => file.endsWith('.test.mts') && wanted.isMatch(join(folder, file)),
    );
  }

  onRunStart() {
    if (this.isWanted) console.error(`${MISSING}\n`);
  }

  onRunComplete() {
    if (this.isWanted) console.error(`\nFailed: ${MISSING}`);
  }

  getLastError() {
    return this.isWanted ? new Error(MISSING) : undefined;
  }
};
