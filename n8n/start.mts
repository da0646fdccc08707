/** `npm start`: n8n in the browser with our package, a local iTeraBiz, and the examples. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import axios from 'axios';
import { type Sandbox, startSandbox } from '../sandbox/client.mts';
import { cacheFolder, ensureN8n } from './install.mts';
import { freePort } from './processes.mts';
import { rebuildOnChange, reloadSettings } from './reload.mts';
import type { N8nRest } from './rest.mts';
import { makeOwner, type N8n, type Owner, startN8n } from './server.mts';

const { values: options } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    reload: { type: 'boolean', default: false },
  },
});

const CREDENTIAL = { name: 'iTeraBiz (sandbox)', type: 'iTeraBizApi' };
const examples = join(import.meta.dirname, '../examples');
const data = join(cacheFolder(), 'data');
const addressFile = join(data, 'address');
const ownerFile = join(data, 'owner.json');

const running: { stop(): Promise<void> }[] = [];
stopOnSignal();

await refuseToRunTwice();
if (options.fresh) rmSync(data, { recursive: true, force: true });
const firstTime = !existsSync(ownerFile);
mkdirSync(data, { recursive: true });
const owner = await ownerOfThisFolder();

console.log('Starting n8n and a local iTeraBiz …');
const sandbox = await startSandbox();
running.push(sandbox);
const n8n = await startN8n({
  folder: data,
  port: await freePort(5678),
  owner,
  env: options.reload ? reloadSettings : {},
});
running.push(n8n);
if (options.reload) running.push(rebuildOnChange(n8n));
writeFileSync(addressFile, n8n.url);
await giveCredential(n8n.rest, sandbox);
if (firstTime) await importExamples(n8n);
else await reregisterTriggers(n8n.rest);

console.log(`
  n8n       ${n8n.url}
  Email     ${owner.email}
  Password  ${owner.password}

  A sandbox on this computer stands in for iTeraBiz: nothing is sent, nothing is charged.
  Its address is ${sandbox.url}, its key is in the credential "${CREDENTIAL.name}".
  Your workflows are kept for next time; "npm start -- --fresh" starts over.
${options.reload ? '\n  Changes in nodes and credentials are built and loaded while it runs.' : ''}
  Press Ctrl-C to stop both.
`);

/** The same login at every start, because the browser remembers it. */
async function ownerOfThisFolder(): Promise<Owner> {
  const install = await ensureN8n();
  if (firstTime) writeFileSync(ownerFile, JSON.stringify(makeOwner(install)), { mode: 0o600 });
  return JSON.parse(readFileSync(ownerFile, 'utf8')) as Owner;
}

/** Two n8n processes on one SQLite file would corrupt it. */
async function refuseToRunTwice(): Promise<void> {
  const address = existsSync(addressFile) ? readFileSync(addressFile, 'utf8') : undefined;
  const answers = await axios.get(`${address}/healthz`, { proxy: false, timeout: 5_000 }).then(
    () => true,
    () => false,
  );
  if (answers) {
    console.error(`It is running already: ${address}. Stop it there with Ctrl-C first.`);
    process.exit(1);
  }
}

/** The sandbox has a new address and key at every start. */
async function giveCredential(rest: N8nRest, { apiKey, url }: Sandbox): Promise<void> {
  const { name, type } = CREDENTIAL;
  const existing = (await rest.credentials()).find(
    (credential) => credential.name === name && credential.type === type,
  );
  const content = { apiKey, baseUrl: url };
  if (existing) await rest.updateCredential(existing.id, name, type, content);
  else await rest.createCredential(name, type, content);
}

async function importExamples({ importWorkflow }: N8n): Promise<void> {
  const files = existsSync(examples) ? readdirSync(examples) : [];
  for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
    await importWorkflow(join(examples, file));
  }
}

/** The sandbox forgets its webhooks when it stops, and n8n does not check them when it starts. */
async function reregisterTriggers(rest: N8nRest): Promise<void> {
  for (const workflow of await rest.workflows()) {
    if (!workflow.active) continue;
    await rest.deactivate(workflow);
    await rest.activate(workflow);
  }
}

/** The first Ctrl-C stops everything in order; a second one exits at once, and guard.mjs ends the rest. */
function stopOnSignal(): void {
  let stoppedAt = 0;
  const stop = async () => {
    // npm, tsx and the terminal may each forward the same Ctrl-C.
    if (Date.now() - stoppedAt < 1_000) return;
    if (stoppedAt) process.exit(1);
    stoppedAt = Date.now();
    console.log('\nStopping … (Ctrl-C again to stop at once)');
    for (const service of running.reverse()) await service.stop();
    rmSync(addressFile, { force: true });
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  process.on('SIGHUP', () => void stop());
}
