const { readFileSync } = require('node:fs');
const { default: Sequencer } = require('@jest/test-sequencer');

const mostlyWaits = ({ path }) =>
  /node:child_process|command\.mts|\.\/n8n\.mts/.test(readFileSync(path, 'utf8'));

/**
 * Begins with the files that start programs of their own, or triggers that poll. They take long, but are
 * small, and on a fresh clone Jest goes by size.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(mostlyWaits), ...sorted.filter((test) => !mostlyWaits(test))];
  }
};
