/** Each assumption of openapi.yaml is one of the probe's, with a place in the code to change. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { assumptions } from '../../../probe/assumptions/index.mts';
import { Contract } from '../../../probe/contract.mts';
import { root } from '../command.mts';
import { read, section, table } from '../docs/markdown.mts';

const contract = new Contract();
const covered = assumptions.flatMap(({ covers }) => covers);

test.each([...contract.assumed.keys()])('%s is probed, or said why it cannot be', (entry) => {
  expect(covered).toContain(entry);
});

test('Nothing else is said to be assumed', () => {
  expect(contract.assumed.size).toBeGreaterThan(40);
  expect(covered.filter((entry) => !contract.assumed.has(entry))).toEqual([]);
});

test.each(assumptions)('$id: $place is there, and marks an assumption', ({ place }) => {
  expect(existsSync(join(root, place))).toBe(true);
  // JSON has no comments.
  if (place.endsWith('.ts')) {
    expect(readFileSync(join(root, place), 'utf8')).toMatch(/assum|document/i);
  }
});

test('Each has a name of its own', () => {
  const ids = assumptions.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('Every place that CONTRIBUTING names is asked about', () => {
  const rows = table(
    section(read('CONTRIBUTING.md'), 'When iTeraBiz documents what we assumed'),
    'Assumption',
  );
  const named = rows.flatMap(({ Place }) => Place.match(/[\w/.]+\.\w+/g) ?? []);
  const places = assumptions.map(({ place }) => place.replace('nodes/ITeraBiz/', ''));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((place) => !places.includes(place))).toEqual([]);
});
