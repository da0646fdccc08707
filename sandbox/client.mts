/**
 * Starts the sandbox in its own process and talks to its admin interface. For tests, demo and bench.
 * Loads only axios and Node's own modules, so that Jest (CommonJS) can import it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import axios, { type AxiosError, type AxiosInstance } from 'axios';
import type {
  Delivery,
  DeliveryAttempt,
  FailureReason,
  Fault,
  Hook,
  ManualEvent,
  SandboxSettings,
  SandboxStats,
  Video,
} from './types.mts';
import type { VariantName } from './variants.mts';

export type * from './types.mts';

export interface SandboxOptions extends Partial<SandboxSettings> {
  /** Default: a free port. */
  port?: number;
  /** Default: a random key. */
  apiKey?: string;
  /** How it differs from the assumptions in openapi.yaml. Default: not at all. */
  variants?: VariantName[];
  /** Print a line per request to this process's output. Default: off. */
  requestLog?: boolean;
}

export interface Sandbox {
  /** Base URL for the credential, e.g. http://127.0.0.1:41234/v1 */
  url: string;
  /** The file host that serves the videos, e.g. http://localhost:41235 */
  cdnUrl: string;
  apiKey: string;
  pid: number;

  stats(): Promise<SandboxStats>;
  /** Resets the counters. Videos, avatars, webhooks and faults stay. */
  resetStats(): Promise<void>;
  settings(changes: Partial<SandboxSettings>): Promise<void>;

  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;

  /** All videos, oldest first. */
  videos(): Promise<Video[]>;
  /** Adds videos without submitting them, finished unless `fields` says otherwise. Returns the oldest first. */
  addVideos(count: number, fields?: Partial<Video>): Promise<Video[]>;
  /** Completes these videos right away; without IDs, all that are still running. */
  finish(ids?: string | string[]): Promise<void>;
  /** Fails these videos right away. */
  fail(ids: string | string[], reason?: FailureReason): Promise<void>;
  /** Expires all download links issued so far. A video that is read again has a new one. */
  expireDownloads(): Promise<void>;
  /** Sets the size of every video file from now on, in bytes; `null` for the unchanged sample. */
  fileSize(bytes: number | null): Promise<void>;

  hooks(): Promise<Hook[]>;
  /** Deletes a webhook, as a user would in the dashboard. */
  dropHook(id: string): Promise<void>;
  deliveries(): Promise<Delivery[]>;
  /** Sends an event now and returns the receivers' responses. */
  sendEvent(event: ManualEvent): Promise<DeliveryAttempt[]>;

  /** Ends the process and waits until it has exited. */
  stop(): Promise<void>;
}

interface ReadyMessage {
  url: string;
  cdnUrl: string;
  adminUrl: string;
  apiKey: string;
}

interface Refusal {
  error: { message: string };
}

const projectRoot = join(import.meta.dirname, '..');
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a sandbox on loopback and waits until it is ready.
 * @throws for unknown options; with its error output if the process ends before it is ready
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, apiKey: wantedKey, requestLog = false, variants = [], ...settings } = options;
  const args = ['--port', String(port), ...variants.flatMap((name) => ['--variant', name])];
  const child = fork(join(import.meta.dirname, 'cli.mts'), args, {
    cwd: projectRoot,
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...(wantedKey && { SANDBOX_API_KEY: wantedKey }) },
    stdio: ['ignore', requestLog ? 'inherit' : 'ignore', 'pipe', 'ipc'],
  });
  try {
    const ready = await waitUntilReady(child);
    const admin = adminOf(ready);
    await admin.patch('/settings', settings);
    const { url, cdnUrl, apiKey } = ready;
    return { url, cdnUrl, apiKey, pid: child.pid!, ...commands(admin), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** A client of the admin interface. It throws the sandbox's own error messages. */
function adminOf({ adminUrl }: ReadyMessage): AxiosInstance {
  const admin = axios.create({ baseURL: adminUrl, proxy: false });
  admin.interceptors.response.use(undefined, (error: AxiosError<Refusal>) => {
    throw new Error(error.response?.data?.error.message ?? error.message);
  });
  return admin;
}

function commands(admin: AxiosInstance): Omit<Sandbox, keyof ReadyMessage | 'pid' | 'stop'> {
  const get = async <T,>(path: string): Promise<T> => (await admin.get<T>(path)).data;
  const post = async <T,>(path: string, body: object): Promise<T> =>
    (await admin.post<T>(path, body)).data;
  const remove = async (path: string): Promise<void> => void (await admin.delete(path));
  const settings = async (changes: Partial<SandboxSettings>): Promise<void> =>
    void (await admin.patch('/settings', changes));
  return {
    stats: () => get('/stats'),
    resetStats: () => remove('/stats'),
    settings,
    fault: (fault) => post('/faults', fault),
    clearFaults: () => remove('/faults'),
    videos: () => get('/videos'),
    addVideos: (count, fields = {}) => post('/videos', { count, fields }),
    finish: (ids) => post('/videos/finish', { ids: ids === undefined ? undefined : [ids].flat() }),
    fail: (ids, reason) => post('/videos/fail', { ids: [ids].flat(), reason }),
    expireDownloads: () => post('/downloads/expire', {}),
    fileSize: (fileBytes) => settings({ fileBytes }),
    hooks: () => get('/hooks'),
    dropHook: (id) => remove(`/hooks/${id}`),
    deliveries: () => get('/deliveries'),
    sendEvent: (event) => post('/events', event),
  };
}

function waitUntilReady(child: ChildProcess): Promise<ReadyMessage> {
  let errorOutput = '';
  child.stderr!.on('data', (chunk) => (errorOutput = (errorOutput + chunk).slice(-10_000)));
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The sandbox ${why}\n${errorOutput}`));
    const timeout = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS);
    child.once('message', (message) => resolve(message as ReadyMessage));
    child.once('message', () => clearTimeout(timeout));
    child.once('close', (code, signal) => fail(`ended at its start (${signal ?? code})`));
    child.once('close', () => clearTimeout(timeout));
    child.once('error', reject);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const lastResort = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(lastResort);
}
