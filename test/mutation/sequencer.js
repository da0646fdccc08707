const { readFileSync, writeFileSync } = require('node:fs');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Which tests each file has. In the folder of the changed copy, for all processes that work on it. */
const KNOWN = 'tests-by-file.json';

/**
 * Loads only the files with a test that reaches the mutant, the quickest first. Stryker names these tests,
 * and Jest would load every file to look for them.
 */
module.exports = class extends Sequencer {
  constructor(options) {
    super(options);
    this.wanted = options.globalConfig.testNamePattern;
  }

  sort(files) {
    if (!this.wanted) return files;
    const wanted = new RegExp(this.wanted, 'i');
    const known = JSON.parse(readFileSync(KNOWN, 'utf8'));
    return files
      .filter(({ path }) => known[path].names.some((name) => wanted.test(name)))
      .sort((one, other) => known[one.path].time - known[other.path].time);
  }

  /** After the first run, which is without a mutant. */
  cacheResults(files, { testResults }) {
    if (this.wanted) return;
    const known = testResults.map(({ testFilePath, testResults: tests, perfStats }) => [
      testFilePath,
      { names: tests.map(({ fullName }) => fullName), time: perfStats.end - perfStats.start },
    ]);
    writeFileSync(KNOWN, JSON.stringify(Object.fromEntries(known)));
  }
};
