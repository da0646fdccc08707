/**
 * `npm run demo`: turns a campaign from a spreadsheet into videos on disk. It runs n8n workflows with the
 * built package on n8n's own engine, against the sandbox or iTeraBiz itself.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { readCampaign, type Row } from './campaign.mts';
import { DemoError } from './demoError.mts';
import { HELP, type Options, readOptions } from './options.mts';
import { localService, realService } from './service.mts';
import { count, shortPath } from './text.mts';

const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort(new DemoError('Canceled.')));

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) console.log(HELP);
  else await demo(options);
} catch (error) {
  console.error(error instanceof DemoError ? error.message : error);
  process.exitCode = 1;
}

async function demo(options: Options): Promise<void> {
  const rows = readCampaign(await textOf(options.rows));
  console.log(`${count(rows.length, 'video')} from ${shortPath(options.rows)}`);
  if (options.real && !options.yes) await askBeforeSpending(rows, options.real.baseUrl);

  const storage = useTemporaryStorage();
  const service = options.real ? realService(options.real) : await localService();
  try {
    // Here, because it loads n8n, and that takes seconds.
    const { runCampaign } = await import('./run.mts');
    await runCampaign(rows, service, options, cancel.signal);
  } finally {
    await service.stop?.();
    rmSync(storage, { recursive: true, force: true });
  }
}

/** A temporary folder for n8n's files. Without an encryption key, n8n would create and announce one. */
function useTemporaryStorage(): string {
  process.env.N8N_USER_FOLDER = mkdtempSync(join(tmpdir(), 'iterabiz-demo-'));
  process.env.N8N_ENCRYPTION_KEY = randomBytes(16).toString('hex');
  return process.env.N8N_USER_FOLDER;
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new DemoError(`The file ${file} cannot be read (${error.code}).`);
  });
}

/** @throws {DemoError} unless the user agrees */
async function askBeforeSpending(rows: Row[], baseUrl: string): Promise<void> {
  const what = `This creates 1 avatar and ${count(rows.length, 'video')} at ${baseUrl}, on the account of your API key. They may cost money.`;
  if (!process.stdin.isTTY) {
    throw new DemoError(`${what} There is no terminal to ask in: add --yes to go ahead.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${what}\nType yes to continue: `, {
    signal: cancel.signal,
  });
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new DemoError('Nothing was sent.');
}
