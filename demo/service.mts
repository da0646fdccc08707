import { startSandbox } from '../sandbox/client.mts';
import type { RealService } from './options.mts';

/** The iTeraBiz that the demo talks to. */
export interface Service extends RealService {
  /** How often the node asks whether videos are finished, in seconds */
  pollInterval: number;
  /** Stops what was started for the demo */
  stop?(): Promise<void>;
}

export function realService(real: RealService): Service {
  return { ...real, pollInterval: 10 };
}

/**
 * A sandbox for the demo. Like a busy service, it takes a moment to accept each video, so that they finish
 * one after the other. It fails videos whose script says so.
 */
export async function localService(): Promise<Service> {
  const sandbox = await startSandbox({ queuedMs: 1_000, processingMs: 3_000 });
  await sandbox.fault({ on: 'POST /videos', type: 'delay', ms: 1_000, times: 'always' });
  await sandbox.fault({
    on: 'POST /videos',
    type: 'failVideo',
    containing: 'fails on purpose',
    times: 'always',
    code: 'script_rejected',
    message: 'The script promises too much',
  });
  return {
    baseUrl: sandbox.url,
    apiKey: sandbox.apiKey,
    imageUrl: 'https://example.com/anna.jpg',
    voiceId: 'voice_anna',
    pollInterval: 2,
    stop: sandbox.stop,
  };
}
