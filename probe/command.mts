/**
 * Finds out which of this package's assumptions about iTeraBiz hold, and reports where the code has to change
 * for those that do not.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { Contract } from './contract.mts';
import { HELP, type Options, readOptions } from './options.mts';
import { ProbeError } from './probeError.mts';
import { asJson, asMarkdown, onScreen, withoutSecrets } from './report.mts';

/**
 * Prints to the console and writes the report.
 *
 * @returns the exit code
 */
export async function command(
  args: string[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<number> {
  try {
    const options = readOptions(args, env);
    if (!options) console.log(HELP);
    else await main(options, signal);
    return 0;
  } catch (thrown) {
    const error = signal?.aborted ? signal.reason : thrown;
    // Never print the whole object: an HTTP client's error contains the key.
    const text =
      error instanceof ProbeError ? error.message : String((error as Error).stack ?? error);
    console.error(withoutSecrets(text, [env.ITERABIZ_API_KEY?.trim() ?? '']));
    return 1;
  }
}

async function main(options: Options, signal?: AbortSignal): Promise<void> {
  // n8n takes seconds to load. Until here, nothing needs it.
  const { endOf, probe } = await import('./run.mts');
  const contract = new Contract();
  const outcome = await probe(options, contract, {
    agree: async (what) => await agree(what, options, signal),
    onAnswer: (exchange) =>
      console.log(`${exchange.request}  ${endOf(exchange)}  ${exchange.ms} ms`),
    signal,
  });
  const redacted = (text: string) => withoutSecrets(text, outcome.secrets);
  console.log(`\n${redacted(onScreen(outcome))}\n`);
  await mkdir(options.out, { recursive: true });
  const report = join(options.out, 'probe.md');
  await writeFile(report, `${redacted(asMarkdown(outcome, contract))}\n`);
  await writeFile(join(options.out, 'probe.json'), `${redacted(asJson(outcome))}\n`);
  console.log(`The report is in ${relative('', report)}.`);
}

/** @throws {ProbeError} unless the user agrees */
async function agree(
  what: string,
  { baseUrl, spending }: Options,
  signal?: AbortSignal,
): Promise<void> {
  if (spending?.yes) return;
  const where = `${what}\nIt happens at ${baseUrl}, on the account of your API key.`;
  if (!process.stdin.isTTY) {
    throw new ProbeError(`${where} There is no terminal to ask in: add --yes to go ahead.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`\n${where}\nType yes to continue: `, {
    signal,
  });
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes') throw new ProbeError('Nothing was ordered.');
}
