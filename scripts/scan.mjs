// n8n's own scanner, as n8n runs it on a published package: the full rules on the sources, the rules for
// compiled code on the archive. The scanner does not set an exit code, so this script does.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  analyzePackage,
  SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';
import { pack, unpack } from './pack.mts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'scan-'));

/** @param {string} what @param {string} where @param {string[]} patterns */
async function scan(what, where, patterns) {
  const { passed, message, details } = await analyzePackage(where, patterns);
  // If the scanner finds no files, it passes with a message.
  const clean = passed && !message;
  console.log(`${clean ? 'Clean' : 'NOT CLEAN'}: ${what}`);
  if (!clean) {
    console.log(details ?? message);
    process.exitCode = 1;
  }
}

try {
  await scan('sources', root, SOURCE_FILE_PATTERNS);
  await scan('archive', unpack(pack(folder), folder), ['**/*.js', 'package.json']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
