/**
 * `npm run probe`: finds out which of this package's assumptions about iTeraBiz hold, and reports where the
 * code has to change for those that do not.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { Contract } from './contract.mts';
import { HELP, type Options, readOptions } from './options.mts';
import { ProbeError } from './probeError.mts';
import { asJson, asMarkdown, onScreen, withoutSecrets } from './report.mts';
import { endOf, probe } from './run.mts';

const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort(new ProbeError('Canceled.')));

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (!options) console.log(HELP);
  else await main(options);
} catch (thrown) {
  const error = cancel.signal.aborted ? cancel.signal.reason : thrown;
  // Never print the whole object: an HTTP client's error contains the key.
  const text =
    error instanceof ProbeError ? error.message : String((error as Error).stack ?? error);
  console.error(withoutSecrets(text, [process.env.ITERABIZ_API_KEY?.trim() ?? '']));
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  // A temporary folder for n8n's files. Without an encryption key, n8n would create and announce one.
  const storage = mkdtempSync(join(tmpdir(), 'iterabiz-probe-'));
  process.env.N8N_USER_FOLDER = storage;
  process.env.N8N_ENCRYPTION_KEY = randomBytes(16).toString('hex');
  try {
    const contract = new Contract();
    const outcome = await probe(options, contract, {
      agree: async (what) => await agree(what, options),
      onAnswer: (exchange) =>
        console.log(`${exchange.request}  ${endOf(exchange)}  ${exchange.ms} ms`),
      signal: cancel.signal,
    });
    const redacted = (text: string) => withoutSecrets(text, outcome.secrets);
    console.log(`\n${redacted(onScreen(outcome))}\n`);
    await mkdir(options.out, { recursive: true });
    const report = join(options.out, 'probe.md');
    await writeFile(report, `${redacted(asMarkdown(outcome, contract))}\n`);
    await writeFile(join(options.out, 'probe.json'), `${redacted(asJson(outcome))}\n`);
    console.log(`The report is in ${relative('', report)}.`);
  } finally {
    rmSync(storage, { recursive: true, force: true });
  }
}

/** @throws {ProbeError} unless the user agrees */
async function agree(what: string, { baseUrl, spending }: Options): Promise<void> {
  if (spending?.yes) return;
  const where = `${what}\nIt happens at ${baseUrl}, on the account of your API key.`;
  if (!process.stdin.isTTY) {
    throw new ProbeError(`${where} There is no terminal to ask in: add --yes to go ahead.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`\n${where}\nType yes to continue: `, {
    signal: cancel.signal,
  });
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new ProbeError('Nothing was ordered.');
}
