import { modulesOf, shipped, sourceOf } from './modules.mts';

/** What shipped code may load besides its own files: n8n brings the first, Node the second. */
const ALLOWED = ['n8n-workflow', 'crypto'];

const strange = (source: string) =>
  modulesOf(source)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !ALLOWED.includes(name));

test.each(shipped)('%s loads nothing but n8n-workflow, crypto and its own package', (path) => {
  expect(strange(sourceOf(path))).toEqual([]);
});

test('There is something to check', () => {
  expect(shipped.length).toBeGreaterThan(20);
});

test.each([
  ["import axios from 'axios';", 'axios'],
  ["import type { A } from 'axios';", 'axios'],
  ["export * from 'axios';", 'axios'],
  ["import 'axios';", 'axios'],
  ["const a = require('axios');", 'axios'],
  ["import a = require('axios');", 'axios'],
  ["const a = () => import('axios');", 'axios'],
  ["type A = import('axios').A;", 'axios'],
  ["import { readFile } from 'node:fs';", 'node:fs'],
  ['require(name);', 'something computed'],
])('%s would be found', (source, name) => {
  expect(strange(source)).toEqual([name]);
});

test('The package has no runtime dependencies', () => {
  const manifest = JSON.parse(sourceOf('package.json'));
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
});
