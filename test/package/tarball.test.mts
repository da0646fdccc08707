/** What users get: the archive that npm would publish, installed and loaded as n8n does it. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ICredentialType, INodeTypeDescription } from 'n8n-workflow';
import { pack, unpack } from '../../scripts/pack.mts';

const root = join(import.meta.dirname, '../..');
const shell = process.platform === 'win32';

let folder: string;
let archive: string;
let installed: string;
let manifest: Record<string, unknown>;
let loaded: { name: string; nodes: INodeTypeDescription[]; credentials: ICredentialType[] };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  archive = pack(folder);
  installed = install();
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  loaded = load();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Without the network, which also proves that there is nothing else to install. The folder has a
 * package.json of its own, as n8n's has; without one, npm installs into the nearest folder above.
 */
function install(): string {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  writeFileSync(join(empty, 'package.json'), '{ "private": true }');
  execFileSync(
    'npm',
    [
      'install',
      '--offline',
      '--legacy-peer-deps',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      archive,
    ],
    { cwd: empty, shell, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(empty, 'node_modules/n8n-nodes-iterabiz');
}

function load(): typeof loaded {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const script = join(import.meta.dirname, 'asN8nLoads.mts');
  const env = {
    ...process.env,
    NODE_PATH: join(root, 'node_modules'),
    N8N_USER_FOLDER: join(folder, 'user'),
  };
  const output = execFileSync(process.execPath, [tsx, script, installed], {
    env,
    encoding: 'utf8',
    maxBuffer: 10 * 2 ** 20,
  });
  return JSON.parse(output);
}

function filesIn(top: string): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(top, join(parentPath, name)).replaceAll('\\', '/'));
}

test('the archive holds the built sources, four documents, and nothing else', () => {
  const built = ['nodes', 'credentials'].flatMap((room) =>
    filesIn(join(root, room)).map((file) => `dist/${room}/${file.replace(/\.ts$/, '.js')}`),
  );
  const documents = ['CHANGELOG.md', 'LICENSE.md', 'README.md', 'package.json'];
  expect(filesIn(unpack(archive, folder)).sort()).toEqual([...built, ...documents].sort());
});

test('it is the only thing in the folder it was installed into', () => {
  expect(readdirSync(join(installed, '..')).filter((name) => !name.startsWith('.'))).toEqual([
    'n8n-nodes-iterabiz',
  ]);
});

test('its package.json is what n8n asks of a verified package', () => {
  expect(manifest).toMatchObject({
    name: 'n8n-nodes-iterabiz',
    license: 'MIT',
    keywords: expect.arrayContaining(['n8n-community-node-package']),
    peerDependencies: { 'n8n-workflow': '*' },
    n8n: { n8nNodesApiVersion: 1, strict: true },
    author: { name: expect.any(String), email: expect.stringContaining('@') },
    homepage: expect.stringMatching(/^https:/),
    repository: { type: 'git', url: expect.stringMatching(/^git\+https:/) },
  });
  for (const field of ['dependencies', 'optionalDependencies', 'bundleDependencies', 'overrides']) {
    expect(manifest).not.toHaveProperty(field);
  }
});

test('no script waits for npm to run it by itself: our .npmrc forbids that, and n8n does too', () => {
  const byItself = Object.keys(manifest.scripts as object).filter((name) =>
    /^(pre|post|install$|prepare$)/.test(name),
  );
  expect(byItself).toEqual([]);
});

test('its changelog knows its version', () => {
  const changelog = readFileSync(join(installed, 'CHANGELOG.md'), 'utf8');
  expect(changelog).toContain(`## [${manifest.version}]`);
});

test('n8n finds three nodes and one credential in it', () => {
  expect(loaded.name).toBe('n8n-nodes-iterabiz');
  expect(loaded.nodes.map(({ name }) => name).sort()).toEqual([
    'iTeraBiz',
    'iTeraBizPollingTrigger',
    'iTeraBizTrigger',
  ]);
  expect(loaded.credentials.map(({ name }) => name)).toEqual(['iTeraBizApi']);
});

test('every node and the credential has a light and a dark icon', () => {
  for (const { name, iconUrl } of [...loaded.nodes, ...loaded.credentials]) {
    const { light, dark } = iconUrl as { light: string; dark: string };
    expect([name, light === dark]).toEqual([name, false]);
    for (const url of [light, dark]) {
      // n8n makes the URL from the package's name and the file's place in it.
      const file = join(installed, url.replace('icons/n8n-nodes-iterabiz/', ''));
      expect([file, existsSync(file)]).toEqual([file, true]);
    }
  }
});

test('every node can be found by its category and by what people search for', () => {
  for (const { name, codex } of loaded.nodes) {
    expect([name, codex?.categories]).toEqual([name, ['Marketing & Content']]);
    expect([name, codex?.alias]).toEqual([name, expect.arrayContaining(['avatar', 'video'])]);
    const [documentation] = codex?.resources?.primaryDocumentation ?? [];
    expect([name, documentation?.url]).toEqual([name, expect.stringMatching(/^https:/)]);
  }
});

test('every operation shows what comes out of it before it has run', () => {
  const node = loaded.nodes.find(({ name }) => name === 'iTeraBiz')!;
  const operations = node.properties
    .filter(({ name }) => name === 'operation')
    .flatMap(({ displayOptions, options }) =>
      (options as { value: string }[]).map(
        ({ value }) => `${displayOptions?.show?.resource?.[0]}/${value}`,
      ),
    );
  expect(operations).toHaveLength(7);
  for (const operation of operations) {
    const file = join(installed, `dist/nodes/ITeraBiz/__schema__/v1.0.0/${operation}.json`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ type: 'object' });
  }
});
