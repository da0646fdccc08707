/** n8n in queue mode: real Redis and PostgreSQL, one main process, workers, one or two webhook processes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { placeCommunityPackage } from './community.mts';
import { ensureN8n } from './install.mts';
import { freePort, type OwnedProcess, startProcess, waitUntil } from './processes.mts';
import { N8nRest } from './rest.mts';
import { mainSettings, makeOwner, type N8nProcess, type Owner, runN8n } from './server.mts';

export interface QueueModeOptions {
  /** Default 2. */
  workers?: number;
  /** How many executions a worker runs at the same time. Default 5. */
  concurrency?: number;
  /** Run two webhook processes behind the load balancer, as in docker-compose.yml. Default: one, without. */
  balanced?: boolean;
  /** Folder of the built community package to load. Default: this project. */
  communityPackage?: string;
}

export interface QueueMode {
  /** Of the main process, which serves the editor. */
  readonly url: string;
  /** The base URL of webhooks. */
  readonly webhookUrl: string;
  readonly owner: Owner;
  readonly rest: N8nRest;
  readonly main: N8nProcess;
  readonly workers: N8nProcess[];
  readonly webhooks: N8nProcess[];
  stop(): Promise<void>;
}

/** The programs that this machine lacks for queue mode, in words. `undefined` if it has them all. */
export function missingForQueueMode({ balanced = false } = {}): string | undefined {
  const isThere = (program: string, flag = '--version') => spawnSync(program, [flag]).status === 0;
  const lacks = [
    balanced && !isThere('haproxy', '-v') && 'HAProxy',
    !isThere('redis-server') && 'Redis',
    !isThere(join(postgresFolder(), 'initdb')) && 'PostgreSQL',
  ].filter((name) => name !== false);
  return lacks.length > 0 ? lacks.join(' and ') : undefined;
}

/**
 * @throws if Redis or PostgreSQL is not installed; with the end of its log, if a process does not start.
 *   Everything already started is then stopped
 */
export async function startQueueMode(options: QueueModeOptions = {}): Promise<QueueMode> {
  const folder = mkdtempSync(join(tmpdir(), 'n8n-queue-'));
  chmodSync(folder, 0o755); // PostgreSQL's user needs access
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const service of started.splice(0).reverse()) await service.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const run = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const service = await starting;
    started.push(service);
    return service;
  };
  try {
    const install = await ensureN8n();
    const owner = makeOwner(install);
    const userFolder = join(folder, 'n8n');
    mkdirSync(userFolder);
    await placeCommunityPackage(userFolder, options.communityPackage);
    const redis = await run(startRedis(folder));
    const postgres = await run(startPostgres(folder));

    const [port, webhookPort] = [await freePort(), await freePort()];
    const webhookUrl = `http://127.0.0.1:${webhookPort}`;
    const shared = sharedSettings(redis.port, postgres.port, webhookUrl);
    const n8n = (name: string, args: string[], at: number, env: Record<string, string>) =>
      run(
        runN8n(install, {
          args,
          folder: userFolder,
          log: join(folder, `${name}.log`),
          port: at,
          env: { ...shared, ...env },
        }),
      );

    // The main process first: it prepares the database.
    const main = await n8n('main', ['start'], port, mainSettings(owner, port));
    const workers: N8nProcess[] = [];
    for (let i = 0; i < (options.workers ?? 2); i++) {
      const at = await freePort();
      workers.push(
        await n8n(`worker-${i + 1}`, ['worker', `--concurrency=${options.concurrency ?? 5}`], at, {
          QUEUE_HEALTH_CHECK_PORT: String(at),
        }),
      );
    }
    const ports = options.balanced ? [await freePort(), await freePort()] : [webhookPort];
    const webhooks: N8nProcess[] = [];
    for (const [i, at] of ports.entries()) {
      webhooks.push(await n8n(`webhook-${i + 1}`, ['webhook'], at, { N8N_PORT: String(at) }));
    }
    if (options.balanced) await run(startBalancer(folder, webhookPort, ports));
    const url = `http://127.0.0.1:${port}`;
    const rest = await N8nRest.signIn(url, owner.email, owner.password);
    return { url, webhookUrl, owner, rest, main, workers, webhooks, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Environment variables of all n8n processes. */
function sharedSettings(
  redisPort: number,
  postgresPort: number,
  webhookUrl: string,
): Record<string, string> {
  const file = join(import.meta.dirname, 'queue-mode.env');
  return {
    ...(parseEnv(readFileSync(file, 'utf8')) as Record<string, string>),
    DB_POSTGRESDB_HOST: '127.0.0.1',
    DB_POSTGRESDB_PORT: String(postgresPort),
    QUEUE_BULL_REDIS_HOST: '127.0.0.1',
    QUEUE_BULL_REDIS_PORT: String(redisPort),
    N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
    N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
    WEBHOOK_URL: webhookUrl,
  };
}

interface Service {
  port: number;
  stop(): Promise<void>;
}

async function startRedis(folder: string): Promise<Service> {
  const port = await freePort();
  const dir = join(folder, 'redis');
  mkdirSync(dir);
  const redis = startProcess(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
    { cwd: dir, log: join(folder, 'redis.log'), env: { PATH: process.env.PATH } },
  );
  await waitUntil('Redis', redis, () => listens(port));
  return { port, stop: () => redis.end() };
}

/**
 * The load balancer, with the same configuration as in docker-compose.yml.
 *
 * @param webhookPorts of the two webhook processes
 */
export async function startBalancer(
  folder: string,
  port: number,
  webhookPorts: number[],
): Promise<Service> {
  const address = (localPort: number) => `127.0.0.1:${localPort}`;
  const balancer = startProcess(
    'haproxy',
    ['-db', '-f', join(import.meta.dirname, 'haproxy.cfg')],
    {
      cwd: folder,
      log: join(folder, 'haproxy.log'),
      env: {
        PATH: process.env.PATH,
        BALANCER_BIND: address(port),
        BALANCER_WEBHOOK_1: address(webhookPorts[0]),
        BALANCER_WEBHOOK_2: address(webhookPorts[1]),
      },
    },
  );
  await waitUntil('HAProxy', balancer, () => listens(port));
  return { port, stop: () => balancer.end() };
}

/** PostgreSQL refuses to run as root, so root starts it as the user that its Debian package creates. */
async function startPostgres(folder: string): Promise<Service> {
  const bin = postgresFolder();
  const user = process.getuid?.() === 0 ? userIds('postgres') : undefined;
  const port = await freePort();
  const dir = join(folder, 'postgres');
  mkdirSync(dir);
  if (user) chownSync(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  // n8n gives times in UTC, but without saying so.
  const options = { cwd: dir, env: { PATH: process.env.PATH, TZ: 'UTC' }, ...user };
  // Open to every user of this machine: it exists for a test and holds nothing of value.
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'n8n', '-A', 'trust', '-E', 'UTF8'], {
    ...options,
    stdio: 'pipe',
  });
  const postgres: OwnedProcess = startProcess(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', dir, '-N', '200'],
    { cwd: dir, log: join(folder, 'postgres.log'), env: options.env, user },
  );
  await waitUntil('PostgreSQL', postgres, async () => {
    try {
      execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]);
      return true;
    } catch {
      return false;
    }
  });
  execFileSync(join(bin, 'createdb'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'n8n', 'n8n']);
  return { port, stop: () => postgres.end() };
}

/** Debian keeps the server's programs in a folder per version, outside the PATH. */
function postgresFolder(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => +a - +b) : [];
  const newest = versions.at(-1);
  return newest ? join(debian, newest, 'bin') : '';
}

function userIds(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}
