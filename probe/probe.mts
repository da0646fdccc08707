/** `npm run probe`. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { command } from './command.mts';
import { ProbeError } from './probeError.mts';

const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort(new ProbeError('Canceled.')));

// A temporary folder for n8n's files. Without an encryption key, n8n would create and announce one.
const storage = mkdtempSync(join(tmpdir(), 'iterabiz-probe-'));
process.env.N8N_USER_FOLDER = storage;
process.env.N8N_ENCRYPTION_KEY = randomBytes(16).toString('hex');
try {
  process.exitCode = await command(process.argv.slice(2), process.env, cancel.signal);
} finally {
  rmSync(storage, { recursive: true, force: true });
}
