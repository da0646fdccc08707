/**
 * `npm run bench`: measures the node side by side with what a user would pick instead, all in one run
 * on one machine. A full run also writes its results and their plots into the folder `reports`. README's
 * figures are those of results.md beside this file, a copy of one run; `--draw` makes the plots in
 * docs/figures from it, and measures nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ensureN8n, n8nVersion } from '../../n8n/install.mts';
import { crowd } from './cases/crowd.mts';
import { downloading } from './cases/downloading.mts';
import { faults } from './cases/faults.mts';
import { footprint } from './cases/footprint.mts';
import { listing } from './cases/listing.mts';
import { parking } from './cases/parking.mts';
import { polling } from './cases/polling.mts';
import { submitting } from './cases/submitting.mts';
import { trigger } from './cases/trigger.mts';
import { waiting } from './cases/waiting.mts';
import { drawFigures } from './figures.mts';
import type { Bench } from './measure.mts';
import { type CaseResult, load, machine, type Results, toMarkdown } from './results.mts';

const CASES: Record<string, (bench: Bench) => Promise<CaseResult>> = {
  submitting,
  waiting,
  parking,
  crowd,
  listing,
  downloading,
  faults,
  trigger,
  polling,
  footprint,
};

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: Object.keys(CASES) },
    profile: { type: 'string' },
    draw: { type: 'boolean', default: false },
    package: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
const unknown = options.only.find((name) => !(name in CASES));
if (unknown) throw new Error(`There is no case ${unknown}, only ${Object.keys(CASES).join(', ')}`);

const root = join(import.meta.dirname, '../..');
if (options.draw) {
  const results = readFileSync(join(import.meta.dirname, 'results.md'), 'utf8');
  drawFigures(results, join(root, 'docs/figures'));
  process.exit();
}

const start = Date.now();
const install = await ensureN8n();
const bench: Bench = {
  quick: options.quick,
  profile: options.profile,
  package: resolve(options.package),
  n8nScript: install.require.resolve('n8n/package.json'),
  say: (line) => console.error(`${((Date.now() - start) / 60_000).toFixed(1)} min  ${line}`),
};

const isFull = !options.quick && options.only.length === Object.keys(CASES).length;
const results: Results = { machine: machine(n8nVersion()), ratios: [], sections: [] };
for (const name of options.only) {
  const { sections, ratios } = await CASES[name](bench).catch((error: Error): CaseResult => {
    process.exitCode = 1;
    bench.say(`${name} failed: ${error.stack}`);
    const section = { title: `${name} failed`, note: error.message, columns: [], lines: [] };
    return { sections: [section], ratios: [] };
  });
  results.sections.push(...sections);
  results.ratios.push(...ratios);
  results.machine.loadAfter = load();
  // After each case, so that a run that is cut off leaves what it measured.
  if (isFull) await save(results);
}

console.log(await toMarkdown(results));
if (isFull) {
  drawFigures(await toMarkdown(results), join(root, 'reports/figures'));
  bench.say('Written to reports/bench.json, reports/bench.md and reports/figures');
}

async function save(results: Results): Promise<void> {
  const folder = join(root, 'reports');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'bench.json'), JSON.stringify(results, null, 2));
  writeFileSync(join(folder, 'bench.md'), await toMarkdown(results));
}
