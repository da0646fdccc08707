/**
 * `npm run sandbox`: a local iTeraBiz to try everything without an account.
 * If client.mts starts it, it reports over the IPC channel and exits when its parent is gone.
 */
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
  port: Number(options.port),
  apiKey: process.env.SANDBOX_API_KEY,
  variants: options.variant as VariantName[],
  log: options.quiet ? () => undefined : (line) => console.log(line),
}).catch((error: NodeJS.ErrnoException) => {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${options.port} or the next one is taken. Choose another with --port.`,
    ERR_SOCKET_BAD_PORT: `--port takes a number from 0 to 65534, not ${options.port}.`,
  };
  const reason = reasons[error.code ?? ''] ?? error.stack;
  console.error(reason);
  process.exit(1);
});

async function stop(): Promise<void> {
  await server.close();
  process.exit(0);
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

if (process.send) {
  const { url, cdnUrl, adminUrl, apiKey } = server;
  process.once('disconnect', stop);
  process.send({ url, cdnUrl, adminUrl, apiKey });
} else {
  console.log(`iTeraBiz sandbox. Everything is kept in memory and gone when it stops (Ctrl-C).

  Base URL  ${server.url}
  API key   ${server.apiKey}
  Admin     ${server.adminUrl}
`);
}
