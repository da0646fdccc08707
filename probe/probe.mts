/**
 * `npm run probe`: asks iTeraBiz which assumptions of this package hold, and says where the code has
 * to change for those that do not.
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
  // As a whole, an error of an HTTP client has the key in it.
  const told =
    error instanceof ProbeError ? error.message : String((error as Error).stack ?? error);
  console.error(withoutSecrets(told, [process.env.ITERABIZ_API_KEY?.trim() ?? '']));
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  // n8n keeps its files in a folder that goes away, under a key that it would otherwise announce.
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
    const shown = (text: string) => withoutSecrets(text, outcome.secrets);
    console.log(`\n${shown(onScreen(outcome))}\n`);
    await mkdir(options.out, { recursive: true });
    const report = join(options.out, 'probe.md');
    await writeFile(report, `${shown(asMarkdown(outcome, contract))}\n`);
    await writeFile(join(options.out, 'probe.json'), `${shown(asJson(outcome))}\n`);
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
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await dialogue.question(`\n${where}\nType yes to continue: `, {
    signal: cancel.signal,
  });
  dialogue.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new ProbeError('Nothing was ordered.');
}
