/**
 * The process of the sandboxes: starts and stops them as client.mts asks over the IPC channel. It ends with
 * its parent.
 */
import { type RunningServer, type ServerOptions, startServer } from './server.mts';

export type ReadySandbox = Omit<RunningServer, 'close'>;

/** To start a sandbox; without `start`, to stop it. */
export interface HostRequest {
  id: string;
  start?: Omit<ServerOptions, 'log'>;
}

/** Why it failed; `ready` once a sandbox has started. */
export interface HostAnswer {
  id: string;
  ready?: ReadySandbox;
  error?: string;
}

const running = new Map<string, RunningServer>();

process.on('message', async ({ id, start }: HostRequest) => {
  const answer: HostAnswer = { id };
  try {
    if (start) {
      const server = await startServer({ ...start, log: () => undefined });
      running.set(id, server);
      const { url, cdnUrl, adminUrl, apiKey } = server;
      answer.ready = { url, cdnUrl, adminUrl, apiKey };
    } else {
      await running.get(id)?.close();
      running.delete(id);
    }
  } catch (error) {
    answer.error = (error as Error).message;
  }
  process.send?.(answer);
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
