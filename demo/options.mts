import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { DemoError } from './demoError.mts';

export const HELP = `npm run demo -- [options]

  --rows <file.csv>     the campaign; its columns: title, language, duration, script, prompt
  --out <folder>        where the videos go (default: demo/output)

By default, everything happens on this computer: a sandbox stands in for iTeraBiz, and nothing is
charged. To make the videos at iTeraBiz, with the API key in the environment variable ITERABIZ_API_KEY:

  --base-url <address>  as in https://api.iterabiz.com/v1
  --image-url <address> a picture of the face for the avatar that is created
  --voice-id <ID>       the avatar's voice, from your iTeraBiz dashboard
  --yes                 do not ask before paid videos are made`;

/** iTeraBiz itself, instead of the sandbox. */
export interface RealService {
  baseUrl: string;
  apiKey: string;
  imageUrl: string;
  voiceId: string;
}

export interface Options {
  rows: string;
  out: string;
  help: boolean;
  yes: boolean;
  /** Missing if the sandbox is used */
  real?: RealService;
}

/**
 * Parses the command line.
 *
 * @throws {DemoError} for unknown options, for a key on the command line, and for a missing option that the
 *   real service needs
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options {
  if (args.some((argument) => /^--?(api-?)?key\b/i.test(argument))) {
    throw new DemoError(
      'Others can read a key on the command line, and it stays in the history of your terminal. ' +
        'Put it into the environment variable ITERABIZ_API_KEY, and make a new key if this one was real.',
    );
  }
  const values = valuesOf(args);
  const {
    rows = join(import.meta.dirname, 'campaign.csv'),
    out = join(import.meta.dirname, 'output'),
  } = values;
  const { help = false, yes = false } = values;
  return { rows, out, help, yes, real: help ? undefined : realService(values, env) };
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rows: { type: 'string' },
        out: { type: 'string' },
        'base-url': { type: 'string' },
        'image-url': { type: 'string' },
        'voice-id': { type: 'string' },
        yes: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new DemoError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function realService(values: Values, env: NodeJS.ProcessEnv): RealService | undefined {
  const { 'base-url': baseUrl, 'image-url': imageUrl, 'voice-id': voiceId } = values;
  if (baseUrl === undefined) {
    if (imageUrl === undefined && voiceId === undefined) return undefined;
    throw new DemoError(
      '--image-url and --voice-id are for iTeraBiz itself: add --base-url https://api.iterabiz.com/v1',
    );
  }
  const apiKey = env.ITERABIZ_API_KEY?.trim();
  if (!apiKey) {
    throw new DemoError(
      'Put your API key, from your iTeraBiz dashboard, into the environment variable ITERABIZ_API_KEY.',
    );
  }
  if (!imageUrl || !voiceId) {
    throw new DemoError(
      'The demo creates an avatar. Name a picture of the face with --image-url and a voice with --voice-id.',
    );
  }
  return { baseUrl: baseUrl.replace(/\/+$/, ''), apiKey, imageUrl, voiceId };
}
