import { parseArgs } from 'node:util';

import { ProbeError } from './probeError.mts';

export const HELP = `npm run probe -- [options]

Asks iTeraBiz which assumptions of this package hold, with the API key in the environment variable
ITERABIZ_API_KEY. It only reads, about twenty times, and writes reports/probe.md and probe.json.

  --base-url <address>     where the API is (default: https://api.iterabiz.com/v1)
  --out <folder>           where the report goes (default: reports)

  --spend                  also order one short video and watch it (asks you first)
  --avatar-id <ID>         the avatar for it (default: the first in the account)
  --idempotency            order it twice with one Idempotency-Key: you may get two videos
  --webhook-url <address>  register this webhook for the run, and remove it afterward. The address
                           has to lead to --webhook-port on this computer, as through a tunnel
  --webhook-port <number>  where to listen for events (default: 4020)
  --yes                    do not ask before a video is ordered`;

/** What to create at iTeraBiz. Only with --spend. */
export interface Spending {
  avatarId?: string;
  idempotency: boolean;
  webhook?: { url: string; port: number };
  /** Do not ask for confirmation */
  yes: boolean;
}

export interface Options {
  baseUrl: string;
  apiKey: string;
  out: string;
  spending?: Spending;
}

/**
 * Parses the command line. `undefined` if the user asks for help.
 *
 * @throws {ProbeError} for invalid options, for a key on the command line, and without a key
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | undefined {
  if (args.some((argument) => /^--?(api-?)?key\b/i.test(argument))) {
    throw new ProbeError(
      'Others can read a key on the command line, and it stays in the history of your terminal. ' +
        'Put it into the environment variable ITERABIZ_API_KEY, and make a new key if this one was real.',
    );
  }
  const values = valuesOf(args);
  if (values.help) return undefined;
  const apiKey = env.ITERABIZ_API_KEY?.trim();
  if (!apiKey) {
    throw new ProbeError(
      'Put your API key, from your iTeraBiz dashboard, into the environment variable ITERABIZ_API_KEY.',
    );
  }
  const spending = spendingOf(values);
  return { baseUrl: values['base-url'], apiKey, out: values.out, spending };
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        'base-url': { type: 'string', default: 'https://api.iterabiz.com/v1' },
        out: { type: 'string', default: 'reports' },
        spend: { type: 'boolean', default: false },
        'avatar-id': { type: 'string' },
        idempotency: { type: 'boolean', default: false },
        'webhook-url': { type: 'string' },
        'webhook-port': { type: 'string', default: '4020' },
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new ProbeError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function spendingOf(values: Values): Spending | undefined {
  const { idempotency, yes, 'avatar-id': avatarId, 'webhook-url': url } = values;
  if (!values.spend) {
    const [needless] = Object.entries({ idempotency, 'avatar-id': avatarId, 'webhook-url': url })
      .filter(([, value]) => value)
      .map(([name]) => name);
    if (needless === undefined) return undefined;
    throw new ProbeError(`--${needless} needs --spend, since it makes something at iTeraBiz.`);
  }
  const port = Number(values['webhook-port']);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ProbeError(`--webhook-port takes a number, not ${values['webhook-port']}.`);
  }
  if (url !== undefined && !/^https?:\/\/./i.test(url)) {
    throw new ProbeError('--webhook-url takes a web address, as in https://example.com/hook');
  }
  return { avatarId, idempotency, yes, webhook: url === undefined ? undefined : { url, port } };
}
