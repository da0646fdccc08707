const { readFileSync } = require('node:fs');
const { default: Sequencer } = require('@jest/test-sequencer');

const startsPrograms = ({ path }) =>
  /node:child_process|command\.mts/.test(readFileSync(path, 'utf8'));

/**
 * Begins with the files that start programs of their own. They take long, but are small, and on a fresh clone
 * Jest goes by size.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(startsPrograms), ...sorted.filter((test) => !startsPrograms(test))];
  }
};
