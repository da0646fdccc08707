import { join } from 'node:path';
import { cacheFolder, ensureN8n, installFolder, n8nVersion } from '../../../n8n/install.mts';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

test('the cache is where the person keeps caches', () => {
  process.env.XDG_CACHE_HOME = '/somewhere/caches';
  expect(cacheFolder()).toBe(join('/somewhere/caches', 'n8n-nodes-iterabiz'));
  expect(installFolder()).toMatch(/^\/somewhere\/caches\/n8n-nodes-iterabiz\/n8n-/);
});

test('the folder of an install tells its version and what it was made from', () => {
  expect(installFolder()).toMatch(new RegExp(`n8n-${n8nVersion()}-[0-9a-f]{12}$`));
});

test('N8N_BIN is used instead of an install', async () => {
  process.env.N8N_BIN = join(import.meta.dirname, 'install.test.mts');
  expect(await ensureN8n()).toMatchObject({ command: process.env.N8N_BIN, args: [] });
});

test('an N8N_BIN that is not there is named', async () => {
  process.env.N8N_BIN = '/nowhere/n8n';
  await expect(ensureN8n()).rejects.toThrow('N8N_BIN names a file that is not there: /nowhere/n8n');
});
