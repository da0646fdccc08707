/** `npm run sandbox`: a local iTeraBiz to try everything without an account. */
import { parseArgs } from 'node:util';
import { startServer } from './server.mts';
import { variants, type VariantName } from './variants.mts';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '4010' },
    quiet: { type: 'boolean', default: false },
    variant: { type: 'string', multiple: true, default: [] },
  },
});
const unknown = options.variant.find((name) => !(name in variants));
if (unknown !== undefined) {
  console.error(`There is no variant ${unknown}. There are: ${Object.keys(variants).join(', ')}.`);
  process.exit(1);
}

const server = await startServer({
  port: options.port,
  apiKey: process.env.SANDBOX_API_KEY,
  variants: options.variant as VariantName[],
  log: options.quiet ? () => undefined : (line) => console.log(line),
}).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});

async function stop(): Promise<void> {
  await server.close();
  process.exit(0);
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

console.log(`iTeraBiz sandbox. Everything is kept in memory and gone when it stops (Ctrl-C).

  Base URL  ${server.url}
  API key   ${server.apiKey}
  Admin     ${server.adminUrl}
`);
