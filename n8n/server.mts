/** The real n8n server, without a browser: for `npm start`, the end-to-end tests and the bench. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axios from 'axios';
import { placeCommunityPackage } from './community.mts';
import { ensureN8n, type N8nInstall } from './install.mts';
import { freePort, type OwnedProcess, startProcess, waitUntil } from './processes.mts';
import { type Json, N8nRest, type Workflow } from './rest.mts';
import { quietAndLocal } from './settings.mts';

/** The owner's login. n8n creates the account when it starts, so that no user has to sign up. */
export interface Owner {
  email: string;
  password: string;
  /** bcrypt. Sessions end if it changes, so keep it as long as the account. */
  passwordHash: string;
}

export interface N8nOptions {
  /** n8n's user folder, kept when n8n stops. Default: a temporary one, deleted at the end. */
  folder?: string;
  /** Default: a free port. */
  port?: number;
  /** Default: an owner with a random password. */
  owner?: Owner;
  /** Further environment variables of n8n, e.g. the database. */
  env?: Record<string, string>;
  /** Folder of the built community package to load. Default: this project. */
  communityPackage?: string;
}

/** A process of n8n. */
export interface N8nProcess {
  readonly pid: number;
  /** The file with its output. */
  readonly log: string;
  /** Hard stop: it has no time to save anything. */
  kill(): Promise<void>;
  /** Starts it again with the same folder and port, whether it is running, was stopped or was killed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** An exported workflow. */
export interface WorkflowFile extends Json {
  nodes: (Json & {
    parameters: Json;
    credentials?: Record<string, { id: string; name: string }>;
  })[];
}

/** A running n8n with our package, and its owner signed in. */
export interface N8n extends N8nProcess {
  /** e.g. http://127.0.0.1:5678 */
  readonly url: string;
  readonly owner: Owner;
  readonly folder: string;
  readonly rest: N8nRest;
  /**
   * Imports a workflow file and replaces its credentials with this n8n's own of the same type.
   *
   * @param change edits the workflow before the import
   */
  importWorkflow(file: string, change?: (workflow: WorkflowFile) => void): Promise<Workflow>;
}

/** @throws with the end of n8n's log, if it does not start within three minutes */
export async function startN8n(options: N8nOptions = {}): Promise<N8n> {
  const install = await ensureN8n();
  const owner = options.owner ?? makeOwner(install);
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'n8n-'));
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(folder, { recursive: true });
  await placeCommunityPackage(folder, options.communityPackage);
  const main = await runN8n(install, {
    args: ['start'],
    folder,
    log: join(folder, 'n8n.log'),
    port,
    env: { ...mainSettings(owner, port), ...options.env },
  });
  const rest = await N8nRest.signIn(url, owner.email, owner.password).catch(async (error) => {
    await main.stop();
    throw error;
  });
  return {
    url,
    owner,
    folder,
    rest,
    log: main.log,
    get pid() {
      return main.pid;
    },
    importWorkflow: (file, change) => importWorkflow(rest, file, change),
    kill: () => main.kill(),
    restart: () => main.restart(),
    async stop() {
      await main.stop();
      if (!options.folder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts a process of n8n and waits until it is ready.
 *
 * @param options.args `start`, `worker` or `webhook`, and its flags
 * @param options.port of its readiness check
 */
export async function runN8n(
  install: N8nInstall,
  options: {
    args: string[];
    folder: string;
    log: string;
    port: number;
    env: Record<string, string>;
  },
): Promise<N8nProcess> {
  const { args, folder, log, port } = options;
  const env = {
    ...quietAndLocal,
    ...install.env,
    HOME: folder,
    N8N_USER_FOLDER: folder,
    N8N_RUNNERS_BROKER_PORT: String(await freePort()),
    ...options.env,
  };
  const start = async () => {
    // n8n reads .env from its working folder, which must not be the developer's project.
    const started = startProcess(install.command, [...install.args, ...args], {
      cwd: folder,
      log,
      env,
    });
    // The main process of older versions reports ready before its routes exist.
    const paths =
      args[0] === 'start' ? ['healthz/readiness', 'rest/settings'] : ['healthz/readiness'];
    for (const path of paths) await waitUntilReady(`n8n ${args[0]}`, started, port, path);
    return started;
  };
  let running = await start();
  return {
    log,
    get pid() {
      return running.pid;
    },
    kill: () => running.end('SIGKILL'),
    async restart() {
      await running.end();
      running = await start();
    },
    stop: () => running.end(),
  };
}

/** Environment variables of the process that serves the editor. */
export function mainSettings(owner: Owner, port: number): Record<string, string> {
  return {
    N8N_HOST: '127.0.0.1',
    N8N_PORT: String(port),
    N8N_INSTANCE_OWNER_MANAGED_BY_ENV: 'true',
    N8N_INSTANCE_OWNER_EMAIL: owner.email,
    N8N_INSTANCE_OWNER_FIRST_NAME: 'Local',
    N8N_INSTANCE_OWNER_LAST_NAME: 'Owner',
    N8N_INSTANCE_OWNER_PASSWORD_HASH: owner.passwordHash,
  };
}

export function makeOwner(install: N8nInstall): Owner {
  const { hashSync } = install.require('bcryptjs') as { hashSync(text: string): string };
  // n8n requires a digit and a capital letter.
  const password = `Local1-${randomBytes(9).toString('base64url')}`;
  return { email: 'owner@example.com', password, passwordHash: hashSync(password) };
}

async function waitUntilReady(
  what: string,
  process: OwnedProcess,
  port: number,
  path: string,
): Promise<void> {
  const http = axios.create({ proxy: false, timeout: 5_000 });
  await waitUntil(what, process, () =>
    http.get(`http://127.0.0.1:${port}/${path}`).then(
      () => true,
      () => false,
    ),
  );
}

async function importWorkflow(
  rest: N8nRest,
  file: string,
  change?: (workflow: WorkflowFile) => void,
): Promise<Workflow> {
  const workflow = JSON.parse(readFileSync(file, 'utf8')) as WorkflowFile;
  change?.(workflow);
  const available = await rest.credentials();
  for (const { credentials = {} } of workflow.nodes) {
    for (const type of Object.keys(credentials)) {
      const match = available.find((credential) => credential.type === type);
      if (match) credentials[type] = { id: match.id, name: match.name };
    }
  }
  return rest.createWorkflow(workflow);
}
