import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Bench, inTurns, measure } from '../measure.mts';
import { type CaseResult, figure } from '../results.mts';

const OURS = 'n8n-nodes-iterabiz';

/** Well-known community nodes, and the one that is nearest to ours. */
const OTHERS = {
  'n8n-nodes-evolution-api': '1.0.4',
  'n8n-nodes-mcp': '0.1.37',
  '@mendable/n8n-nodes-firecrawl': '2.1.2',
  '@heygenofficial/n8n-nodes-heygen-official': '0.1.9',
};

const projectRoot = join(import.meta.dirname, '../../..');

interface Packed {
  size: number;
  unpackedSize: number;
  entryCount: number;
}

/** What a package weighs, and how long its nodes take to load. */
export async function footprint(bench: Bench): Promise<CaseResult> {
  bench.say('Footprint, against community nodes from the registry');
  const folder = mkdtempSync(join(tmpdir(), 'iterabiz-footprint-'));
  try {
    const specs = Object.entries(OTHERS).map(([name, version]) => `${name}@${version}`);
    // n8n brings its own modules, so those that are peers are left out. npm would look for a package
    // above the folder, had it none of its own.
    await npm(
      [
        'install',
        '--prefix',
        folder,
        '--no-save',
        '--legacy-peer-deps',
        '--no-audit',
        '--no-fund',
        ...specs,
      ],
      folder,
    );
    const names = [OURS, ...Object.keys(OTHERS)];
    const folderOf = (name: string) =>
      name === OURS ? projectRoot : join(folder, 'node_modules', name);
    const packed = await Promise.all(names.map(async (name) => await pack(folderOf(name))));
    const loads = await inTurns(
      names,
      bench.quick ? 1 : 3,
      async (name) => await measure(bench, { kind: 'load', folder: folderOf(name) }),
    );
    const lines = names.map((name, index) => ({
      way: name === OURS ? name : `${name} ${OTHERS[name as keyof typeof OTHERS]}`,
      cells: [
        packed[index].size / 1_000,
        packed[index].unpackedSize / 1_000,
        packed[index].entryCount,
        figure(loads[name].map(({ ms }) => ms)),
        figure(loads[name].map(({ keptMb }) => keptMb)),
      ],
    }));
    return {
      sections: [
        {
          title: 'Footprint',
          note: `The others' dependencies are not in their packages; together they bring ${filesUnder(join(folder, 'node_modules'))} files. Ours has none.`,
          columns: [
            'packed (kB)',
            'unpacked (kB)',
            'files',
            'loading its nodes (ms)',
            'memory they keep (MB)',
          ],
          lines,
        },
      ],
      ratios: lines.slice(1).map(({ way, cells }) => ({
        what: 'Loading the nodes (ms)',
        ours: lines[0].cells[3],
        instead: cells[3],
        insteadOf: way,
      })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function npm(args: string[], cwd: string): Promise<string> {
  const windows = process.platform === 'win32';
  const { stdout } = await promisify(execFile)(
    windows ? 'npm.cmd' : 'npm',
    [...args, '--ignore-scripts', '--loglevel=error'],
    { cwd, shell: windows, maxBuffer: 50 * 2 ** 20 },
  );
  return stdout;
}

async function pack(folder: string): Promise<Packed> {
  const [packed] = JSON.parse(await npm(['pack', '--dry-run', '--json'], folder)) as [Packed];
  return packed;
}

function filesUnder(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const path = join(folder, name);
    return sum + (statSync(path).isDirectory() ? filesUnder(path) : 1);
  }, 0);
}
