import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { n8nVersion } from '../../../n8n/install.mts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const lock = read('n8n/package-lock.json') as {
  packages: Record<string, { version?: string; resolved?: string }>;
};

test('the embedded engine is the one of the n8n server that we run', () => {
  const { devDependencies } = read('package.json');
  expect(lock.packages['node_modules/n8n'].version).toBe(n8nVersion());
  for (const name of ['n8n-core', 'n8n-workflow', '@n8n/utils']) {
    expect({ name, version: devDependencies[name] }).toEqual({
      name,
      version: lock.packages[`node_modules/${name}`].version,
    });
  }
});

test('the lock file of the server names no registry', () => {
  const named = Object.values(lock.packages).filter(({ resolved }) => resolved);
  expect(Object.keys(lock.packages).length).toBeGreaterThan(2_000);
  expect(named).toEqual([]);
});
