/** `npm run dev`: what is changed in the sources is soon in the running n8n. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rebuildOnChange, reloadSettings } from '../../n8n/reload.mts';
import { type N8n, startN8n } from '../../n8n/server.mts';
import { until } from '../shared/until.mts';

const root = join(import.meta.dirname, '../..');

let copy: string;
let n8n: N8n;
let rebuilding: { stop(): Promise<void> };

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'sources-'));
  for (const name of [
    'package.json',
    'tsconfig.json',
    'gulpfile.js',
    'nodes',
    'credentials',
    'dist',
  ]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  n8n = await startN8n({ communityPackage: copy, env: reloadSettings });
  rebuilding = rebuildOnChange(n8n, copy);
});

afterAll(async () => {
  await rebuilding?.stop();
  await n8n?.stop();
  rmSync(copy, { recursive: true, force: true });
});

/** How the polling trigger is called in n8n, once it is called so, at most after a minute. */
async function nameReaching(wanted: string): Promise<unknown> {
  const name = async () => {
    // n8n's list of nodes cannot be read while n8n writes it anew.
    const [node] = await n8n.rest
      .nodeTypes('n8n-nodes-iterabiz.iTeraBizPollingTrigger')
      .catch(() => []);
    return node?.displayName;
  };
  return await until(`the node is called ${wanted}`, name, {
    isSo: (seen) => seen === wanted,
    seconds: 60,
    every: 500,
  });
}

function replaceInNode(before: string, after: string): void {
  const file = join(copy, 'nodes/ITeraBiz/ITeraBizPollingTrigger.node.ts');
  writeFileSync(file, readFileSync(file, 'utf8').replace(before, after));
}

test('a changed node is built and taken over, again and again', async () => {
  replaceInNode("displayName: 'iTeraBiz Polling Trigger'", "displayName: 'Once'");
  expect(await nameReaching('Once')).toBe('Once');
  replaceInNode("displayName: 'Once'", "displayName: 'Twice'");
  expect(await nameReaching('Twice')).toBe('Twice');
});
