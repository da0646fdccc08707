/**
 * Starts sandboxes in a process of their own and talks to their admin interface. For tests, demo and bench.
 * Loads only axios and Node's own modules, so that Jest (CommonJS) can import it.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import axios, { type AxiosError, type AxiosInstance } from 'axios';
import type { HostAnswer, HostRequest, ReadySandbox } from './host.mts';
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
}

export interface Sandbox {
  /** Base URL for the credential, e.g. http://127.0.0.1:41234/v1 */
  url: string;
  /** The file host that serves the videos, e.g. http://localhost:41235 */
  cdnUrl: string;
  apiKey: string;
  /** The process that runs all sandboxes of this one. */
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

  /** Stops it. With the last sandbox, waits until their process has exited, unless {@link keepProcess} was called. */
  stop(): Promise<void>;
}

interface Refusal {
  error: { message: string };
}

const ANSWER_TIMEOUT_MS = 60_000;

/** The process of the sandboxes, while there are any. */
let host: Host | undefined;

let isProcessKept = false;

/** From now on, the process of the sandboxes ends only with this one: to start it takes longer than most tests. */
export function keepProcess(): void {
  isProcessKept = true;
}

/**
 * Starts a sandbox on loopback and waits until it is ready.
 * @throws for unknown options and taken ports; with the error output if the process ends
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, apiKey: wantedKey, variants = [], ...settings } = options;
  const own = (host ??= new Host());
  const id = randomUUID();
  own.sandboxes.add(id);
  let isRunning = true;
  const stop = async () => {
    if (!isRunning) return;
    isRunning = false;
    await own.ask({ id }).catch(() => undefined);
    own.sandboxes.delete(id);
    if (own.sandboxes.size > 0 || isProcessKept) return;
    if (host === own) host = undefined;
    await own.end();
  };
  try {
    const { ready } = await own.ask({ id, start: { port, apiKey: wantedKey, variants } });
    const { url, cdnUrl, apiKey, adminUrl } = ready!;
    const admin = adminOf(adminUrl);
    await admin.patch('/settings', settings);
    return { url, cdnUrl, apiKey, pid: own.pid, ...commands(admin), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The process of the sandboxes, host.mts. */
class Host {
  readonly sandboxes = new Set<string>();

  private readonly child = fork(join(import.meta.dirname, 'host.mts'), {
    cwd: join(import.meta.dirname, '..'),
    execArgv: ['--import', 'tsx/esm'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });

  private errorOutput = '';

  constructor() {
    // Each sandbox waits for an answer of its own.
    this.child.setMaxListeners(0);
    this.child.stderr!.on('data', (chunk) => {
      this.errorOutput = (this.errorOutput + chunk).slice(-10_000);
    });
    this.child.once('exit', () => {
      if (host === this) host = undefined;
    });
    if (!isProcessKept) return;
    this.child.unref();
    this.child.channel!.unref();
    (this.child.stderr as Socket).unref();
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** @throws what host.mts says; with the error output if the process ends or does not answer in time */
  async ask(request: HostRequest): Promise<HostAnswer> {
    const { child } = this;
    return await new Promise((resolve, reject) => {
      const settle = (answer?: HostAnswer, why = answer?.error) => {
        clearTimeout(timeout);
        child.off('message', onMessage).off('close', onClose).off('error', onError);
        if (answer && why === undefined) resolve(answer);
        else reject(new Error(why));
      };
      const fail = (why: string) => settle(undefined, `The sandbox ${why}\n${this.errorOutput}`);
      const onMessage = (answer: HostAnswer) => void (answer.id === request.id && settle(answer));
      const onClose = (code: number, signal: string) => fail(`has ended (${signal ?? code})`);
      const onError = ({ message }: Error) => fail(`failed: ${message}`);
      const timeout = setTimeout(() => fail('did not answer in time'), ANSWER_TIMEOUT_MS);
      child.on('message', onMessage).on('close', onClose).on('error', onError);
      if (child.connected) child.send(request);
      else fail('has ended');
    });
  }

  async end(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const lastResort = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(lastResort);
  }
}

/** A client of the admin interface. It throws the sandbox's own error messages. */
function adminOf(adminUrl: string): AxiosInstance {
  const admin = axios.create({ baseURL: adminUrl, proxy: false });
  admin.interceptors.response.use(undefined, (error: AxiosError<Refusal>) => {
    throw new Error(error.response?.data?.error.message ?? error.message);
  });
  return admin;
}

function commands(admin: AxiosInstance): Omit<Sandbox, keyof ReadySandbox | 'pid' | 'stop'> {
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
